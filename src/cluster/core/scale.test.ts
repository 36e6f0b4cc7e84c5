// Autoscaling: the sums, what holds it back, and a replay that decides as live did.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import {
  autoscale,
  type AutoscalePolicy,
  autoscalePolicy,
  explainAutoscale,
  policyProblems,
  replay,
  type Sample,
} from './index.ts';

const POLICY = autoscalePolicy({ target: 50, max: 10, min: 1 });
const EVERY = 2000;

/** A service under a load, as a live loop measures and scales it; tasks are there a step after they are wanted. */
function live(load: readonly (number | undefined)[], policy: AutoscalePolicy, start = 1): readonly Sample[] {
  const series: Sample[] = [];
  let replicas = start;
  let tasks = start;
  for (const [index, total] of load.entries()) {
    const at = (index + 1) * EVERY;
    series.push({
      at,
      value: total === undefined || tasks === 0 ? undefined : total / tasks,
      tasks,
      replicas,
      waiting: tasks === 0 && total ? 1 : 0,
    });
    tasks = replicas;
    replicas = autoscale(series, policy, replicas, at).replicas;
  }
  return series;
}

const constant = (value: number, count: number): readonly number[] => Array.from({ length: count }, () => value);
const wanted = (series: readonly Sample[]): readonly number[] => series.map(({ replicas }) => replicas);

test('explain says why it is four and not five', () => {
  const series = [2000, 4000, 6000].map((at) => ({ at, value: 66, tasks: 3, replicas: 3 }));
  const decision = autoscale(series, POLICY, 3, 6000);
  assert.equal(
    explainAutoscale('web', 3, decision),
    [
      'web: 3 now, 4 wanted (up: cpu 66 of 50 on 3 tasks)',
      '  cpu: 3 tasks x 66 = 198; / 50 = 3.96 tasks',
      '  up: least of 3 samples in 6 s: 4',
      '  down: most of 3 samples in 60 s: 4',
    ].join('\n'),
  );
});

test('a load that stays is answered within 15 s', () => {
  const series = live([...constant(20, 10), ...constant(400, 10)], POLICY);
  const from = 10 * EVERY;
  const at = series.find(({ replicas }) => replicas === 8)?.at ?? Number.POSITIVE_INFINITY;
  assert.ok(at - from <= 15_000, `${at - from} ms`);
});

test('steps are bounded, up and down', () => {
  const policy = autoscalePolicy({
    target: 50,
    max: 20,
    up: { stabilisation: 0, limit: { tasks: 2, percent: 0, period: 10_000 } },
  });
  const up = wanted(live(constant(1000, 8), policy, 2));
  assert.deepEqual(up, [2, 4, 4, 4, 4, 4, 4, 6]);
  const down = wanted(live(constant(10, 100), POLICY, 8));
  assert.deepEqual([...new Set(down)], [8, 4, 2, 1]);
});

describe('fault O76', () => {
  test('a gap, a value that is no number, and one below 0 hold what is there', () => {
    for (const value of [undefined, Number.NaN, Number.POSITIVE_INFINITY, -5]) {
      const series = [
        { at: 0, value: 90, tasks: 4, replicas: 4 },
        ...[20_000, 22_000].map((at) => ({ at, value, tasks: 4, replicas: 4 })),
      ];
      const decision = autoscale(series, POLICY, 4, 22_000);
      assert.equal(decision.replicas, 4);
      assert.equal(decision.cause, 'held: nothing was measured for 22 s');
    }
    assert.equal(autoscale([], POLICY, 4, 0).cause, 'held: nothing was measured');
    assert.equal(autoscale([{ at: 0, value: 90, tasks: 0, replicas: 4 }], POLICY, 4, 0).replicas, 4);
  });

  test('a spike of one sample moves nothing', () => {
    const series = live([...constant(45, 40), 900, ...constant(45, 40)], POLICY);
    assert.deepEqual(new Set(wanted(series)), new Set([1]));
  });

  test('a load that swings does not make it flap', () => {
    const swing = Array.from({ length: 300 }, (_, index) => 200 + 120 * Math.sin(index / 2));
    const changes = wanted(live(swing, POLICY, 4)).filter(
      (replicas, index, all) => index > 0 && replicas !== all[index - 1],
    );
    assert.ok(changes.length <= 3, changes.join(' '));
  });

  test('a min above the max is said, and the max holds', () => {
    const policy = autoscalePolicy({ target: 50, min: 5, max: 3 });
    assert.deepEqual(policyProblems(policy), ['min 5 is greater than max 3: max holds']);
    const decision = autoscale([{ at: 0, value: 500, tasks: 1, replicas: 1 }], policy, 1, 0);
    assert.equal(decision.replicas, 3);
    assert.equal(decision.sums[0], 'min 5 is greater than max 3: max holds');
  });

  test('a target of nothing holds', () => {
    for (const target of [0, -1, Number.NaN])
      assert.equal(autoscale([{ at: 0, value: 5, tasks: 1, replicas: 1 }], { ...POLICY, target }, 1, 0).replicas, 1);
  });

  test('to zero only after the idle time, and back with the first connection', () => {
    const policy = autoscalePolicy({ target: 50, min: 0, max: 5, idle: 100_000 });
    const series = live([...constant(10, 5), ...constant(0, 80), ...constant(30, 10)], policy);
    const zeroAt = series.find(({ replicas }) => replicas === 0)?.at ?? 0;
    assert.ok(zeroAt >= 5 * EVERY + 100_000 && zeroAt <= 5 * EVERY + 106_000, String(zeroAt));
    assert.deepEqual(wanted(series).slice(-9), constant(1, 9));
  });
});

describe('for all series', () => {
  const loads = fc.array(
    fc.option(fc.oneof(fc.integer({ min: 0, max: 2000 }), fc.constant(Number.NaN)), { nil: undefined, freq: 8 }),
    {
      maxLength: 150,
    },
  );
  const policies = fc
    .record({
      min: fc.integer({ min: 0, max: 4 }),
      more: fc.integer({ min: 0, max: 12 }),
      target: fc.integer({ min: 1, max: 100 }),
      stable: fc.constantFrom(0, 6000, 20_000),
    })
    .map(({ min, more, target, stable }) =>
      autoscalePolicy({
        min,
        max: Math.max(1, min + more),
        target,
        idle: 20_000,
        up: { stabilisation: stable, limit: { percent: 100, tasks: 1, period: 10_000 } },
      }),
    );

  test('it stays within its bounds', () => {
    fc.assert(
      fc.property(loads, policies, (load, policy) => {
        for (const { replicas } of live(load, policy, Math.max(1, policy.min)))
          assert.ok(replicas >= policy.min && replicas <= policy.max);
      }),
    );
  });

  test('a replay decides as live did', () => {
    fc.assert(
      fc.property(loads, policies, (load, policy) => {
        const series = live(load, policy, Math.max(1, policy.min));
        const again = replay(series, policy).map(({ replicas }) => replicas);
        assert.deepEqual(again.slice(0, -1), wanted(series).slice(1));
      }),
    );
  });

  test('a replay with a lower bound on the tasks never goes above it', () => {
    const series = live([...constant(20, 10), ...constant(400, 60)], POLICY);
    const capped = replay(series, { ...POLICY, max: 3 });
    assert.equal(Math.max(...capped.map(({ replicas }) => replicas)), 3);
    assert.match(capped.at(-1)?.decision.sums.at(0) ?? '', /3 tasks x 133\.33 = 400/);
  });
});
