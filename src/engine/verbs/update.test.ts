import assert from 'node:assert/strict';
import { test } from 'node:test';
import { decode, updateRequest } from '../../spec/docker/schemas/index.ts';
import type { UpdateSpec } from '../create/index.ts';
import { engineBench } from '../testing.ts';

const MB = 1024 * 1024;

function spec(body: object): UpdateSpec {
  const { RestartPolicy, ...limits } = decode(updateRequest, body, 'UpdateConfig');
  return { limits, restartPolicy: RestartPolicy, devices: false };
}

test('new limits of a running container reach its processes, those of another wait for its start', async (t) => {
  const bench = await engineBench(t);
  const [running, resting] = [await bench.create(['deaf']), await bench.create(['deaf'])];
  await bench.engine.start(running);
  for (const id of [running, resting]) await bench.engine.update(id, spec({ Memory: 30 * MB }));
  assert.deepEqual([...bench.runtime.limits.keys()], [running]);
  const { HostConfig } = await bench.engine.inspect(resting, false);
  assert.equal(HostConfig.Memory, 30 * MB);
});

test('values that make no sense are refused before the container is looked for', async (t) => {
  const bench = await engineBench(t);
  const wrong = { RestartPolicy: { Name: 'always', MaximumRetryCount: 3 } };
  await assert.rejects(bench.engine.update('nosuch', spec(wrong)), { kind: 'invalid' });
  await assert.rejects(bench.engine.update('nosuch', spec({ Memory: 1 })), {
    message: 'Minimum memory limit allowed is 6MB',
  });
  await assert.rejects(bench.engine.update('nosuch', spec({})), { kind: 'notFound' });
});

test('what the container has rules out what does not go with it, and nothing changes', async (t) => {
  const bench = await engineBench(t);
  const id = await bench.create(['deaf'], { HostConfig: { AutoRemove: true, NanoCpus: 5e8 } });
  await bench.engine.start(id);
  await assert.rejects(bench.engine.update(id, spec({ CpuPeriod: 50_000 })), { kind: 'conflict' });
  await assert.rejects(bench.engine.update(id, spec({ RestartPolicy: { Name: 'always' } })), { kind: 'conflict' });
  assert.equal(bench.runtime.limits.size, 0);
  assert.equal((await bench.engine.inspect(id, false)).HostConfig.CpuPeriod, 0);
});
