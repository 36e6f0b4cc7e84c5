// Logs that flood: the daemon neither grows nor waits, a full disk stops neither the container nor its removal.
import assert from 'node:assert/strict';
import { readdirSync, readFileSync, statSync, truncateSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { unmountSync } from '../../src/host/mount.ts';
import { TestDaemon, until } from '../support/daemon.ts';
import { onSmallDisk } from '../support/small-disk.ts';

const memory = (pid: number): number =>
  Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]) / 1024;

async function ok(daemon: TestDaemon, ...args: string[]): Promise<string> {
  const { code, stdout, stderr } = await daemon.berth(...args);
  assert.equal(code, 0, `berth ${args.join(' ')}: ${stderr}`);
  return stdout.trim();
}

function logOf(daemon: TestDaemon, id: string): string[] {
  const folder = join(daemon.dataRoot, 'containers', id);
  return readdirSync(folder)
    .filter((name) => name.startsWith('container.log'))
    .map((name) => join(folder, name));
}

test('fault R43: a container that floods its log is held up by it, not the daemon, and the bound holds', async () => {
  await using daemon = await TestDaemon.start();
  await daemon.busybox();
  const before = memory(daemon.pid);
  const flood = 'a=$(head -c 8000 /dev/zero | tr "\\0" a); yes $a | head -c 1000000000; echo; echo last; sleep 1000';
  const bound = ['--log-opt', 'max-size=1m', '--log-opt', 'max-file=2'];
  const id = await ok(
    daemon,
    'run',
    '-d',
    '--name',
    'flood',
    '--network',
    'none',
    ...bound,
    'busybox',
    'sh',
    '-c',
    flood,
  );
  let slowest = 0;
  await until(async () => {
    const began = performance.now();
    await daemon.get('/_ping');
    slowest = Math.max(slowest, performance.now() - began);
    assert.match(await ok(daemon, 'logs', '--tail', '1', 'flood'), /last$/);
  });
  assert.ok(slowest < 2000, `the daemon was silent for ${Math.round(slowest)} ms`);
  const grown = memory(daemon.pid) - before;
  assert.ok(grown < 100, `the daemon has grown by ${Math.round(grown)} MB`);
  await until(() => {
    const bytes = logOf(daemon, id).reduce((sum, file) => sum + statSync(file).size, 0);
    assert.ok(bytes < 20_000_000, `${bytes}`);
  });
  await ok(daemon, 'rm', '-f', 'flood');
});

test('fault R43: a log that fills the disk stops neither its container nor the verbs on it, and goes with it', async () => {
  const daemon = await TestDaemon.start([], onSmallDisk(48));
  try {
    await daemon.busybox();
    const fill =
      'head -c 60000000 /dev/zero | tr "\\0" a | fold -w 1000; while [ ! -e /dev/shm/go ]; do sleep 0.1; done; echo; echo again; sleep 1000';
    const run = async (name: string): Promise<string> => {
      const id = await ok(daemon, 'run', '-d', '--name', name, '--network', 'none', 'busybox', 'sh', '-c', fill);
      await until(async () => assert.match(await ok(daemon, 'top', name), /sleep 0\.1/));
      return id;
    };
    const id = await run('fills');
    assert.equal(await ok(daemon, 'exec', 'fills', 'echo', 'alive'), 'alive');
    // the records may have room left in their file
    const made = await daemon.berth('create', 'busybox', 'true');
    if (made.code === 0) await ok(daemon, 'rm', made.stdout.trim());
    assert.deepEqual(await ok(daemon, 'ps', '-aq', '--no-trunc'), id, 'nothing stays of what could not be made');
    // room again: what is written from now on is logged
    for (const file of logOf(daemon, id)) truncateSync(file, 0);
    await ok(daemon, 'exec', 'fills', 'touch', '/dev/shm/go');
    await until(async () => assert.match(await ok(daemon, 'logs', '--tail', '1', 'fills'), /again$/));
    await ok(daemon, 'rm', '-f', 'fills');
    await run('once-more');
    await ok(daemon, 'rm', '-f', 'once-more');
    assert.equal(await ok(daemon, 'ps', '-aq'), '');
    assert.equal(await ok(daemon, 'run', '--rm', '--network', 'none', 'busybox', 'echo', 'well'), 'well');
  } finally {
    await daemon.berth('rm', '-f', 'fills');
    await daemon.stop();
    unmountSync(daemon.dataRoot);
    assert.deepEqual(await daemon.end(), []);
  }
});
