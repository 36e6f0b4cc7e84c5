// Keys, values and the registry of tasks over three managers, one of which dies.
import assert from 'node:assert/strict';
import { setTimeout as pause } from 'node:timers/promises';
import { after, before, test } from 'node:test';
import { TestCluster, type TestNode } from '../support/cluster.ts';
import { until } from '../support/daemon.ts';
import type { KeyValueChanges, KeyValueEntry, KeyValueList, RegisteredTask } from '../../src/spec/berth/index.ts';

let cluster: TestCluster;

before(async () => {
  cluster = await TestCluster.start(3);
  await cluster.form(3);
});

after(() => cluster[Symbol.asyncDispose]());

async function kv(node: TestNode, ...words: string[]): Promise<{ code: number; stdout: string; stderr: string }> {
  const { code, stdout, stderr } = await node.daemon.berth('kv', ...words);
  return { code: code ?? -1, stdout, stderr };
}

async function ok(node: TestNode, ...words: string[]): Promise<string> {
  const { code, stdout, stderr } = await kv(node, ...words);
  assert.equal(code, 0, `${node.name}: kv ${words.join(' ')}: ${stderr}`);
  return stdout;
}

/** Throws when it is called so many milliseconds later. */
function deadline(milliseconds: number): () => void {
  const end = Date.now() + milliseconds;
  return () => assert.ok(Date.now() < end, `not in ${milliseconds} ms`);
}

const changes = (node: TestNode, query: string): Promise<KeyValueChanges> =>
  node.json(`/berth/cluster/kv/watch?${query}`);

test('what is put through one manager is read through each, and set only by who knows its last change', async () => {
  const [n1, n2, n3] = [cluster.node(1), cluster.node(2), cluster.node(3)];
  const revision = (await ok(n1, 'put', 'app/colour', 'red')).trim();
  for (const node of cluster.nodes) assert.equal(await ok(node, 'get', 'app/colour'), 'red\n');
  assert.equal(await ok(n2, 'get', '--raw', 'app/colour'), 'red');
  const entry = JSON.parse(await ok(n3, 'get', '--json', 'app/colour')) as KeyValueEntry;
  assert.equal(String(entry.Revision), revision);
  await ok(n2, 'cas', 'app/colour', revision, 'green');
  const late = await kv(n3, 'cas', 'app/colour', revision, 'blue');
  assert.equal(late.code, 1);
  assert.match(late.stderr, /key app\/colour is at revision \d+, not \d+/);
  assert.match((await kv(n3, 'cas', 'app/colour', '0', 'blue')).stderr, /is at revision/);
  assert.equal(await ok(n1, 'ls', '-q', 'app/'), 'app/colour\n');
  assert.match(await ok(n1, 'ls'), /^KEY +REVISION +SIZE +LEASE\napp\/colour +\d+ +5 +\n$/);
  await ok(n1, 'delete', 'app/colour');
  assert.match((await kv(n2, 'get', 'app/colour')).stderr, /key app\/colour not found/);
});

test('a key goes with its lease, which lives as long as somebody keeps it alive, through whichever manager', async () => {
  const [n1, n2, n3] = [cluster.node(1), cluster.node(2), cluster.node(3)];
  const lease = (await ok(n1, 'lease', 'grant', '15')).trim();
  await ok(n2, 'put', '--lease', lease, 'lock/a', 'mine');
  for (let beat = 0; beat < 4; beat += 1) {
    await pause(4000);
    await ok(n3, 'lease', 'keep-alive', '--once', lease);
  }
  assert.equal(await ok(n1, 'get', 'lock/a'), 'mine\n');
  await until(async () => assert.match((await kv(n1, 'get', 'lock/a')).stderr, /not found/), 40_000);
  assert.match((await kv(n1, 'lease', 'keep-alive', '--once', lease)).stderr, new RegExp(`lease ${lease} not found`));
});

test('tasks are registered with their addresses and ports when they run, and go when they are to stop', async () => {
  const [n1, n2] = [cluster.node(1), cluster.node(2)];
  await n1.docker('network', 'create', '-d', 'overlay', '--ipv6', '--subnet', '10.9.0.0/24', 'front');
  const from = await changes(n2, 'prefix=services/');
  assert.deepEqual([from.Reset, from.Changes], [true, []]);
  const create = ['service', 'create', '--detach', '--no-resolve-image', '--stop-grace-period', '1s'];
  const mode = 'published=8090,target=80,mode=host';
  await n1.docker(
    ...create,
    '--name',
    'web',
    '--replicas',
    '2',
    '--network',
    'front',
    '-p',
    mode,
    'busybox',
    'sleep',
    '1000',
  );
  await cluster.running(n1, 'web', 2);
  const registered = await until(async () => {
    const { Entries } = await n2.json<KeyValueList>('/berth/cluster/kv?prefix=services/web/');
    assert.equal(Entries.length, 2);
    return Entries.map(({ Value }) => JSON.parse(Buffer.from(Value, 'base64').toString()) as RegisteredTask);
  });
  for (const { Addresses, Ports, Host } of registered) {
    assert.match(Addresses['front']?.[0] ?? '', /^10\.9\.0\.\d+$/);
    assert.match(Addresses['front']?.[1] ?? '', /^fd/);
    assert.deepEqual(Ports, [{ Protocol: 'tcp', Target: 80, Published: 8090, Mode: 'host' }]);
    assert.match(Host, /^10\.77\.0\.[123]$/);
  }
  const seen = new Map<string, string>();
  let since = from.Revision;
  const follow = async (): Promise<void> => {
    const { Revision, Reset, Changes } = await changes(n2, `prefix=services/&since=${since}&wait=5`);
    assert.equal(Reset, false);
    for (const { Kind, Key } of Changes) seen.set(Key, Kind);
    since = Revision;
  };
  const inTime = deadline(60_000);
  while (seen.size < 2) {
    await follow();
    inTime();
  }
  await n1.docker('service', 'scale', '--detach', 'web=1');
  while (![...seen.values()].includes('delete')) {
    await follow();
    inTime();
  }
  assert.deepEqual([...seen.values()].sort(), ['delete', 'put']);
  assert.match((await kv(n1, 'put', 'services/web/x', 'y')).stderr, /made by the cluster alone/);
  await n1.docker('service', 'rm', 'web');
});

/** As a program in the container of a service's task on this node would ask, by HTTP. */
async function fromTask(
  node: TestNode,
  service: string,
  line: string,
  body = '',
): Promise<{ status: number; body: string }> {
  const label = `label=com.docker.swarm.service.name=${service}`;
  const id = (await node.docker('ps', '-q', '--filter', label)).trim();
  const head = `${line} HTTP/1.0\\r\\nContent-Length: ${body.length}\\r\\n\\r\\n${body}`;
  const { stdout } = await node.try('exec', id, 'sh', '-c', `printf '${head}' | nc -w 5 127.0.0.12 80`);
  const [first = '', ...rest] = stdout.split('\r\n\r\n');
  return { status: Number(/^HTTP\/1\.[01] (\d+)/.exec(first)?.[1] ?? 0), body: rest.join('\r\n\r\n') };
}

test('tasks ask from inside what the label of their service lets them, each on its node, also after its daemon has died', async () => {
  const [n1, n2, n3] = [cluster.node(1), cluster.node(2), cluster.node(3)];
  const create = [
    'service',
    'create',
    '--detach',
    '--no-resolve-image',
    '--stop-grace-period',
    '1s',
    '--mode',
    'global',
  ];
  await n1.docker(...create, '--name', 'app', '--label', 'berth.kv=app/:rw,services/:r', 'busybox', 'sleep', '10000');
  await n1.docker(...create, '--name', 'plain', 'busybox', 'sleep', '10000');
  await Promise.all([cluster.running(n1, 'app', 3), cluster.running(n1, 'plain', 3)]);
  await until(async () => assert.equal((await fromTask(n2, 'app', 'PUT /kv/app/x', 'red')).status, 200));
  for (const node of [n1, n3])
    await until(async () =>
      assert.deepEqual(await fromTask(node, 'app', 'GET /kv/app/x'), { status: 200, body: 'red' }),
    );
  assert.equal(await ok(n1, 'get', 'app/x'), 'red\n');
  assert.equal((await fromTask(n3, 'app', 'PUT /kv/app/x?revision=0', 'blue')).status, 409);
  assert.equal((await fromTask(n3, 'app', 'GET /kv/app/none')).status, 404);
  const listed = JSON.parse((await fromTask(n3, 'app', 'GET /kv?prefix=services/plain/')).body) as KeyValueList;
  assert.equal(listed.Entries.length, 3);
  const waiting = fromTask(n3, 'app', `GET /watch?prefix=app/&since=${listed.Revision}&wait=4`);
  await pause(500);
  await ok(n1, 'put', 'app/y', 'new');
  assert.match((await waiting).body, /"Key":"app\/y"/);
  // what others keep, and what a service without the label would ask, is not to be had
  await ok(n1, 'put', 'secret/x', 'y');
  for (const line of ['GET /kv/secret/x', 'GET /kv', 'PUT /kv/secret/x', 'PUT /kv/services/a'])
    assert.equal((await fromTask(n2, 'app', line)).status, 403, line);
  assert.equal((await fromTask(n2, 'plain', 'GET /kv/app/x')).status, 0);
  await n2.daemon.kill();
  await n2.daemon.up();
  await until(async () => assert.equal((await fromTask(n2, 'app', 'GET /kv/app/x')).status, 200));
  await n1.docker('service', 'rm', 'app', 'plain');
});

test('a manager dies: nothing that was acknowledged is lost, counting goes on exactly, and a watch goes on elsewhere', async () => {
  const leader = await cluster.leader(cluster.node(1));
  const left = cluster.nodes.filter((node) => node !== leader);
  const [one, two] = left as [TestNode, TestNode];
  await ok(one, 'put', 'count', '0');
  const begun = await changes(one, 'prefix=count');
  let [acknowledged, unknown, stop] = [0, 0, false];
  const entry = async (node: TestNode): Promise<KeyValueEntry | undefined> => {
    const { status, body } = await node.daemon.get('/berth/cluster/kv/entry?key=count');
    return status === 200 ? (JSON.parse(body) as KeyValueEntry) : undefined;
  };
  const number = ({ Value }: KeyValueEntry): number => Number(Buffer.from(Value, 'base64').toString());
  const count = async (node: TestNode): Promise<void> => {
    while (!stop) {
      const now = await entry(node);
      if (!now) {
        await pause(50);
        continue;
      }
      const path = `/berth/cluster/kv/entry?key=count&revision=${now.Revision}`;
      const Value = Buffer.from(String(number(now) + 1)).toString('base64');
      const { status } = await node.daemon.call('PUT', path, { Value });
      if (status === 200) acknowledged += 1;
      else if (status !== 409) unknown += 1;
    }
  };
  const counting = [count(one), count(two), count(one)];
  try {
    await pause(1000);
    const before = acknowledged;
    await leader.powerOff();
    await until(async () => {
      assert.ok(acknowledged > before + 20, `${acknowledged} after ${before}`);
      assert.ok(await cluster.leader(one));
    }, 30_000);
  } finally {
    stop = true;
    await Promise.all(counting);
  }
  const last = await until(async () => {
    const found = await entry(one);
    assert.ok(found);
    return found;
  });
  // an attempt of which nobody knows may have been heard, and no more than that
  assert.ok(
    number(last) >= acknowledged && number(last) <= acknowledged + unknown,
    `${number(last)}: ${acknowledged}, ${unknown}`,
  );
  // from where the first watch was: each number once, in order
  let [since, seen] = [begun.Revision, 0];
  const inTime = deadline(60_000);
  while (seen < number(last)) {
    inTime();
    const { Changes, Revision, Reset } = await changes(one, `prefix=count&since=${since}&wait=5`);
    const numbers = Changes.map((change) => (change.Kind === 'put' ? number(change) : -1));
    if (Reset) seen = (numbers[0] ?? 0) - 1;
    assert.deepEqual(
      numbers,
      numbers.map((_, index) => seen + index + 1),
      `after ${seen}`,
    );
    seen += numbers.length;
    since = Revision;
  }
  assert.equal((await entry(two))?.Revision, last.Revision);
});
