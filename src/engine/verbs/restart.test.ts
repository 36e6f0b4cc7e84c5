import assert from 'node:assert/strict';
import { test } from 'node:test';
import { engineBench } from '../testing.ts';

test('a restart ends the process in order and makes another', async (t) => {
  const bench = await engineBench(t);
  const id = await bench.create(['polite']);
  await bench.engine.start(id);
  const before = (await bench.engine.inspect(id, false)).State.Pid;
  await bench.engine.restart(id, '', 5);
  const { State } = await bench.engine.inspect(id, false);
  assert.equal(State.Status, 'running');
  assert.notEqual(State.Pid, before);
  assert.deepEqual(bench.events, ['create', 'start', 'kill', 'die 7', 'stop', 'start', 'restart']);
});

test('a restart of what does not run is a start', async (t) => {
  const bench = await engineBench(t);
  const id = await bench.create(['deaf']);
  await bench.engine.restart(id, '', 5);
  assert.equal(await bench.status(id), 'running');
});

test('an --rm container survives its own restart, and goes at its next end', async (t) => {
  const bench = await engineBench(t);
  const id = await bench.create(['polite'], { HostConfig: { AutoRemove: true } });
  await bench.engine.start(id);
  await bench.engine.restart(id, '', 5);
  assert.equal(await bench.status(id), 'running');
  await bench.engine.stop(id, '', 5);
  assert.equal(bench.engine.knows(id), false);
});
