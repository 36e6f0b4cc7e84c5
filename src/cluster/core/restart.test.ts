// Restarts: Swarm's count of N+1, its window, and the delays that grow.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { type RestartPolicy, restart, type Task } from './index.ts';
import { aNode, aService, aTask, Simulator } from './testing.ts';

const POLICY: RestartPolicy = { condition: 'any', delay: 5000, maxAttempts: 0, window: 0 };

/** Tasks of one slot that failed after each other. */
function failures(times: readonly number[], more: Partial<Task> = {}): readonly Task[] {
  return times.map((at, index) =>
    aTask(`t${index}`, {
      state: 'failed',
      createdAt: index === 0 ? 0 : (times[index - 1] ?? 0),
      stateAt: at,
      error: 'boom',
      ...more,
    }),
  );
}

describe('attempts', () => {
  test('N attempts are N+1 tasks in all', () => {
    const sim = new Simulator(
      [aNode('n1')],
      [aService('web', { restart: { ...POLICY, maxAttempts: 3, delay: 1000 } })],
      () => ({ endsAfter: 100 }),
    );
    sim.historyLimit = 1;
    sim.run(60_000, 100);
    assert.equal(sim.tasksOf('web').length, 4);
    assert.ok(sim.tasksOf('web').every((task) => task.state === 'failed' && task.desired === 'shutdown'));
    assert.deepEqual(sim.plan('web'), { steps: [] });
  });

  test('a new template starts counting anew', () => {
    const old = failures([10, 20]);
    assert.equal(
      restart([...old, aTask('x', { revision: 'r2', state: 'failed', stateAt: 30 })], { ...POLICY, maxAttempts: 1 })
        .kind,
      'restart',
    );
  });

  test('with a window only the restarts within it before the last end count', () => {
    const policy = { ...POLICY, maxAttempts: 2, window: 10_000 };
    assert.equal(restart(failures([1000, 2000, 3000]), policy).kind, 'stop');
    assert.equal(restart(failures([1000, 2000, 12_500]), policy).kind, 'restart');
    assert.equal(restart(failures([1000, 5000, 10_500]), policy).kind, 'stop');
  });

  test('what was moved from its node has used no attempt', () => {
    const moved = [aTask('a', { state: 'shutdown', desired: 'shutdown' }), aTask('b', { state: 'failed', stateAt: 5 })];
    assert.equal(restart(moved, { ...POLICY, maxAttempts: 1 }).kind, 'restart');
  });
});

test('an end without an error is final on on-failure and none, not on any', () => {
  const done = [aTask('a', { state: 'complete' })];
  assert.equal(restart(done, { ...POLICY, condition: 'on-failure' }).kind, 'stop');
  assert.equal(restart(done, { ...POLICY, condition: 'none' }).kind, 'stop');
  assert.equal(restart(done, POLICY).kind, 'restart');
});

describe('delays', () => {
  const delays = (policy: RestartPolicy): readonly number[] =>
    [0, 1, 2, 3, 4, 5, 6, 20].map((attempt) => {
      const decision = restart(failures([1000], { attempt }), policy);
      return decision.kind === 'restart' ? decision.at - 1000 : -1;
    });

  test('fault O74: of a crash loop they double after three, up to a minute', () => {
    assert.deepEqual(delays(POLICY), [5000, 5000, 5000, 10_000, 20_000, 40_000, 60_000, 60_000]);
    assert.deepEqual(delays({ ...POLICY, delay: 0 }), [0, 0, 0, 200, 400, 800, 1600, 60_000]);
  });

  test('stay as they are where Swarm is asked for, and where they are long', () => {
    assert.ok(delays({ ...POLICY, backoff: false }).every((delay) => delay === 5000));
    assert.ok(delays({ ...POLICY, delay: 90_000 }).every((delay) => delay === 90_000));
  });

  test('start anew after a run of ten seconds', () => {
    const decision = restart(failures([100_000], { attempt: 9, runningAt: 80_000 }), POLICY);
    assert.deepEqual(decision.kind === 'restart' && [decision.attempt, decision.at], [1, 105_000]);
  });
});

test('a replacement waits its delay in ready, and runs then', () => {
  const sim = new Simulator([aNode('n1')], [aService('web')], (task) => (task.attempt ? {} : { endsAfter: 1000 }));
  sim.tick();
  sim.tick(1000);
  const next = sim.tasksOf('web').at(-1);
  assert.deepEqual([next?.desired, next?.state, next?.notBefore], ['ready', 'ready', 6000]);
  assert.equal(sim.plan('web').wakeAt, 6000);
  sim.tick(4999);
  assert.equal(sim.running('web').length, 0);
  sim.tick(1);
  assert.equal(sim.running('web').length, 1);
});
