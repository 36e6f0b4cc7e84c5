// A cluster that is watched, loses most of its managers, goes on with one, and is begun again from a backup.
import assert from 'node:assert/strict';
import { statSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { TestCluster } from '../support/cluster.ts';
import { until } from '../support/daemon.ts';
import { Program } from '../support/program.ts';
import type { KeyValueList } from '../../src/spec/berth/index.ts';

/** More of applications than one transaction takes. */
const VALUES = 40;

let cluster: TestCluster;

before(async () => {
  cluster = await TestCluster.start(3);
  await cluster.form(3);
});

after(() => cluster[Symbol.asyncDispose]());

const CREATE = ['service', 'create', '--detach', '--no-resolve-image', '--stop-grace-period', '1s'];

test('events of the cluster come from any manager, with what changed', async () => {
  const [n1, n2] = [cluster.node(1), cluster.node(2)];
  const format = '{{.Type}} {{.Action}} {{.Actor.Attributes}}';
  using events = new Program(n2.daemon.command('docker', ['events', '--filter', 'scope=swarm', '--format', format]));
  await n1.daemon.client('docker', ['secret', 'create', 'key', '-'], { input: 'xyzzy' });
  await n1.docker(...CREATE, '--name', 'web', '--secret', 'key', 'busybox', 'sleep', '1000');
  await n1.docker('service', 'scale', '--detach', 'web=3');
  await n1.docker('node', 'update', '--availability', 'pause', 'n3');
  await n1.docker('node', 'update', '--availability', 'active', 'n3');
  await events.expect(
    /^secret create map\[name:key\]\nservice create map\[name:web\]\nservice update map\[name:web replicas\.new:3 replicas\.old:1\]\nnode update map\[availability\.new:pause availability\.old:active name:n3\]\n/m,
    20_000,
  );
  await cluster.running(n1, 'web', 3);
});

test('followed logs of a service go on with tasks that it gets later, in order', async () => {
  const [n1, n3] = [cluster.node(1), cluster.node(3)];
  const say = 'i=0; while :; do i=$((i+1)); echo $(hostname) $i; sleep 0.2; done';
  await n1.docker(...CREATE, '--name', 'talk', '--hostname', 'task{{.Task.Slot}}', 'busybox', 'sh', '-c', say);
  await cluster.running(n1, 'talk', 1);
  using logs = new Program(
    n3.daemon.command('docker', ['service', 'logs', '--follow', '--raw', '--timestamps', 'talk']),
  );
  await logs.expect(/task1 3\n/, 20_000);
  await n1.docker('service', 'scale', '--detach', 'talk=2');
  await logs.expect(/task2 5\n/, 30_000);
  const times = logs.stdout
    .split('\n')
    .slice(0, -1)
    .map((line) => line.slice(0, 30));
  const late = times.filter((time, at) => at > 0 && time < (times[at - 1] ?? ''));
  assert.ok(late.length <= times.length / 20, `${late.length} of ${times.length} lines are out of order`);
  const ended = await n1.docker('service', 'logs', '--raw', '--timestamps', 'talk');
  const all = ended
    .split('\n')
    .slice(0, -1)
    .map((line) => line.slice(0, 30));
  assert.deepEqual(
    all,
    all.toSorted((a, b) => (a < b ? -1 : 1)),
  );
  await n1.docker('service', 'rm', 'talk');
});

test('fault O71: when most managers are lost, one goes on alone', async () => {
  const [n1, n2, n3] = [cluster.node(1), cluster.node(2), cluster.node(3)];
  for (let n = 0; n < VALUES; n += 1) {
    const Value = Buffer.alloc(60_000, n).toString('base64');
    assert.equal((await n1.daemon.call('PUT', `/berth/cluster/kv/entry?key=app/${n}`, { Value })).status, 200);
  }
  const lease = (await n1.daemon.berth('kv', 'lease', 'grant', '600')).stdout.trim();
  assert.equal((await n1.daemon.berth('kv', 'put', '--lease', lease, 'app/held', 'x')).code, 0);
  const saved = await n1.daemon.berth('cluster', 'backup', join(n1.daemon.folder, 'backup.json'));
  assert.equal(saved.code, 0, saved.stderr);
  assert.equal(statSync(join(n1.daemon.folder, 'backup.json')).mode & 0o777, 0o600);
  await Promise.all([n2.powerOff(), n3.powerOff()]);
  await until(async () => assert.notEqual((await n1.try('service', 'scale', '--detach', 'web=4')).code, 0));
  await n1.docker('swarm', 'init', '--force-new-cluster', '--advertise-addr', n1.address);
  await cluster.running(n1, 'web', 3, 60_000);
  const shown = await n1.docker('node', 'ls', '--format', '{{.Hostname}} {{.Status}} {{.ManagerStatus}}');
  assert.deepEqual(shown.split(/ ?\n/).sort(), ['', 'n1 Ready Leader', 'n2 Down', 'n3 Down']);
  await n1.docker('service', 'scale', '--detach', 'web=4');
  await cluster.running(n1, 'web', 4);
});

test('a cluster that is lost begins again from its backup, with its services and its secrets', async () => {
  const [n1, n3] = [cluster.node(1), cluster.node(3)];
  await n1.powerOff();
  await n3.daemon.up();
  await n3.docker('swarm', 'leave', '--force');
  const file = join(n1.daemon.folder, 'backup.json');
  const refused = await n3.daemon.berth('cluster', 'restore', join(n1.daemon.folder, 'log'));
  assert.match(refused.stderr, /is no backup of a cluster/);
  const restored = await n3.daemon.berth('cluster', 'restore', '--advertise-addr', n3.address, file);
  assert.equal(restored.code, 0, restored.stderr);
  const tasks = await cluster.running(n3, 'web', 3, 60_000);
  assert.ok(tasks.every(({ NodeID }) => NodeID === restored.stdout.trim()));
  const [task] = tasks;
  assert.equal(await n3.docker('exec', task?.ID ?? '', 'cat', '/run/secrets/key'), 'xyzzy');
  const { Entries } = await n3.json<KeyValueList>('/berth/cluster/kv?prefix=app/');
  assert.deepEqual(
    Entries.map(({ Key, Value }) => `${Key} ${Buffer.from(Value, 'base64').length}`),
    Array.from({ length: VALUES }, (_, n) => `app/${n} 60000`).toSorted(),
  );
  await n3.docker('service', 'scale', '--detach', 'web=1');
  await cluster.running(n3, 'web', 1);
});
