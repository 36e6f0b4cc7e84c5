// Scaling of several services of which one or the other fails.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { scaleAll } from './scaling.ts';

test('what was scaled is waited for whatever became of the others', async () => {
  const done: string[] = [];
  const work = {
    scale: async (name: string, count: number) => {
      if (name === 'global') throw new Error('scale can only be used with replicated or replicated-job mode');
      done.push(`${name}=${count}`);
    },
    wait: async (name: string) => {
      done.push(name);
      if (name === 'broken') throw new Error('service update paused');
    },
  };
  const counts = new Map([
    ['broken', 1],
    ['global', 2],
    ['web', 3],
  ]);
  await assert.rejects(scaleAll(counts, work), {
    message: 'global: scale can only be used with replicated or replicated-job mode\nbroken: service update paused',
  });
  assert.deepEqual(done, ['broken=1', 'web=3', 'broken', 'web']);
});
