import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import type { ExecSpec } from '../create/index.ts';
import { type EngineBench, engineBench } from '../testing.ts';

const spec = (cmd: string[], more: Partial<ExecSpec> = {}): ExecSpec => ({
  cmd,
  env: [],
  workingDir: '',
  user: '',
  tty: false,
  privileged: false,
  attachStdin: false,
  attachStdout: true,
  attachStderr: true,
  detachKeys: '',
  consoleSize: undefined,
  ...more,
});

/** Starts it with somebody attached; what came to them, when it has ended. */
async function attached({ engine }: EngineBench, id: string): Promise<string> {
  const heard: string[] = [];
  const closed = Promise.withResolvers<void>();
  await engine.startExec({
    exec: engine.checkExecStart(id),
    io: {
      input: undefined,
      closed: closed.promise,
      write: (channel, data) => heard.push(`${channel} ${data.toString().trim()}`) > 0,
      drained: () => Promise.resolve(),
      end: () => closed.resolve(),
    },
    consoleSize: undefined,
  });
  return heard.join(', ');
}

test('an exec gives its output and its code, and the container goes on', async (t) => {
  const bench = await engineBench(t);
  const id = await bench.create(['deaf']);
  await bench.engine.start(id);
  const exec = bench.engine.createExec(id, spec(['says']));
  assert.equal(await attached(bench, exec), 'stdout out, stderr err');
  const { Running, ExitCode } = bench.engine.inspectExec(exec);
  assert.deepEqual([Running, ExitCode], [false, 0]);
  assert.equal(await bench.status(id), 'running');
  assert.deepEqual(bench.events.slice(2), ['exec_create: says', 'exec_start: says', 'exec_die 0']);
});

test('a program that is not there fails the exec with 127, and nothing else', async (t) => {
  const bench = await engineBench(t);
  const id = await bench.create(['deaf']);
  await bench.engine.start(id);
  const exec = bench.engine.createExec(id, spec(['none']));
  await assert.rejects(attached(bench, exec), /OCI runtime exec failed: .*executable file not found/);
  assert.equal(bench.engine.inspectExec(exec).ExitCode, 127);
  assert.equal(await bench.status(id), 'running');
});

test('an exec runs once', async (t) => {
  const bench = await engineBench(t);
  const id = await bench.create(['deaf']);
  await bench.engine.start(id);
  const exec = bench.engine.createExec(id, spec(['ends', '2']));
  await attached(bench, exec);
  assert.throws(() => bench.engine.checkExecStart(exec), /has already run/);
});

test('an exec in what does not run is refused, and one that runs ends with its container', async (t) => {
  const bench = await engineBench(t);
  const id = await bench.create(['deaf']);
  assert.throws(() => bench.engine.createExec(id, spec(['deaf'])), /is not running/);
  await bench.engine.start(id);
  const exec = bench.engine.createExec(id, spec(['deaf']));
  const over = attached(bench, exec);
  while (bench.engine.inspectExec(exec).Pid === 0) await delay(1);
  await bench.engine.kill(id, '');
  await over;
  assert.equal(bench.engine.inspectExec(exec).ExitCode, 137);
  assert.throws(() => bench.engine.checkExecStart('none'), /No such exec instance: none/);
});
