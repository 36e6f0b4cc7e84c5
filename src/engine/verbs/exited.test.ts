import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { engineBench } from '../testing.ts';

test('an end is written down, everything is given back, and those who wait are told', async (t) => {
  const bench = await engineBench(t);
  const id = await bench.create(['ends', '3'], { HostConfig: { Binds: ['data:/data'] } });
  const { ended } = bench.engine.wait(id, 'next-exit', new AbortController().signal);
  await bench.engine.start(id);
  assert.deepEqual(await ended, { exitCode: 3 });
  assert.equal(await bench.status(id), 'exited');
  assert.deepEqual(bench.events, ['create', 'start', 'die 3']);
  assert.deepEqual(bench.holds(), []);
});

test('`on-failure:2` starts what fails twice more, then leaves it', async (t) => {
  const bench = await engineBench(t);
  const policy = { RestartPolicy: { Name: 'on-failure', MaximumRetryCount: 2 } } as const;
  const id = await bench.create(['ends', '1'], { HostConfig: policy });
  await bench.engine.start(id);
  await bench.becomes(id, 'exited');
  assert.equal((await bench.engine.inspect(id, false)).RestartCount, 2);
  assert.deepEqual(bench.events, ['create', ...Array.from({ length: 3 }, () => ['start', 'die 1']).flat()]);
});

test('`on-failure` leaves what succeeded', async (t) => {
  const bench = await engineBench(t);
  const id = await bench.create(['ends', '0'], { HostConfig: { RestartPolicy: { Name: 'on-failure' } } });
  await bench.engine.start(id);
  await bench.becomes(id, 'exited');
  await delay(150);
  assert.deepEqual(bench.events, ['create', 'start', 'die 0']);
});

test('`always` brings back what ended by itself, and not what a person stopped', async (t) => {
  const bench = await engineBench(t);
  const id = await bench.create(['polite'], { HostConfig: { RestartPolicy: { Name: 'always' } } });
  await bench.engine.start(id);
  const { Pid } = (await bench.engine.inspect(id, false)).State;
  bench.runtime.signal(Pid, 9);
  await bench.becomes(id, 'restarting');
  await bench.becomes(id, 'running');
  assert.notEqual((await bench.engine.inspect(id, false)).State.Pid, Pid);
  await bench.engine.stop(id, '', 5);
  await delay(150);
  assert.equal(await bench.status(id), 'exited');
});

test('a stop while a restart is waited for is the end of it', async (t) => {
  const bench = await engineBench(t);
  const id = await bench.create(['ends', '1'], { HostConfig: { RestartPolicy: { Name: 'always' } } });
  await bench.engine.start(id);
  await bench.becomes(id, 'restarting');
  await bench.engine.stop(id, '', 5);
  const before = bench.runtime.calls.filter((one) => one === 'create').length;
  await delay(300);
  assert.equal(await bench.status(id), 'exited');
  assert.equal(bench.runtime.calls.filter((one) => one === 'create').length, before);
});

test('an --rm container goes with its anonymous volumes; those who wait for that hear its code', async (t) => {
  const bench = await engineBench(t);
  const id = await bench.create(['ends', '4'], {
    HostConfig: { AutoRemove: true, Binds: ['kept:/kept'] },
    Volumes: { '/anonymous': {} },
  });
  const { ended } = bench.engine.wait(id, 'removed', new AbortController().signal);
  await bench.engine.start(id);
  assert.deepEqual(await ended, { exitCode: 4 });
  assert.equal(bench.engine.knows(id), false);
  assert.deepEqual([...bench.volumes.users.keys()], ['kept']);
  assert.deepEqual(bench.events, ['create', 'start', 'die 4', 'destroy']);
});

test('want of memory is told with the end', async (t) => {
  const bench = await engineBench(t);
  const id = await bench.create(['deaf']);
  await bench.engine.start(id);
  bench.runtime.noteOutOfMemory(id);
  await bench.engine.kill(id, '');
  assert.equal((await bench.engine.inspect(id, false)).State.OOMKilled, true);
  assert.deepEqual(bench.events, ['create', 'start', 'kill', 'oom', 'die 137']);
});
