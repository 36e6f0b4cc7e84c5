import assert from 'node:assert/strict';
import { test } from 'node:test';
import { nextHealth, untilProbe } from './health.ts';

const S = 1e9;

test('users E15: a start interval holds from the start, also without a start period, and never sleeps past its end', () => {
  const without = { StartInterval: 1 * S, Interval: 30 * S };
  assert.deepEqual(
    [0, 10, 29.5, 30, 60].map((at) => untilProbe('starting', without, at * S) / S),
    [1, 1, 0.5, 30, 30],
  );
  // moby#46747: the period is shorter than the interval within it
  const short = { StartPeriod: 2 * S, StartInterval: 30 * S, Interval: 3 * S };
  assert.deepEqual([untilProbe('starting', short, 0) / S, untilProbe('starting', short, 2 * S) / S], [2, 3]);
  assert.equal(untilProbe('healthy', without, 1 * S), 30 * S);
  // as in dockerd: no setting at all
  assert.equal(untilProbe('starting', {}, 0), 30 * S);
  assert.equal(untilProbe('starting', { StartPeriod: 60 * S }, 0), 5 * S);
});

test('users E15: probes that the start interval brings forward do not make a container unhealthy', () => {
  const config = { StartInterval: 1 * S, Interval: 30 * S, Retries: 1 };
  const starting = { status: 'starting' as const, failingStreak: 0, log: [] };
  const failed = (second: number) => ({
    Start: new Date(second * 1000).toISOString(),
    End: '',
    ExitCode: 1,
    Output: '',
  });
  assert.equal(nextHealth(starting, failed(5), config, 0).status, 'starting');
  assert.equal(nextHealth(starting, failed(30), config, 0).status, 'unhealthy');
});
