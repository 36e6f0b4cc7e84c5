import assert from 'node:assert/strict';
import { test } from 'node:test';
import { engineBench } from '../testing.ts';

test('a container that was made holds a name, a directory and nothing else', async (t) => {
  const bench = await engineBench(t);
  const id = await bench.create(['deaf'], {}, 'web');
  assert.equal(await bench.status(id), 'created');
  assert.deepEqual(bench.events, ['create']);
  assert.deepEqual(bench.holds(), []);
  assert.deepEqual(bench.runtime.calls, []);
  assert.equal((await bench.engine.inspect('web', false)).Id, id);
});

test('a name that is taken is refused with who has it, and its owner stays as it was', async (t) => {
  const bench = await engineBench(t);
  const id = await bench.create(['deaf'], {}, 'web');
  await assert.rejects(bench.create(['deaf'], {}, 'web'), new RegExp(`"/web" is already in use by container "${id}"`));
  assert.equal((await bench.engine.list({ all: true, limit: 0, filters: new Map() })).length, 1);
});

test('a create that fails on the way gives back its name and its volumes', async (t) => {
  const bench = await engineBench(t);
  bench.volumes.ensure = ({ name }) => Promise.reject(new Error(`no driver for ${name}`));
  await assert.rejects(bench.create(['deaf'], { HostConfig: { Binds: ['data:/data'] } }, 'web'), /no driver for data/);
  assert.deepEqual(await bench.engine.list({ all: true, limit: 0, filters: new Map() }), []);
  Reflect.deleteProperty(bench.volumes, 'ensure');
  await bench.create(['deaf'], {}, 'web');
});

test('an image that is not there, no program, and a name that is none are refused', async (t) => {
  const bench = await engineBench(t);
  await assert.rejects(bench.create(['deaf'], { Image: 'none' }), /No such image: none:latest/);
  await assert.rejects(bench.create([], {}), /no command specified/);
  await assert.rejects(bench.create(['deaf'], {}, '-'), /Invalid container name/);
  assert.deepEqual(bench.events, []);
});

test('a container outlives its daemon', async (t) => {
  const bench = await engineBench(t);
  const id = await bench.create(['deaf'], { Labels: { a: 'b' } }, 'web');
  await bench.crash();
  assert.equal((await bench.engine.inspect('web', false)).Id, id);
  assert.equal(await bench.status(id), 'created');
  await assert.rejects(bench.create(['deaf'], {}, 'web'), /already in use/);
});
