// Three hosts as one cluster, driven by Docker's own client: what dies is replaced, what is updated stays up.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { TestCluster } from '../support/cluster.ts';
import { until } from '../support/daemon.ts';

let cluster: TestCluster;

before(async () => {
  cluster = await TestCluster.start(3);
});

after(() => cluster[Symbol.asyncDispose]());

const SLEEP = ['busybox', 'sleep', '1000'];
const CREATE = ['service', 'create', '--detach', '--no-resolve-image', '--stop-grace-period', '1s'];

test('three hosts become a cluster of three managers', async () => {
  await cluster.form(3);
  const n1 = cluster.node(1);
  const shown = await n1.docker('node', 'ls', '--format', '{{.Hostname}} {{.Status}} {{.ManagerStatus}}');
  assert.deepEqual(shown.trim().split('\n').sort(), ['n1 Ready Leader', 'n2 Ready Reachable', 'n3 Ready Reachable']);
  assert.match(await cluster.node(3).docker('info', '--format', '{{.Swarm.ControlAvailable}}'), /true/);
});

test('settings of the cluster that are named change, and the others stay', async () => {
  const n2 = cluster.node(2);
  const before = await n2.json<{ Spec: object }>('/swarm');
  const flags = ['--task-history-limit', '7', '--dispatcher-heartbeat', '6s'];
  const updated = await n2.daemon.berth('swarm', 'update', ...flags);
  assert.deepEqual([updated.code, updated.stdout, updated.stderr], [0, 'Swarm updated.\n', '']);
  const { Spec } = await cluster.node(1).json<{ Spec: object }>('/swarm');
  const changed = { Orchestration: { TaskHistoryRetentionLimit: 7 }, Dispatcher: { HeartbeatPeriod: 6e9 } };
  assert.deepEqual(Spec, { ...before.Spec, ...changed });
  assert.match((await n2.daemon.berth('swarm', 'update')).stderr, /no setting is named/);
  await n2.docker('swarm', 'update', '--task-history-limit', '5');
});

test('replicas are spread over the hosts', async () => {
  await cluster.node(2).docker(...CREATE, '--name', 'web', '--replicas', '5', ...SLEEP);
  const tasks = await cluster.running(cluster.node(1), 'web', 5);
  const counts = [...Map.groupBy(tasks, ({ NodeID }) => NodeID).values()].map(({ length }) => length);
  assert.deepEqual(
    counts.sort((a, b) => a - b),
    [1, 2, 2],
  );
});

test('the own client shows the cluster, and says why a task is where it is', async () => {
  const { daemon } = cluster.node(3);
  const nodes = await daemon.berth('node', 'ls', '--format', '{{.Hostname}} {{.ManagerStatus}}');
  assert.match(nodes.stdout, /^n1 Leader\nn2 Reachable\nn3 Reachable\n$/);
  const status = await daemon.berth('cluster', 'status');
  assert.match(status.stdout, /Leader: +n1\n.*\nNodes: +3 ready\nTasks: +5 running\n/);
  const [task] = await cluster.tasks(cluster.node(1), 'web');
  const why = await daemon.berth('why', task?.ID ?? '');
  assert.match(
    why.stdout,
    /^web\.\d .* is running on n\d, and is to be running\n {2}.* made: 5 replicas wanted\n {2}.* on n\d: /,
  );
});

test('fault O78: a secret and a config are files in the container, and nowhere on a disk in clear', async () => {
  const n1 = cluster.node(1);
  await n1.daemon.client('docker', ['secret', 'create', 'key', '-'], { input: 'xyzzy-secret' });
  await n1.daemon.client('docker', ['config', 'create', 'conf', '-'], { input: 'plain' });
  const files = ['--secret', 'key', '--config', 'source=conf,target=/etc/conf,mode=0440'];
  const show = 'cat /run/secrets/key /etc/conf; stat -c %a /run/secrets/key /etc/conf; sleep 1000';
  await n1.docker(...CREATE, '--name', 'files', ...files, 'busybox', 'sh', '-c', show);
  await cluster.running(n1, 'files', 1);
  await until(async () => {
    const text = await cluster.node(2).docker('service', 'logs', '--raw', 'files');
    assert.equal(text, 'xyzzy-secretplain444\n440\n');
  });
  for (const { daemon, place } of cluster.nodes) {
    const found = await place.run('grep', '-rl', 'xyzzy-secret', `${daemon.dataRoot}/cluster`);
    assert.equal(found.stdout, '');
  }
  await n1.docker('service', 'rm', 'files');
});

test('a rolling update replaces every task and stays at strength but for one', async () => {
  const n1 = cluster.node(1);
  const before = (await cluster.tasks(n1, 'web')).map(({ ID }) => ID);
  let least = 5;
  let watching = true;
  const watch = (async () => {
    while (watching) {
      const tasks = await cluster.tasks(n1, 'web');
      least = Math.min(least, tasks.filter(({ Status }) => Status.State === 'running').length);
    }
  })();
  await n1.docker(
    'service',
    'update',
    '--detach',
    '--no-resolve-image',
    '--update-monitor',
    '500ms',
    '--env-add',
    'V=2',
    'web',
  );
  await until(async () => {
    const [service] = await n1.json<{ UpdateStatus?: { State: string } }[]>('/services');
    assert.equal(service?.UpdateStatus?.State, 'completed');
  }, 45_000);
  watching = false;
  await watch;
  const after = await cluster.running(n1, 'web', 5);
  assert.ok(after.every(({ ID, Spec }) => !before.includes(ID) && Spec.ContainerSpec.Env?.includes('V=2')));
  assert.ok(least >= 4, `${least} of 5 ran`);
});

test('a drained host hands its tasks over, and takes new ones when it is active again', async () => {
  const n1 = cluster.node(1);
  await n1.docker('node', 'update', '--availability', 'drain', 'n3');
  const drained = (await cluster.list(n1)).find(({ Description }) => Description.Hostname === 'n3')?.ID;
  await until(async () => {
    const tasks = await cluster.running(n1, 'web', 5);
    assert.ok(tasks.every(({ NodeID }) => NodeID !== drained));
  });
  await until(() => assert.deepEqual(cluster.node(3).containerPids(), []));
  await n1.docker('node', 'update', '--availability', 'active', 'n3');
  await n1.docker('service', 'scale', '--detach', 'web=7');
  const tasks = await cluster.running(n1, 'web', 7);
  assert.ok(tasks.some(({ NodeID }) => NodeID === drained));
});

test('what a dead host ran runs elsewhere, and is not run twice when the host is back', async () => {
  const leader = await cluster.leader(cluster.node(1));
  const [dead, other] = cluster.nodes.filter((node) => node !== leader);
  assert.ok(dead && other);
  const id = (await cluster.list(other)).find(({ Description }) => Description.Hostname === dead.name)?.ID;
  const died = Date.now();
  await dead.powerOff();
  await until(async () => {
    const tasks = await cluster.running(other, 'web', 7, 0);
    assert.ok(tasks.every(({ NodeID }) => NodeID !== id));
  });
  process.stdout.write(`# death of a host to full strength: ${Date.now() - died} ms\n`);
  await dead.daemon.up();
  await until(async () => {
    assert.ok((await cluster.list(dead)).every(({ Status }) => Status.State === 'ready'));
    assert.deepEqual(dead.containerPids(), []);
  });
});

test('fault O75: an update goes on to its end when the leader dies in it', async () => {
  const dead = await cluster.leader(cluster.node(1));
  const other = cluster.nodes.find((node) => node !== dead);
  assert.ok(other);
  await other.docker(
    'service',
    'update',
    '--detach',
    '--no-resolve-image',
    '--update-parallelism',
    '2',
    '--env-add',
    'V=3',
    'web',
  );
  await until(async () => {
    const tasks = await cluster.tasks(other, 'web');
    assert.ok(tasks.some(({ Spec, Status }) => Spec.ContainerSpec.Env?.includes('V=3') && Status.State === 'running'));
  });
  await dead.powerOff();
  await until(async () => assert.notEqual(await cluster.leader(other), dead));
  await until(async () => {
    const tasks = await cluster.running(other, 'web', 7, 0);
    assert.ok(tasks.every(({ Spec }) => Spec.ContainerSpec.Env?.includes('V=3')));
  }, 60_000);
  await dead.daemon.up();
  await until(async () => {
    const states = (await cluster.list(dead)).map(({ Status }) => Status.State);
    assert.deepEqual(states, ['ready', 'ready', 'ready']);
  });
});

test('fault O71: when all managers die, what runs goes on, and is under control again when they are back', async () => {
  const before = new Map(cluster.nodes.map((node) => [node, node.containerPids()]));
  const ids = (await cluster.running(cluster.node(1), 'web', 7)).map(({ ID }) => ID).sort();
  await Promise.all(cluster.nodes.map(({ daemon }) => daemon.kill()));
  for (const node of cluster.nodes) assert.deepEqual(node.containerPids(), before.get(node));
  await Promise.all(cluster.nodes.map(({ daemon }) => daemon.up()));
  const tasks = await until(() => cluster.running(cluster.node(1), 'web', 7, 0));
  assert.deepEqual(tasks.map(({ ID }) => ID).sort(), ids);
  for (const node of cluster.nodes) assert.deepEqual(node.containerPids(), before.get(node));
  await cluster.node(2).docker('service', 'scale', '--detach', 'web=2');
  await cluster.running(cluster.node(3), 'web', 2);
});

test('a leader that is demoted gives its place in etcd away, and only then stops to be a manager', async () => {
  const leader = await cluster.leader(cluster.node(1));
  const other = cluster.nodes.find((node) => node !== leader);
  assert.ok(other);
  await leader.docker('node', 'demote', leader.name);
  await until(async () => {
    const managers = (await cluster.list(other)).filter(({ ManagerStatus }) => ManagerStatus);
    assert.equal(managers.length, 2);
    assert.match((await leader.try('node', 'ls')).stderr, /Worker nodes can't be used/);
  });
  await cluster.running(other, 'web', 2);
  await other.docker('node', 'promote', leader.name);
  await until(async () => assert.match((await leader.try('node', 'ls')).stdout, /Reachable/));
});

test('a host that leaves keeps nothing of the cluster', async () => {
  const n3 = cluster.node(3);
  await n3.docker('swarm', 'leave', '--force');
  assert.match(await n3.docker('info', '--format', '{{.Swarm.LocalNodeState}}'), /inactive/);
  assert.equal(await n3.docker('ps', '-aq'), '');
  const n1 = cluster.node(1);
  await until(async () =>
    assert.match(await n1.docker('node', 'ls', '--format', '{{.Hostname}} {{.Status}}'), /n3 Down/),
  );
  await n1.docker('node', 'rm', 'n3');
  await n1.docker('service', 'rm', 'web');
  await until(() =>
    assert.deepEqual(
      cluster.nodes.flatMap((node) => node.containerPids()),
      [],
    ),
  );
});
