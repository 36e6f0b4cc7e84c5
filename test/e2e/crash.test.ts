// The daemon dies at every moment of a container's life: nothing is left behind, and what ran goes on.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { existsSync, readdirSync, watch } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { after, before, test } from 'node:test';
import { pause, TestDaemon, until } from '../support/daemon.ts';

let daemon: TestDaemon;

before(async () => {
  daemon = await TestDaemon.start();
  await daemon.busybox();
});

after(async () => {
  await daemon[Symbol.asyncDispose]();
});

interface Inspect {
  readonly Id: string;
  readonly State: {
    readonly Status: string;
    readonly Running: boolean;
    readonly ExitCode: number;
    readonly Pid: number;
  };
}

async function inspect(name: string): Promise<Inspect> {
  const { status, body } = await daemon.get(`/containers/${name}/json`);
  assert.equal(status, 200, body);
  return JSON.parse(body) as Inspect;
}

async function create(name: string, cmd: string[], host: object = {}, config: object = {}): Promise<void> {
  const { status, body } = await daemon.call('POST', `/containers/create?name=${name}`, {
    Image: 'busybox',
    Cmd: cmd,
    ...config,
    HostConfig: { NetworkMode: 'none', ...host },
  });
  assert.equal(status, 201, body);
}

async function restarted(): Promise<void> {
  await daemon.kill();
  await daemon.up();
}

/** Everything that belongs to a container that no record knows. */
async function strays(): Promise<string[]> {
  const { body } = await daemon.get('/containers/json?all=1');
  const known = new Set((JSON.parse(body) as { Id: string }[]).map((row) => row.Id));
  const folders = [
    join(daemon.dataRoot, 'containers'),
    join(daemon.execRoot, 'c'),
    join(daemon.execRoot, 'runtime'),
    join(daemon.execRoot, 'exits'),
  ];
  return folders.flatMap((folder) =>
    existsSync(folder)
      ? readdirSync(folder)
          .filter((name) => name !== 'trash' && name !== 'init' && !known.has(name))
          .map((name) => join(folder, name))
      : [],
  );
}

test('fault K64: a container runs on while the daemon is dead, and is taken back with logs, exec and exit code', async () => {
  await create('lives', ['sh', '-c', 'i=0; while [ ! -e /stop ]; do i=$((i+1)); echo $i; sleep 0.1; done; exit 42']);
  await daemon.call('POST', '/containers/lives/start');
  const { State } = await inspect('lives');
  await daemon.kill();
  await pause(400);
  await daemon.up();
  const taken = await inspect('lives');
  assert.equal(taken.State.Running, true);
  assert.equal(taken.State.Pid, State.Pid);
  const first = await daemon.docker('logs', 'lives');
  const numbers = first.stdout.trim().split('\n').map(Number);
  assert.deepEqual(
    numbers,
    numbers.map((_, index) => index + 1),
    'no line was lost or doubled',
  );
  assert.ok(numbers.length >= 4, 'it went on writing without the daemon');
  assert.deepEqual(await daemon.docker('exec', 'lives', 'touch', '/stop'), { code: 0, stdout: '', stderr: '' });
  assert.equal((await daemon.docker('wait', 'lives')).stdout, '42\n');
  await daemon.docker('rm', 'lives');
});

test('fault K64: what ended while the daemon was dead has its exit code, also with --rm', async () => {
  await create('ends', ['sh', '-c', 'sleep 0.3; exit 7']);
  await create('goes', ['sh', '-c', 'sleep 0.3; exit 7'], { AutoRemove: true });
  await daemon.call('POST', '/containers/ends/start');
  await daemon.call('POST', '/containers/goes/start');
  await daemon.kill();
  await pause(700);
  await daemon.up();
  const { State } = await inspect('ends');
  assert.deepEqual([State.Status, State.ExitCode], ['exited', 7]);
  assert.equal((await daemon.get('/containers/goes/json')).status, 404);
  await daemon.docker('rm', 'ends');
  assert.deepEqual(await strays(), []);
  assert.deepEqual(daemon.leftovers(), []);
});

// The exit file goes with what else the container held: by then the exit code stands elsewhere.
for (let point = 0; point < 6; point += 1) {
  test(`fault K64: kill -9 at point ${point} of an end does not lose the exit code`, async () => {
    await create('ending', ['sh', '-c', 'until [ -e /end ]; do sleep 0.05; done; exit 7']);
    await daemon.call('POST', '/containers/ending/start');
    const { Id } = await inspect('ending');
    const written = new Promise<void>((resolve) => {
      const watcher = watch(join(daemon.execRoot, 'exits'), (_, name) => {
        if (name !== Id) return;
        watcher.close();
        resolve();
      });
    });
    await daemon.docker('exec', 'ending', 'touch', '/end');
    await written;
    await pause(point * 3);
    await restarted();
    const { State } = await inspect('ending');
    assert.deepEqual([State.Status, State.ExitCode], ['exited', 7]);
    await daemon.docker('rm', 'ending');
    assert.deepEqual(daemon.leftovers(), []);
  });
}

test('fault K64: a terminal that was attached can be attached again after the daemon came back', async () => {
  await create('shell', ['cat'], {}, { Tty: true, OpenStdin: true });
  await daemon.call('POST', '/containers/shell/start');
  await restarted();
  const typed = await daemon.docker('exec', 'shell', 'sh', '-c', 'echo typed > /proc/1/fd/0; echo done');
  assert.equal(typed.stdout, 'done\n');
  assert.equal((await inspect('shell')).State.Running, true);
  await daemon.docker('rm', '-f', 'shell');
});

test('fault K64: the monitor and the process die with the daemon: the container is known as ended', async () => {
  await create('lost', ['sleep', '1000']);
  await daemon.call('POST', '/containers/lost/start');
  const { State, Id } = await inspect('lost');
  await daemon.kill();
  const monitor = Number((await import('node:fs')).readFileSync(join(daemon.execRoot, 'c', Id, 'monitor.pid'), 'utf8'));
  process.kill(monitor, 'SIGKILL');
  process.kill(State.Pid, 'SIGKILL');
  await pause(100);
  await daemon.up();
  assert.equal((await inspect('lost')).State.Status, 'exited');
  await daemon.docker('rm', 'lost');
  assert.deepEqual(daemon.leftovers(), []);
});

test('fault R42: monitor and process killed under a living daemon: the container is known as ended, and can be removed', async () => {
  await create('orphan', ['sleep', '1000']);
  await daemon.call('POST', '/containers/orphan/start');
  const { State, Id } = await inspect('orphan');
  const { readFileSync } = await import('node:fs');
  process.kill(Number(readFileSync(join(daemon.execRoot, 'c', Id, 'monitor.pid'), 'utf8')), 'SIGKILL');
  process.kill(State.Pid, 'SIGKILL');
  await until(async () => assert.equal((await inspect('orphan')).State.Status, 'exited'));
  assert.equal((await daemon.call('DELETE', '/containers/orphan')).status, 204);
  assert.deepEqual(daemon.leftovers(), []);
});

test('fault K67: a pid that belongs to somebody else by now is not taken for the container, and not touched', async () => {
  await create('reused', ['sleep', '1000']);
  await daemon.call('POST', '/containers/reused/start');
  const { State, Id } = await inspect('reused');
  await daemon.kill();
  const { readFileSync } = await import('node:fs');
  process.kill(Number(readFileSync(join(daemon.execRoot, 'c', Id, 'monitor.pid'), 'utf8')), 'SIGKILL');
  process.kill(State.Pid, 'SIGKILL');
  const stranger = spawn('sleep', ['60'], { stdio: 'ignore' });
  const records = new DatabaseSync(join(daemon.dataRoot, 'berth.db'));
  const row = records.prepare('SELECT value FROM containers WHERE key = ?').get(Id);
  const record = JSON.parse(String(row?.['value'])) as { state: { process: { pid: number } } };
  record.state.process.pid = stranger.pid ?? 0;
  records.prepare('UPDATE containers SET value = ? WHERE key = ?').run(JSON.stringify(record), Id);
  records.close();
  await daemon.up();
  assert.equal((await inspect('reused')).State.Status, 'exited');
  assert.equal((await daemon.call('DELETE', '/containers/reused?force=1')).status, 204);
  assert.equal(stranger.exitCode, null);
  assert.equal(stranger.signalCode, null);
  stranger.kill();
  assert.deepEqual(daemon.leftovers(), []);
});

test('fault K65: a torn record is left out with a warning, the daemon starts, and the others are there', async () => {
  await create('whole', ['true']);
  await create('torn', ['true']);
  const { Id } = await inspect('torn');
  await daemon.kill();
  const records = new DatabaseSync(join(daemon.dataRoot, 'berth.db'));
  records.prepare('UPDATE containers SET value = substr(value, 1, 40) WHERE key = ?').run(Id);
  records.close();
  await daemon.up();
  assert.equal((await daemon.get('/containers/whole/json')).status, 200);
  assert.equal((await daemon.get(`/containers/${Id}/json`)).status, 404);
  assert.match(daemon.log, new RegExp(`containers record ${Id} skipped`));
  assert.ok(existsSync(join(daemon.dataRoot, 'containers', Id)), 'what cannot be read is kept for a person to look at');
  await daemon.docker('rm', 'whole');
  await daemon.kill();
  const again = new DatabaseSync(join(daemon.dataRoot, 'berth.db'));
  again.prepare('DELETE FROM containers WHERE key = ?').run(Id);
  again.close();
  await daemon.up();
  assert.deepEqual(await strays(), []);
});

test('fault K70: SIGTERM in the middle of work ends the daemon in time, and what runs goes on', async () => {
  await create('stays', ['sleep', '1000']);
  await daemon.call('POST', '/containers/stays/start');
  const following = daemon.docker('logs', '-f', 'stays');
  const begun = Date.now();
  await daemon.stop();
  assert.ok(Date.now() - begun < 15_000);
  await following;
  await daemon.up();
  assert.equal((await inspect('stays')).State.Running, true);
  await daemon.docker('rm', '-f', 'stays');
  assert.deepEqual(daemon.leftovers(), []);
});

test('fault K70: a second daemon on the same root is refused', async () => {
  const { execute } = await import('../support/daemon.ts');
  const second = await execute(process.execPath, [
    new URL('../../src/bin/berth.ts', import.meta.url).pathname,
    'daemon',
    '--data-root',
    daemon.dataRoot,
    '--exec-root',
    `${daemon.execRoot}2`,
    '--host',
    `${daemon.host}2`,
  ]);
  assert.equal(second.code, 1);
  assert.match(second.stderr, /another daemon uses/);
});

test('fault K69: nobody else can read the roots, and the socket is the group’s', async () => {
  const { statSync } = await import('node:fs');
  const mode = (path: string): string => (statSync(path).mode & 0o777).toString(8);
  assert.equal(mode(daemon.dataRoot), '710');
  assert.equal(mode(join(daemon.dataRoot, 'berth.db')), '600');
  assert.equal(mode(join(daemon.dataRoot, 'containers')), '710');
  assert.equal(mode(daemon.socket), '660');
});
