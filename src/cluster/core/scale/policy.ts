// How a service grows and shrinks with its load, and what was measured of it. Pure.

/** One measurement, and what was wanted at that moment. The series is kept, so that decisions can be replayed. */
export interface Sample {
  readonly at: number;
  /** Average of the tasks that were measured; absent or no number: a gap. */
  readonly value?: number | undefined;
  readonly tasks: number;
  readonly replicas: number;
  /** Connections that wait for a service that was scaled to zero. */
  readonly waiting?: number | undefined;
}

export interface StepLimit {
  /** In each `period` so many tasks or so many percent, whichever is more. */
  readonly tasks?: number | undefined;
  readonly percent?: number | undefined;
  readonly period: number;
}

export interface Direction {
  /** What all samples of so long agree on is done. */
  readonly stabilisation: number;
  readonly limit?: StepLimit | undefined;
}

export interface AutoscalePolicy {
  /** For people: `cpu`, `requests/s`. */
  readonly metric: string;
  readonly min: number;
  readonly max: number;
  /** Of one task. */
  readonly target: number;
  /** Nearer than this to the target nothing is done. */
  readonly tolerance: number;
  readonly up: Direction;
  readonly down: Direction;
  /** An older sample says nothing any more. */
  readonly stale: number;
  /** With `min` 0: so long without any load before the last task goes. */
  readonly idle: number;
}

export function autoscalePolicy(
  more: Partial<AutoscalePolicy> & Pick<AutoscalePolicy, 'target' | 'max'>,
): AutoscalePolicy {
  return {
    metric: 'cpu',
    min: 1,
    tolerance: 0.1,
    up: { stabilisation: 6000 },
    down: { stabilisation: 60_000, limit: { percent: 50, tasks: 1, period: 60_000 } },
    stale: 15_000,
    idle: 300_000,
    ...more,
  };
}

/** What is wrong with a policy; it is followed all the same, as far as it goes. */
export function policyProblems({ min, max, target, tolerance }: AutoscalePolicy): readonly string[] {
  return [
    ...(min > max ? [`min ${min} is greater than max ${max}: max holds`] : []),
    ...(Number.isInteger(min) && min >= 0 ? [] : [`min ${min} is no number of tasks`]),
    ...(Number.isInteger(max) && max >= 0 ? [] : [`max ${max} is no number of tasks`]),
    ...(Number.isFinite(target) && target > 0 ? [] : [`target ${target} is not above 0`]),
    ...(tolerance >= 0 && tolerance < 1 ? [] : [`tolerance ${tolerance} is not between 0 and 1`]),
  ];
}
