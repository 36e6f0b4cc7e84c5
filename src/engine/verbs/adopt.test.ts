import assert from 'node:assert/strict';
import { test } from 'node:test';
import { randomId } from '../../base/ids.ts';
import { FAKE_OCI } from '../../runtime/testing.ts';
import { engineBench } from '../testing.ts';

test('what runs goes on under the next daemon, with all that it holds', async (t) => {
  const bench = await engineBench(t);
  const id = await bench.create(['polite'], { HostConfig: { Binds: ['data:/data'] } });
  await bench.engine.start(id);
  const before = bench.holds();
  const { Pid } = (await bench.engine.inspect(id, false)).State;
  await bench.crash();
  assert.equal((await bench.engine.inspect(id, false)).State.Pid, Pid);
  assert.deepEqual(bench.holds(), before);
  await bench.engine.stop(id, '', 5);
  assert.deepEqual(bench.holds(), []);
});

test('what ended while no daemon was there has its code, and its policy counts', async (t) => {
  const bench = await engineBench(t);
  const once = await bench.create(['polite']);
  const always = await bench.create(['polite'], { HostConfig: { RestartPolicy: { Name: 'always' } } });
  await bench.engine.start(once);
  await bench.engine.start(always);
  await bench.engine.close(false);
  for (const id of [once, always]) bench.runtime.signal((await bench.engine.inspect(id, false)).State.Pid, 9);
  await new Promise((resolve) => setTimeout(resolve, 20));
  await bench.crash();
  assert.equal((await bench.engine.inspect(once, false)).State.ExitCode, 137);
  assert.equal(await bench.status(once), 'exited');
  assert.equal(await bench.status(always), 'running');
});

test('after a loss of power nothing runs, and the code says that nobody knows it', async (t) => {
  const bench = await engineBench(t);
  const id = await bench.create(['deaf'], { HostConfig: { Binds: ['data:/data'] } });
  await bench.engine.start(id);
  bench.runtime.powerLoss();
  await bench.crash();
  const { Status, ExitCode } = (await bench.engine.inspect(id, false)).State;
  assert.deepEqual([Status, ExitCode], ['exited', 255]);
  assert.deepEqual(bench.holds(), []);
  await bench.engine.start(id);
  assert.equal(await bench.status(id), 'running');
});

test('a container of the runtime that no record knows is taken away', async (t) => {
  const bench = await engineBench(t);
  const id = await bench.create(['deaf']);
  await bench.engine.start(id);
  const stranger = randomId();
  const spec = bench.runtime.specOf(id);
  await bench.runtime.create({
    id: stranger,
    name: '',
    spec: { ...spec, linux: { ...spec.linux, cgroupsPath: `/berth/test/${stranger}` } },
    runtime: FAKE_OCI,
    logFile: undefined,
    logMaxBytes: undefined,
    stdin: false,
    keepStdin: false,
  });
  await bench.crash();
  assert.throws(() => bench.runtime.specOf(stranger));
  assert.equal(await bench.status(id), 'running');
});
