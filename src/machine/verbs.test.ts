import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { layoutOf } from './layout.ts';
import { takeLock } from './lock.ts';
import { markOf } from './process.ts';
import { machineNames, readMachine, writeRun } from './record.ts';
import type { Settings } from './settings.ts';
import { change, init, type InitOptions, type Machines, remove, start, stop } from './verbs.ts';

const folder = mkdtempSync(join(tmpdir(), 'berth-m-'));
after(() => rmSync(folder, { recursive: true, force: true }));

const settings: Settings = { cpus: 1, memory: 512, disk: 2, shares: [] };
const image = join(folder, 'image');
mkdirSync(image);
for (const part of ['kernel', 'initramfs', 'system.img']) writeFileSync(join(image, part), part);
const options: InitOptions = { settings, image, isForced: false };

let count = 0;
function fresh(): Machines & { readonly hosts: Map<string, string> } {
  const hosts = new Map<string, string>();
  return {
    place: { platform: 'linux', root: join(folder, String(++count)) },
    contexts: {
      has: (name) => hosts.has(name),
      add: (name, host) => hosts.set(name, host),
      remove: (name) => hosts.delete(name),
    },
    program: join(folder, 'nothing'),
    onProgress: () => undefined,
    hosts,
  };
}
const layout = ({ place }: Machines, name = 'dev') => layoutOf(place.platform, place.root, name);

test('a machine is keys, a disk of holes, settings and a context; nothing of it is left when it is removed', async () => {
  const machines = fresh();
  await init(machines, 'dev', options);
  const { data, key, knownHosts, socket, folder: own } = layout(machines);
  assert.deepEqual(machineNames(machines.place), ['dev']);
  assert.deepEqual([...machines.hosts], [['dev', `unix://${socket}`]]);
  assert.equal(statSync(data).size, 2 * 1024 ** 3);
  assert.equal(statSync(data).blocks, 0);
  assert.equal(statSync(key).mode & 0o777, 0o600);
  assert.match(readFileSync(knownHosts, 'utf8'), /^berth-machine-dev ssh-ed25519 \S+\n$/);
  await remove(machines, 'dev', false);
  assert.equal(existsSync(own), false);
  assert.equal(machines.hosts.size, 0);
  await assert.rejects(remove(machines, 'dev', false), /there is no machine "dev"/);
});

test('of two inits at once one makes the machine, and the other says so', async () => {
  const machines = fresh();
  const both = await Promise.allSettled([init(machines, 'dev', options), init(machines, 'dev', options)]);
  const refused = both.flatMap((one) => (one.status === 'rejected' ? [String(one.reason)] : []));
  assert.equal(refused.length, 1);
  assert.match(refused[0] ?? '', /another command works on machine "dev" \(process \d+\)/);
  assert.equal(readMachine(layout(machines), 'dev').name, 'dev');
});

test('what an init that was killed left is no machine, and the next init makes it whole', async () => {
  const machines = fresh();
  const { folder: own, data, lock, record } = layout(machines);
  mkdirSync(own, { recursive: true });
  writeFileSync(data, 'half');
  // the lock of a process that is no more
  const dead = spawn('sleep', ['30']);
  writeFileSync(lock, JSON.stringify(markOf(dead.pid ?? 0)));
  dead.kill('SIGKILL');
  await new Promise((resolve) => dead.once('exit', resolve));
  assert.deepEqual(machineNames(machines.place), []);
  await assert.rejects(start(machines, 'dev'), /there is no machine "dev"/);
  await init(machines, 'dev', options);
  assert.equal(existsSync(record), true);
  assert.equal(statSync(data).size, 2 * 1024 ** 3);
  assert.equal(existsSync(lock), false);
});

test('a lock that was cut off while it was written is nobody’s', () => {
  const machines = fresh();
  const { lock } = layout(machines);
  mkdirSync(machines.place.root, { recursive: true });
  writeFileSync(lock, '{"pi');
  takeLock(lock, 'it')[Symbol.dispose]();
  assert.equal(existsSync(lock), false);
});

test('an init that fails leaves nothing', async () => {
  const machines = fresh();
  await assert.rejects(
    init(machines, 'dev', { ...options, settings: { ...settings, disk: 60_000 } }),
    /no room for a disk of 60000 GiB: \d+ GiB are free in /,
  );
  await assert.rejects(
    init(machines, 'dev', { ...options, image: folder }),
    /is no system of a machine: it has no kernel/,
  );
  machines.hosts.set('dev', 'tcp://elsewhere');
  await assert.rejects(init(machines, 'dev', options), /there is a context "dev" already, which is no machine's/);
  assert.equal(existsSync(layout(machines).folder), false);
  assert.deepEqual([...machines.hosts], [['dev', 'tcp://elsewhere']]);
});

test('settings change, the disk only grows, and a second init of a name is refused', async () => {
  const machines = fresh();
  await init(machines, 'dev', options);
  assert.equal(change(machines, 'dev', { cpus: 3, disk: 3 }), false);
  const { cpus, disk, memory } = readMachine(layout(machines), 'dev');
  assert.deepEqual([cpus, memory, disk], [3, 512, 3]);
  assert.throws(() => change(machines, 'dev', { disk: 2 }), /cannot shrink to 2/);
  await assert.rejects(init(machines, 'dev', options), /there is a machine "dev" already/);
});

test('a start without its shared folder, its disk or its system says which is gone', async () => {
  const machines = fresh();
  await init(machines, 'dev', options);
  rmSync(readMachine(layout(machines), 'dev').system, { recursive: true });
  await assert.rejects(start(machines, 'dev'), /the system of machine "dev" is gone/);
});

test('a machine whose process is gone is stopped, whatever was written of it', async () => {
  const machines = fresh();
  await init(machines, 'dev', options);
  const process_ = spawn('sleep', ['30']);
  const mark = markOf(process_.pid ?? 0);
  assert.ok(mark);
  const run = { machine: mark, sshPort: 1, accelerator: 'tcg', shareKind: '9p', started: '' } as const;
  writeRun(layout(machines), run);
  await assert.rejects(remove(machines, 'dev', false), /machine "dev" is running/);
  process_.kill('SIGKILL');
  await new Promise((resolve) => process_.once('exit', resolve));
  await stop(machines, 'dev', false);
  // the number of a process that lives, but is another one
  writeRun(layout(machines), { ...run, machine: { pid: process.pid, began: mark.began } });
  await remove(machines, 'dev', false);
  assert.equal(existsSync(layout(machines).folder), false);
});
