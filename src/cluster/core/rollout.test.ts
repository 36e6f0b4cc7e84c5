// Updates: what runs at each moment, what failures do, and that what is done is not done again.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { apply, printPlan, type RolloutPolicy, rollout, type Service } from './index.ts';
import { aNode, aService, aTask, type Behaviour, ROLLOUT, Simulator } from './testing.ts';

const NODES = ['n1', 'n2', 'n3'].map((id) => aNode(id));

function updated(
  replicas: number,
  policy: Partial<RolloutPolicy>,
  fresh: Behaviour = {},
  more: Partial<Service> = {},
): Simulator {
  const update = { ...ROLLOUT, ...policy };
  const service = aService('web', { mode: { kind: 'replicated', replicas }, update, rollback: ROLLOUT, ...more });
  const sim = new Simulator(NODES, [service], (task) => (task.revision === 'r2' ? fresh : {}));
  sim.tick();
  sim.update('web', 'r2');
  return sim;
}

const healthy = (sim: Simulator): number => sim.running('web').filter(({ desired }) => desired === 'running').length;
const isCompleted = (sim: Simulator) => (): boolean => sim.service('web').updateStatus?.state === 'completed';
const revisions = (sim: Simulator): string =>
  sim
    .running('web')
    .map(({ revision }) => revision)
    .join(' ');

describe('at each moment of an update', () => {
  const arbitrary = fc.record({
    replicas: fc.integer({ min: 1, max: 9 }),
    parallelism: fc.integer({ min: 1, max: 4 }),
    delay: fc.constantFrom(0, 500, 2000),
    prepare: fc.constantFrom(0, 300, 1500),
    start: fc.constantFrom(0, 300, 1500),
    stop: fc.constantFrom(0, 300, 3000),
  });

  test('stop-first: never fewer run than replicas less parallelism, never more than replicas', () => {
    fc.assert(
      fc.property(arbitrary, ({ replicas, parallelism, delay, prepare, start, stop }) => {
        const sim = updated(replicas, { parallelism, delay }, { prepare, start, stop });
        sim.until(240_000, 250, isCompleted(sim), () => {
          assert.ok(healthy(sim) >= replicas - parallelism, `${healthy(sim)} of ${replicas} at ${sim.now}`);
          assert.ok(sim.running('web').length <= replicas);
        });
        assert.equal(sim.service('web').updateStatus?.state, 'completed');
        assert.ok(sim.running('web').every(({ revision }) => revision === 'r2'));
      }),
      { numRuns: 40 },
    );
  });

  test('start-first: never fewer run than replicas, never more than parallelism beyond them', () => {
    fc.assert(
      fc.property(arbitrary, ({ replicas, parallelism, delay, prepare, start, stop }) => {
        const sim = updated(replicas, { parallelism, delay, order: 'start-first' }, { prepare, start, stop });
        sim.until(240_000, 250, isCompleted(sim), () => {
          assert.ok(healthy(sim) >= replicas);
          assert.ok(sim.running('web').length <= replicas + parallelism, `${sim.running('web').length} at ${sim.now}`);
        });
        assert.equal(sim.service('web').updateStatus?.state, 'completed');
        assert.equal(sim.running('web').length, replicas);
      }),
      { numRuns: 40 },
    );
  });

  test('a plan applied twice changes nothing, and so does planning again', () => {
    fc.assert(
      fc.property(arbitrary, fc.integer({ min: 0, max: 80 }), (of, ticks) => {
        const sim = updated(of.replicas, { parallelism: of.parallelism, delay: of.delay }, of);
        for (let tick = 0; tick < ticks; tick += 1) sim.tick(250);
        const { steps } = sim.plan('web');
        const once = apply(sim.world, steps, sim.now);
        assert.deepEqual(apply(once, steps, sim.now), once);
        sim.world = once;
        assert.equal(printPlan(sim.plan('web')), '');
      }),
      { numRuns: 100 },
    );
  });
});

test('the old task stops only when the new one is prepared', () => {
  const sim = updated(1, {}, { prepare: 3000 });
  sim.run(2500, 500);
  assert.equal(revisions(sim), 'r1');
  sim.run(2000, 500);
  assert.equal(revisions(sim), 'r2');
});

test('the delay lies between batches, and the monitor time before the end', () => {
  const sim = updated(2, { delay: 10_000, monitor: 3000 });
  sim.tick(0);
  sim.tick(0);
  sim.tick(0);
  assert.equal(revisions(sim).includes('r2'), true);
  assert.equal(sim.plan('web').wakeAt, 10_000);
  sim.run(9500, 500);
  assert.equal(sim.running('web').filter(({ revision }) => revision === 'r1').length, 1);
  sim.run(1500, 500);
  assert.equal(revisions(sim), 'r2 r2');
  assert.equal(sim.service('web').updateStatus?.state, 'updating');
  sim.run(14_000, 500);
  assert.equal(sim.service('web').updateStatus?.message, 'update completed');
});

describe('failures', () => {
  test('fault O75: a version that is never healthy pauses the update at the deadline, and the old tasks go on', () => {
    const sim = updated(3, { deadline: 20_000 }, { neverRuns: true });
    sim.run(60_000, 500, () => assert.ok(healthy(sim) >= 2));
    const { updateStatus } = sim.service('web');
    assert.equal(updateStatus?.state, 'paused');
    assert.match(updateStatus?.message ?? '', /^update paused due to failure or early termination of task \w{25}$/);
  });

  test('fault O75: start-first, a version that is never healthy costs nothing', () => {
    const sim = updated(3, { deadline: 20_000, order: 'start-first' }, { neverRuns: true });
    sim.run(60_000, 500, () => assert.equal(healthy(sim), 3));
    assert.equal(sim.service('web').updateStatus?.state, 'paused');
  });

  test('fault O75: a version that crashes within the monitor time is rolled back, and all run the old one', () => {
    const sim = updated(4, { failureAction: 'rollback', parallelism: 2 }, { endsAfter: 2000 });
    sim.run(60_000, 500);
    const { updateStatus, revision } = sim.service('web');
    assert.equal(revision, 'r1');
    assert.equal(updateStatus?.state, 'rollback_completed');
    assert.equal(revisions(sim), 'r1 r1 r1 r1');
  });

  test('fault O75: a crash after the monitor time restarts, and does not stop the update', () => {
    const sim = updated(2, { monitor: 1000, delay: 2000 }, { endsAfter: 4000 });
    sim.run(60_000, 500, () => assert.notEqual(sim.service('web').updateStatus?.state, 'paused'));
  });

  test('fault O75: another leader goes on where the first one died, at any moment', () => {
    // the plan depends on the world alone: a leader that knows nothing else plans the same
    const sim = updated(3, { parallelism: 2 }, { start: 700 });
    for (let at = 0; at < 40; at += 1) {
      sim.tick(250);
      const service = sim.service('web');
      assert.deepEqual(
        rollout(structuredClone(service), structuredClone([...sim.tasksOf('web')]), sim.world.nodes, {}, sim.now),
        rollout(service, sim.tasksOf('web'), sim.world.nodes, {}, sim.now),
      );
    }
    assert.equal(sim.service('web').updateStatus?.state, 'completed');
  });

  test('up to the ratio they are borne', () => {
    let count = 0;
    const service = aService('web', {
      mode: { kind: 'replicated', replicas: 10 },
      update: { ...ROLLOUT, parallelism: 1, maxFailureRatio: 0.2, monitor: 1000 },
    });
    const bad = new Set<string>();
    const sim = new Simulator(NODES, [service], (task) => {
      if (task.revision === 'r2' && task.attempt === undefined && !bad.has(task.id) && (task.slot ?? 0) <= 2) {
        bad.add(task.id);
        count += 1;
      }
      return bad.has(task.id) ? { endsAfter: 500 } : {};
    });
    sim.tick();
    sim.update('web', 'r2');
    sim.run(120_000, 500);
    assert.equal(count, 2);
    assert.equal(sim.service('web').updateStatus?.state, 'completed');
  });

  test('a rollback that fails too is paused, not rolled back again', () => {
    const sim = new Simulator(
      NODES,
      [
        aService('web', {
          mode: { kind: 'replicated', replicas: 2 },
          update: { ...ROLLOUT, failureAction: 'rollback' },
        }),
      ],
      (task) => (task.createdAt > 0 ? { endsAfter: 500 } : {}),
    );
    sim.tick();
    sim.now = 1;
    sim.update('web', 'r2');
    sim.run(60_000, 250);
    assert.equal(sim.service('web').updateStatus?.state, 'rollback_paused');
  });

  test('a paused update leaves running tasks alone', () => {
    const sim = updated(3, { delay: 1000 }, { endsAfter: 500 });
    sim.run(20_000, 250);
    assert.equal(sim.service('web').updateStatus?.state, 'paused');
    assert.equal(sim.running('web').filter(({ revision }) => revision === 'r1').length, 2);
  });
});

describe('an update ends', () => {
  test('though a global service has left a node, before it or in its midst', () => {
    const sim = new Simulator(NODES, [aService('web', { mode: { kind: 'global' } })], () => ({ start: 1000 }));
    sim.run(2000, 250);
    sim.setNode('n1', { availability: 'drain' });
    sim.run(1000, 250);
    sim.update('web', 'r2');
    sim.run(2000, 250);
    sim.setNode('n2', { availability: 'drain' });
    sim.until(60_000, 250, isCompleted(sim));
    assert.equal(sim.service('web').updateStatus?.state, 'completed');
    assert.deepEqual(
      sim.running('web').map(({ nodeId, revision }) => `${nodeId} ${revision}`),
      ['n3 r2'],
    );
    assert.ok(sim.tasksOf('web').length < 9);
  });

  test('though its tasks do, and are not to be restarted', () => {
    const once = { condition: 'on-failure', delay: 0, maxAttempts: 0, window: 0 } as const;
    const sim = updated(2, { monitor: 1000 }, { endsAfter: 3000, completes: true }, { restart: once });
    sim.until(60_000, 250, isCompleted(sim));
    assert.equal(sim.service('web').updateStatus?.state, 'completed');
  });

  test('with failures that are to be borne, and with the old tasks where the new ones never came to run', () => {
    const twice = { condition: 'any', delay: 100, maxAttempts: 2, window: 0 } as const;
    const sim = updated(
      3,
      { failureAction: 'continue', order: 'start-first' },
      { rejects: 'No such image: web:2' },
      { restart: twice },
    );
    sim.until(60_000, 250, isCompleted(sim), () => assert.equal(healthy(sim), 3));
    assert.equal(sim.service('web').updateStatus?.state, 'completed');
    assert.equal(revisions(sim), 'r1 r1 r1');
  });
});

describe('traffic', () => {
  const policy: RolloutPolicy = { ...ROLLOUT, failureAction: 'rollback', traffic: { margin: 0.05, minRequests: 100 } };
  const service = aService('web', {
    mode: { kind: 'replicated', replicas: 2 },
    revision: 'r2',
    previousRevision: 'r1',
    update: policy,
    updateStatus: { state: 'updating', startedAt: 0, message: 'update in progress' },
  });
  const tasks = [
    aTask('old', { slot: 2, nodeId: 'n2' }),
    aTask('new', { slot: 1, nodeId: 'n1', revision: 'r2', createdAt: 10, runningAt: 20, stateAt: 20 }),
  ];
  const nodes = new Map(NODES.map((node) => [node.id, node]));
  const plan = (old: [number, number], fresh: [number, number], now = 1000): string =>
    printPlan(
      rollout(
        service,
        tasks,
        nodes,
        { traffic: { old: { requests: old[0], errors: old[1] }, new: { requests: fresh[0], errors: fresh[1] } } },
        now,
      ),
    );

  test('errors of the new tasks above those of the old ones turn it back, with the sums', () => {
    assert.match(
      plan([1000, 10], [200, 20]),
      /^rollbackService .* # 10% of 200 requests to new tasks failed, 1% to old ones, 5% more allowed$/,
    );
  });

  test('errors that both have do not', () => {
    assert.match(plan([1000, 100], [200, 20]), /^createTask/);
  });

  test('too few requests hold the next batch for the monitor time, and no longer', () => {
    assert.equal(plan([10, 0], [10, 5]), '');
    assert.match(plan([10, 0], [10, 5], 6000), /^createTask/);
  });
});
