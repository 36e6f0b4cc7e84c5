import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { engineBench } from '../testing.ts';

test('a program that handles the stop signal ends with its own code, and is not killed', async (t) => {
  const bench = await engineBench(t);
  const id = await bench.create(['polite']);
  await bench.engine.start(id);
  assert.equal(await bench.engine.stop(id, '', undefined), true);
  assert.equal((await bench.engine.inspect(id, false)).State.ExitCode, 7);
  assert.deepEqual(
    bench.runtime.calls.filter((one) => one.startsWith('signal')),
    ['signal 15'],
  );
  assert.deepEqual(bench.events, ['create', 'start', 'kill', 'die 7', 'stop']);
  assert.deepEqual(bench.holds(), []);
});

test('a program that does not end in its time is killed', async (t) => {
  const bench = await engineBench(t);
  const id = await bench.create(['deaf']);
  await bench.engine.start(id);
  const began = performance.now();
  await bench.engine.stop(id, '', 1);
  assert.ok(performance.now() - began >= 900);
  assert.equal((await bench.engine.inspect(id, false)).State.ExitCode, 137);
  assert.deepEqual(bench.events, ['create', 'start', 'kill', 'kill', 'die 137', 'stop']);
});

test('a stop of what does not run does nothing, and many stops at once are one end', async (t) => {
  const bench = await engineBench(t);
  const id = await bench.create(['polite']);
  assert.equal(await bench.engine.stop(id, '', undefined), false);
  await bench.engine.start(id);
  await Promise.all(Array.from({ length: 5 }, () => bench.engine.stop(id, '', 5)));
  assert.equal(bench.events.filter((one) => one.startsWith('die')).length, 1);
  assert.equal(await bench.engine.stop(id, '', undefined), false);
});

test('a kill returns when the exit was handled, and is refused where nothing runs', async (t) => {
  const bench = await engineBench(t);
  const id = await bench.create(['deaf']);
  await assert.rejects(bench.engine.kill(id, ''), /is not running/);
  await bench.engine.start(id);
  await bench.engine.kill(id, '');
  assert.equal(await bench.status(id), 'exited');
  assert.deepEqual(bench.holds(), []);
  await assert.rejects(bench.engine.kill(id, 'SIGNONE'), /cannot kill container: .*invalid signal: SIGNONE/);
});

test('a signal that the program has no handler for leaves it running', async (t) => {
  const bench = await engineBench(t);
  const id = await bench.create(['deaf']);
  await bench.engine.start(id);
  await bench.engine.kill(id, 'USR1');
  await delay(50);
  assert.equal(await bench.status(id), 'running');
});

test('what is paused is stopped all the same', async (t) => {
  const bench = await engineBench(t);
  const id = await bench.create(['polite']);
  await bench.engine.start(id);
  await bench.engine.pause(id);
  assert.equal(await bench.status(id), 'paused');
  await bench.engine.stop(id, '', 5);
  assert.equal((await bench.engine.inspect(id, false)).State.ExitCode, 7);
});
