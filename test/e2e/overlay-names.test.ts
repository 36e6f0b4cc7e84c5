// Names over several hosts: one view from a container on any of them, which follows what moves within a second.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { TestCluster, type TestNode } from '../support/cluster.ts';
import { until } from '../support/daemon.ts';

let cluster: TestCluster;
/** One asker on each host. */
const askers: { readonly node: TestNode; readonly id: string }[] = [];

const CREATE = ['service', 'create', '--detach', '--no-resolve-image', '--stop-grace-period', '1s'];
const SLEEP = ['busybox', 'sleep', '1000'];

before(async () => {
  cluster = await TestCluster.start(2);
  await cluster.form(1);
  await cluster.node(1).docker('network', 'create', '-d', 'overlay', '--attachable', 'front');
  for (const node of cluster.nodes) {
    const id = (await node.docker('run', '-d', '--network', 'front', '--stop-timeout', '0', ...SLEEP)).trim();
    askers.push({ node, id });
  }
});

after(() => cluster[Symbol.asyncDispose]());

/** What the resolver says to an asker: data of the answers, sorted; NXDOMAIN for a name that nobody has. */
async function look({ node, id }: (typeof askers)[number], type: string, name: string): Promise<string[]> {
  const { stdout } = await node.try(
    'exec',
    id,
    'nslookup',
    ...(type === 'ptr' ? [] : [`-type=${type}`]),
    name,
    '127.0.0.11',
  );
  const answers = stdout.split('\n').flatMap((line) => {
    const [, text = ''] = /^(?:Address: |\S+\s+name = |\S+\s+service = )(.*)$/.exec(line) ?? [];
    return text === '' || text.startsWith('127.') ? [] : [text.trim()];
  });
  return answers.sort();
}

async function addressesOf(service: string): Promise<string[]> {
  const tasks = await cluster
    .node(1)
    .json<{ DesiredState: string; Status: { State: string }; NetworksAttachments?: { Addresses: string[] }[] }[]>(
      `/tasks?filters=${encodeURIComponent(JSON.stringify({ service: [service] }))}`,
    );
  return tasks
    .filter(({ DesiredState, Status }) => DesiredState === 'running' && Status.State === 'running')
    .flatMap(({ NetworksAttachments = [] }) => NetworksAttachments.flatMap(({ Addresses }) => Addresses))
    .map((address) => address.split('/')[0] ?? '')
    .sort();
}

test('a service without an address of its own is its tasks, from every host, and each address has its name', async () => {
  const n1 = cluster.node(1);
  const named = ['--label', 'berth.ports=http=80,stats=9100/udp'];
  await n1.docker(
    ...CREATE,
    '--name',
    'plain',
    '--endpoint-mode',
    'dnsrr',
    ...named,
    '--replicas',
    '2',
    '--network',
    'front',
    ...SLEEP,
  );
  await n1.docker(...CREATE, '--name', 'fixed', ...named, '--replicas', '2', '--network', 'front', ...SLEEP);
  const tasks = await cluster.running(n1, 'plain', 2);
  await cluster.running(n1, 'fixed', 2);
  const [plain, fixed] = [await addressesOf('plain'), await addressesOf('fixed')];
  for (const asker of askers)
    await until(async () => {
      assert.deepEqual(await look(asker, 'a', 'plain'), plain);
      assert.deepEqual(await look(asker, 'a', 'tasks.plain'), plain);
      assert.deepEqual(await look(asker, 'a', 'tasks.fixed'), fixed);
      const [address = '', ...more] = await look(asker, 'a', 'fixed');
      assert.ok(more.length === 0 && !fixed.includes(address), address);
      assert.deepEqual(await look(asker, 'ptr', address), ['fixed.front']);
      const owners = await Promise.all(plain.map((one) => look(asker, 'ptr', one)));
      const names = tasks.map(({ Slot, ID }) => [`plain.${Slot}.${ID}.front`]);
      assert.deepEqual(owners.map(String).toSorted(), names.map(String).toSorted());
    });
});

test('a port with a name is found with the name of the service, of its tasks, and from every host', async () => {
  const tasks = await cluster.running(cluster.node(1), 'plain', 2);
  const each = tasks.map(({ Slot, ID }) => `0 0 80 plain.${Slot}.${ID}.front`).sort();
  for (const asker of askers) {
    assert.deepEqual(await look(asker, 'srv', '_http._tcp.fixed'), ['0 0 80 fixed.front']);
    assert.deepEqual(await look(asker, 'srv', '_stats._udp.fixed.front'), ['0 0 9100 fixed.front']);
    assert.deepEqual(await look(asker, 'srv', '_http._tcp.plain'), each);
    const [address = ''] = await look(asker, 'a', each[0]?.split(' ').at(-1) ?? '');
    assert.ok((await addressesOf('plain')).includes(address));
  }
  const refused = await cluster.node(1).try(...CREATE, '--name', 'bad', '--label', 'berth.ports=http', ...SLEEP);
  assert.match(refused.stderr, /label berth\.ports: "http" is no port with a name/);
});

test('a service of a stack has the stack behind its name as well', async () => {
  const n1 = cluster.node(1);
  const stack = ['--label', 'com.docker.stack.namespace=shop'];
  await n1.docker(
    ...CREATE,
    '--name',
    'shop_web',
    ...stack,
    '--endpoint-mode',
    'dnsrr',
    '--network',
    'front',
    ...SLEEP,
  );
  await cluster.running(n1, 'shop_web', 1);
  const addresses = await addressesOf('shop_web');
  for (const asker of askers) await until(async () => assert.deepEqual(await look(asker, 'a', 'web.shop'), addresses));
});

test('a name that moves is answered rightly on every host within a second of the task running', async () => {
  const n1 = cluster.node(1);
  const before = await addressesOf('shop_web');
  await n1.docker('service', 'update', '--detach', '--force', '--no-resolve-image', 'shop_web');
  const now = await until(async () => {
    const found = await addressesOf('shop_web');
    assert.ok(found.length === 1 && found[0] !== before[0]);
    return found;
  });
  const begin = performance.now();
  await until(async () => {
    for (const asker of askers) assert.deepEqual(await look(asker, 'a', 'web.shop'), now);
  });
  const took = performance.now() - begin;
  assert.ok(took < 1500, `it took ${Math.round(took)} ms, with two programs started for each look`);
  await n1.docker('service', 'rm', 'shop_web');
  await until(async () => {
    for (const asker of askers) assert.deepEqual(await look(asker, 'a', 'web.shop'), []);
  });
});
