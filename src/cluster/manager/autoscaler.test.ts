import assert from 'node:assert/strict';
import { test } from 'node:test';
import { LABEL } from '../model/extensions.ts';
import type { Service, Task } from '../model/objects.ts';
import { Autoscaler, MAX_SAMPLES } from './autoscaler.ts';

test('limit: an hour of samples of a service is kept, and none of a service that is gone', () => {
  let now = 1_000_000;
  const scaler = new Autoscaler(() => now);
  const service = {
    ID: 's',
    Spec: {
      Name: 'web',
      Labels: { [LABEL.autoscale]: 'min=1,max=3,cpu=50' },
      Mode: { Replicated: { Replicas: 2 } },
      TaskTemplate: {},
    },
  } as unknown as Service;
  const tasks = [{ ID: 't', Status: { State: 'running' } }] as unknown as readonly Task[];
  const kept = (): number => Object.values(scaler.explain(service).series)[0]?.length ?? 0;
  for (let at = 0; at < MAX_SAMPLES + 100; at += 1) {
    now += 2000;
    scaler.record('n1', undefined, [['t', 0.5, 1]]);
    scaler.plan([service], () => tasks);
    // asked more often than there is something new
    scaler.plan([service], () => tasks);
    if (at === 99) assert.equal(kept(), 100);
  }
  assert.equal(kept(), MAX_SAMPLES);
  scaler.plan([], () => []);
  assert.equal(kept(), 0);
});
