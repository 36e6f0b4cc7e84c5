import assert from 'node:assert/strict';
import { test } from 'node:test';
import { engineBench } from '../testing.ts';

const never = new AbortController().signal;

test('a wait for what does not run is answered at once, with its last code', async (t) => {
  const bench = await engineBench(t);
  const id = await bench.create(['ends', '5']);
  assert.deepEqual(await bench.engine.wait(id, '', never).ended, { exitCode: 0 });
  await bench.engine.start(id);
  await bench.becomes(id, 'exited');
  assert.deepEqual(await bench.engine.wait(id, 'not-running', never).ended, { exitCode: 5 });
});

test('everyone who waits hears of the same end', async (t) => {
  const bench = await engineBench(t);
  const id = await bench.create(['polite']);
  await bench.engine.start(id);
  const waits = Array.from({ length: 20 }, () => bench.engine.wait(id, '', never).ended);
  await bench.engine.stop(id, '', 5);
  assert.deepEqual(new Set((await Promise.all(waits)).map(({ exitCode }) => exitCode)), new Set([7]));
});

test('who goes away is waited for no more, and the container goes on', async (t) => {
  const bench = await engineBench(t);
  const id = await bench.create(['deaf']);
  await bench.engine.start(id);
  const gone = new AbortController();
  const { ended } = bench.engine.wait(id, '', gone.signal);
  gone.abort();
  await assert.rejects(ended, { kind: 'cancelled' });
  assert.equal(await bench.status(id), 'running');
});

test('a condition that is none is refused', async (t) => {
  const bench = await engineBench(t);
  const id = await bench.create(['deaf']);
  assert.throws(() => bench.engine.wait(id, 'tomorrow', never), /invalid condition: "tomorrow"/);
  assert.throws(() => bench.engine.wait('none', '', never), /No such container: none/);
});
