// What Berth's clusters do beyond Swarm: services that follow their load, schedules, forecasts, fences.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { TestCluster } from '../support/cluster.ts';
import { until } from '../support/daemon.ts';

let cluster: TestCluster;

before(async () => {
  cluster = await TestCluster.start(3);
  await cluster.form(1);
});

after(() => cluster[Symbol.asyncDispose]());

const CREATE = ['service', 'create', '--detach', '--no-resolve-image', '--name'];

async function berth(...args: string[]): Promise<string> {
  const { code, stdout, stderr } = await cluster.node(1).daemon.berth(...args);
  assert.equal(code, 0, stderr);
  return stdout;
}

async function replicas(service: string): Promise<number> {
  const found = await cluster
    .node(1)
    .json<{ Spec: { Mode: { Replicated: { Replicas: number } } } }>(`/services/${service}`);
  return found.Spec.Mode.Replicated.Replicas;
}

test('a service grows within 15 s of its load, says why, and shrinks after it', async () => {
  // each burns up to a fifth of a processor, of which it reserves a twentieth, until it is told to stop
  const burn = 'while [ ! -e /tmp/stop ]; do :; done; exec sleep 1000';
  const policy = 'min=1,max=3,cpu=100,up=4s,down=6s';
  await berth(
    ...CREATE,
    'busy',
    '--reserve-cpu=0.05',
    '--limit-cpu=0.2',
    `--autoscale=${policy}`,
    'busybox',
    'sh',
    '-c',
    burn,
  );
  await cluster.running(cluster.node(1), 'busy', 1);
  const began = Date.now();
  await until(async () => assert.ok((await replicas('busy')) > 1), 15_000);
  process.stdout.write(`# load to more tasks: ${Date.now() - began} ms\n`);
  assert.match(await berth('autoscale', 'explain', 'busy'), /^busy by cpu %: \d now, \d wanted .*\n(?: {2}.*\n)+/);
  await cluster.running(cluster.node(1), 'busy', 3, 40_000);
  for (const { daemon } of cluster.nodes) {
    const ids = (await daemon.docker('ps', '-q')).stdout.split('\n').filter(Boolean);
    for (const id of ids) await daemon.docker('exec', id, 'touch', '/tmp/stop');
  }
  await until(async () => assert.ok((await replicas('busy')) < 3), 40_000);
  await berth('service', 'rm', 'busy');
});

test('a job runs by its schedule', async () => {
  await berth(...CREATE, 'tick', '--schedule', '* * * * * *', 'busybox', 'true');
  await until(async () => {
    const tasks = await cluster.tasks(cluster.node(1), 'tick');
    assert.ok(tasks.filter(({ Status }) => Status.State === 'complete').length >= 2, JSON.stringify(tasks));
  }, 20_000);
  await berth('service', 'rm', 'tick');
  const { stderr } = await cluster
    .node(1)
    .daemon.berth(...CREATE, 'never', '--schedule', '61 * * * *', 'busybox', 'true');
  assert.match(stderr, /label berth\.schedule: "61 \* \* \* \*"/);
});

test('a forecast equals what then happens', async () => {
  await berth(...CREATE, 'web', '--replicas', '6', 'busybox', 'sleep', '1000');
  const before = await cluster.running(cluster.node(1), 'web', 6);
  const n3 = (await cluster.list(cluster.node(1))).find(({ Description }) => Description.Hostname === 'n3')?.ID;
  const moved = before.filter(({ NodeID }) => NodeID === n3).map(({ Slot }) => Slot);
  const text = await berth('cluster', 'what-if', '--drain', 'n3', '--scale', 'web=7');
  const notified = [...text.matchAll(/^web\.(\d+): (\S+) -> (n[12])$/gm)].map(([, slot, from, to]) => ({
    slot: Number(slot),
    from,
    to,
  }));
  const toldMoved = notified.filter(({ from }) => from === 'n3').map(({ slot }) => slot);
  assert.deepEqual(new Set(toldMoved), new Set(moved));
  assert.ok(
    notified.some(({ slot, from }) => slot === 7 && from === 'new'),
    text,
  );
  await cluster.node(1).docker('node', 'update', '--availability', 'drain', 'n3');
  await berth('service', 'scale', '--detach', 'web=7');
  const now = await cluster.running(cluster.node(1), 'web', 7);
  const count = (of: readonly (string | undefined)[]): Record<string, number> =>
    Object.fromEntries([...Map.groupBy(of, (one) => one ?? '')].map(([key, all]) => [key, all.length]));
  const names = new Map((await cluster.list(cluster.node(1))).map(({ ID, Description }) => [ID, Description.Hostname]));
  const stayed = before.filter(({ NodeID }) => NodeID !== n3).map(({ NodeID }) => names.get(NodeID ?? ''));
  assert.deepEqual(
    count(now.map(({ NodeID }) => names.get(NodeID ?? ''))),
    count([...stayed, ...notified.map(({ to }) => to)]),
  );
  await cluster.node(1).docker('node', 'update', '--availability', 'active', 'n3');
  await berth('service', 'rm', 'web');
});

test('fault O72: a fenced task on a node that is cut off stops by itself before another one starts', async () => {
  await berth(...CREATE, 'one', '--fence', '--constraint=node.role==worker', 'busybox', 'sleep', '1000');
  await berth(...CREATE, 'many', '--mode', 'global', 'busybox', 'sleep', '1000');
  const [task] = await cluster.running(cluster.node(1), 'one', 1);
  await cluster.running(cluster.node(1), 'many', 3);
  const names = new Map((await cluster.list(cluster.node(1))).map(({ ID, Description }) => [ID, Description.Hostname]));
  const holder = cluster.node(Number((names.get(task?.NodeID ?? '') ?? '').slice(1)));
  const other = cluster.nodes.find((node) => node !== holder && node.name !== 'n1');
  assert.ok(other);
  const runs = async (node: typeof holder): Promise<number> =>
    (await node.docker('ps', '-q', '--filter', 'label=com.docker.swarm.service.name=one')).split('\n').filter(Boolean)
      .length;
  const cut = Date.now();
  await cluster.cut(holder);
  let stopped = 0;
  let started = 0;
  await until(async () => {
    const [here, there] = [await runs(holder), await runs(other)];
    if (here === 0) stopped ||= Date.now();
    if (there > 0) started ||= Date.now();
    assert.ok(here + there < 2, 'it runs twice');
    assert.ok(there === 1, 'it runs nowhere');
  }, 30_000);
  process.stdout.write(`# cut to stopped: ${stopped - cut} ms, to replaced: ${started - cut} ms\n`);
  assert.ok(stopped > 0 && stopped <= started);
  // what is not fenced goes on where it is
  assert.equal(holder.containerPids().length, 1);
  await cluster.heal(holder);
  await until(async () => {
    assert.ok((await cluster.list(cluster.node(1))).every(({ Status }) => Status.State === 'ready'));
    assert.equal((await runs(holder)) + (await runs(other)), 1);
  });
  await cluster.running(cluster.node(1), 'one', 1);
  await cluster.running(cluster.node(1), 'many', 3);
});

test('a task is reached by its name through any manager, wherever it runs', async () => {
  const [n1, n2] = [cluster.node(1), cluster.node(2)];
  await n1.docker('node', 'promote', 'n2');
  await until(async () => assert.match((await n2.try('node', 'ls')).stdout, /Reachable/));
  const serve = 'echo hello; echo oops >&2; echo data > /file; exec sleep 1000';
  const create = [
    'service',
    'create',
    '-d',
    '--no-resolve-image',
    '--name',
    'far',
    '--constraint',
    'node.hostname==n3',
  ];
  await n1.docker(...create, 'busybox', 'sh', '-c', serve);
  const [task] = await cluster.running(n1, 'far', 1);
  for (const node of [n1, n2]) {
    const run = (args: readonly string[], input = '') =>
      node.daemon.client('docker', args, { input, timeoutMs: 60_000 });
    const names = ['far.1', `far.1.${task?.ID}`, task?.ID ?? ''];
    for (const name of names) assert.deepEqual((await run(['exec', name, 'hostname'])).code, 0, name);
    const piped = await run(['exec', '-i', 'far.1', 'sh', '-c', 'wc -c; echo e >&2; exit 7'], 'x'.repeat(100_000));
    assert.deepEqual([piped.code, piped.stdout, piped.stderr], [7, '100000\n', 'e\n']);
    const logs = await run(['logs', 'far.1']);
    assert.deepEqual([logs.stdout, logs.stderr], ['hello\n', 'oops\n']);
    const path = `${node.daemon.folder}/copied`;
    assert.equal((await run(['cp', 'far.1:/file', path])).code, 0);
    assert.equal((await run(['cp', path, 'far.1:/back'])).code, 0);
    assert.equal((await run(['exec', 'far.1', 'cat', '/back'])).stdout, 'data\n');
    const stats = await run(['stats', '--no-stream', '--format', '{{.Name}} {{.CPUPerc}}', 'far.1']);
    assert.match(stats.stdout, new RegExp(`^far\\.1\\.${task?.ID} \\d`));
    assert.match((await run(['top', 'far.1'])).stdout, /sleep 1000/);
  }
  const missing = await n1.daemon.docker('exec', 'far.2', 'true');
  assert.match(missing.stderr, /No such container: far\.2/);
  // a worker knows its own tasks only
  assert.match((await cluster.node(3).daemon.docker('exec', 'far.1', 'true')).stderr, /No such container/);
  await n1.docker('service', 'rm', 'far');
});
