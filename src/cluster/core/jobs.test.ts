// Jobs: so many completions, so many at a time, on each node, again by a new iteration, by a schedule.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { type CronSchedule, printPlan, scheduleProblem, type Service } from './index.ts';
import { aNode, aService, Simulator } from './testing.ts';

const MINUTE = 60_000;
const job = (more: Partial<Service> = {}): Service =>
  aService('job', { mode: { kind: 'replicated-job', maxConcurrent: 2, totalCompletions: 5 }, ...more });
const NODES = [aNode('n1'), aNode('n2')];
const completes = (): { endsAfter: number; completes: boolean } => ({ endsAfter: 1000, completes: true });

test('a replicated job runs to its total, so many at a time, with slots from 0', () => {
  const sim = new Simulator(NODES, [job()], completes);
  sim.run(10_000, 250, () => assert.ok(sim.running('job').length <= 2));
  const done = sim.tasksOf('job').filter(({ state }) => state === 'complete');
  assert.deepEqual(
    done.map(({ slot }) => slot),
    [0, 1, 2, 3, 4],
  );
  assert.ok(done.every(({ desired }) => desired === 'complete'));
  assert.equal(printPlan(sim.plan('job')), '');
});

test('a slot that used up its attempts is not tried again, and the others go on', () => {
  const policy = { condition: 'on-failure', delay: 100, maxAttempts: 2, window: 0 } as const;
  const sim = new Simulator(NODES, [job({ restart: policy })], (task) =>
    task.slot === 1 ? { endsAfter: 100 } : completes(),
  );
  sim.run(20_000, 100);
  const of = (slot: number): readonly string[] =>
    sim
      .tasksOf('job')
      .filter((task) => task.slot === slot)
      .map(({ state }) => state);
  assert.deepEqual(of(1), ['failed', 'failed', 'failed']);
  assert.deepEqual([0, 2, 3, 4].flatMap(of), ['complete', 'complete', 'complete', 'complete']);
});

test('a new iteration runs all again, and keeps the tasks of the one before', () => {
  const sim = new Simulator(NODES, [job()], completes);
  sim.run(10_000, 250);
  sim.setService('job', { job: { iteration: 1 } });
  sim.run(10_000, 250);
  assert.equal(sim.tasksOf('job').filter(({ state }) => state === 'complete').length, 10);
});

test('a global job completes once on each node, also on one that comes later', () => {
  const sim = new Simulator(NODES, [job({ mode: { kind: 'global-job' } })], completes);
  sim.run(5000, 250);
  sim.setNode('n3', aNode('n3'));
  sim.run(5000, 250);
  const nodes = sim.tasksOf('job').map(({ nodeId, state }) => `${nodeId} ${state}`);
  assert.deepEqual(new Set(nodes), new Set(['n1 complete', 'n2 complete', 'n3 complete']));
  assert.equal(nodes.length, 3);
});

describe('a schedule', () => {
  const scheduled = (schedule: Partial<CronSchedule>, endsAfter = 1000): Simulator => {
    const service = job({
      mode: { kind: 'replicated-job', maxConcurrent: 1, totalCompletions: 1 },
      schedule: { expression: '*/5 * * * *', ...schedule },
      createdAt: MINUTE,
    });
    const sim = new Simulator(NODES, [service], () => ({ endsAfter, completes: true }));
    sim.now = MINUTE;
    return sim;
  };

  test('begins a run when it is due, and says when the next one is', () => {
    const sim = scheduled({});
    sim.tick();
    assert.equal(sim.tasksOf('job').length, 0);
    assert.equal(sim.plan('job').wakeAt, 5 * MINUTE);
    sim.run(20 * MINUTE, 1000);
    assert.deepEqual(sim.service('job').job, { iteration: 4, lastExecution: 20 * MINUTE });
    assert.equal(sim.tasksOf('job').filter(({ state }) => state === 'complete').length, 4);
  });

  test('of several runs that were missed the last one is made up for; one that is too late is not', () => {
    const sim = scheduled({});
    sim.now = 23 * MINUTE;
    assert.equal(
      printPlan(sim.plan('job')),
      'startJob serviceId=job iteration=1 at=1200000 # due at 1970-01-01T00:20:00.000Z',
    );
    const late = scheduled({ startingDeadline: MINUTE });
    late.now = 23 * MINUTE;
    assert.equal(
      printPlan(late.plan('job')),
      'skipJob serviceId=job at=1200000 # due at 1970-01-01T00:20:00.000Z, 180 s ago: too late to start',
    );
    late.tick();
    assert.deepEqual([late.tasksOf('job').length, printPlan(late.plan('job'))], [0, '']);
  });

  test('a run that still goes on: skipped, beside it, or in its place', () => {
    const running = (overlap: NonNullable<CronSchedule['overlap']>): Simulator => {
      const sim = scheduled({ overlap }, 7 * MINUTE);
      sim.run(10 * MINUTE, 1000);
      return sim;
    };
    assert.deepEqual([running('skip').running('job').length, running('skip').service('job').job?.iteration], [1, 1]);
    assert.equal(running('allow').running('job').length, 2);
    assert.deepEqual(
      running('replace')
        .running('job')
        .map(({ iteration }) => iteration),
      [2],
    );
  });

  test('knows time zones, and says what is wrong', () => {
    const sim = scheduled({ expression: '0 3 * * *', timezone: 'Europe/Berlin' });
    assert.equal(sim.plan('job').wakeAt, Date.UTC(1970, 0, 1, 2));
    assert.equal(scheduleProblem({ expression: '@daily' }), undefined);
    assert.match(scheduleProblem({ expression: '61 * * * *' }) ?? '', /./);
    assert.match(scheduleProblem({ expression: '0 0 30 2 *' }) ?? '', /./);
    assert.match(scheduleProblem({ expression: '0 0 * * *', timezone: 'Mars/North' }) ?? '', /./);
  });
});
