// What flags of `create` and `update` say alike: health checks, restarts, updates, resources, and labels that Berth reads. Pure.
import type { HealthConfig } from '../../../../spec/docker/container.ts';
import type { CommonFlags, Given } from './flags.ts';
import type { GenericResource, Labels, Resources, RestartPolicy, UpdateConfig } from './model.ts';

type Common = Given<CommonFlags>;

/** Nanoseconds; none where it is nothing. */
const nanos = (value: bigint): number | undefined => (value === 0n ? undefined : Number(value));

/** What each `--health-…` sets; without a value it is not there. */
const HEALTH: {
  readonly [name: string]: (flags: CommonFlags) => { [K in keyof HealthConfig]?: HealthConfig[K] | undefined };
} = {
  cmd: (flags) => ({ Test: flags['health-cmd'] === '' ? undefined : ['CMD-SHELL', flags['health-cmd']] }),
  retries: (flags) => ({ Retries: flags['health-retries'] || undefined }),
  interval: (flags) => ({ Interval: nanos(flags['health-interval']) }),
  timeout: (flags) => ({ Timeout: nanos(flags['health-timeout']) }),
  'start-period': (flags) => ({ StartPeriod: nanos(flags['health-start-period']) }),
  'start-interval': (flags) => ({ StartInterval: nanos(flags['health-start-interval']) }),
};

/** Throws in Docker's words. */
export function healthOf({ flags, changed }: Common, before?: HealthConfig): HealthConfig | undefined {
  const asked = Object.entries(HEALTH).filter(([name]) => changed(`health-${name}`));
  if (flags['no-healthcheck']) {
    if (asked.length > 0) throw new Error('--no-healthcheck conflicts with --health-* options');
    return { Test: ['NONE'] };
  }
  if (asked.length === 0) return before;
  const { Test, ...rest } = before ?? {};
  const made = { ...rest, ...(Test === undefined || Test[0] === 'NONE' ? {} : { Test }) };
  for (const [, read] of asked) Object.assign(made, read(flags));
  return Object.fromEntries(Object.entries(made).filter(([, value]) => value !== undefined));
}

/** What was there before stays where no flag names it; without a flag there is none unless there was one. */
export function restartOf({ flags, changed }: Common, before?: RestartPolicy): RestartPolicy | undefined {
  const names = ['restart-condition', 'restart-delay', 'restart-max-attempts', 'restart-window'];
  if (!names.some(changed)) return before;
  return {
    ...(before ?? { Condition: 'any', Delay: 5e9, MaxAttempts: 0 }),
    ...(changed('restart-condition') ? { Condition: flags['restart-condition'] } : {}),
    ...(changed('restart-delay') ? { Delay: Number(flags['restart-delay']) } : {}),
    ...(changed('restart-max-attempts') ? { MaxAttempts: flags['restart-max-attempts'] } : {}),
    ...(changed('restart-window') ? { Window: Number(flags['restart-window']) } : {}),
  };
}

const UPDATE_DEFAULTS: UpdateConfig = {
  Parallelism: 1,
  FailureAction: 'pause',
  Monitor: 5e9,
  MaxFailureRatio: 0,
  Order: 'stop-first',
};
const UPDATE_NAMES = ['parallelism', 'delay', 'monitor', 'failure-action', 'max-failure-ratio', 'order'] as const;

export function updateOf(
  kind: 'update' | 'rollback',
  { flags, changed }: Common,
  before?: UpdateConfig,
): UpdateConfig | undefined {
  const is = (name: (typeof UPDATE_NAMES)[number]): boolean => changed(`${kind}-${name}`);
  if (!UPDATE_NAMES.some(is)) return before;
  return {
    ...(before ?? UPDATE_DEFAULTS),
    ...(is('parallelism') ? { Parallelism: flags[`${kind}-parallelism`] } : {}),
    ...(is('delay') ? { Delay: nanos(flags[`${kind}-delay`]) } : {}),
    ...(is('failure-action') ? { FailureAction: flags[`${kind}-failure-action`] } : {}),
    ...(is('monitor') ? { Monitor: nanos(flags[`${kind}-monitor`]) } : {}),
    ...(is('max-failure-ratio') ? { MaxFailureRatio: flags[`${kind}-max-failure-ratio`] } : {}),
    ...(is('order') ? { Order: flags[`${kind}-order`] } : {}),
  };
}

/** `generic` is the whole list of what is reserved by count. */
export function resourcesOf(
  { flags, changed }: Common,
  before: Resources | undefined,
  generic: readonly GenericResource[] | undefined,
): Resources | undefined {
  const plain = ['limit-cpu', 'limit-memory', 'limit-pids', 'reserve-cpu', 'reserve-memory'].some(changed);
  if (!plain && generic === undefined) return before;
  const set = (name: 'limit-cpu' | 'limit-memory' | 'limit-pids' | 'reserve-cpu' | 'reserve-memory', key: string) =>
    changed(name) ? { [key]: flags[name] || undefined } : {};
  return {
    ...(plain || before?.Limits
      ? {
          Limits: {
            ...before?.Limits,
            ...set('limit-cpu', 'NanoCPUs'),
            ...set('limit-memory', 'MemoryBytes'),
            ...set('limit-pids', 'Pids'),
          },
        }
      : {}),
    Reservations: {
      ...before?.Reservations,
      ...set('reserve-cpu', 'NanoCPUs'),
      ...set('reserve-memory', 'MemoryBytes'),
      ...(generic === undefined ? {} : { GenericResources: generic.length === 0 ? undefined : generic }),
    },
  };
}

/** When the jobs of a service run. */
export const SCHEDULE_LABEL = 'berth.schedule';

/** Flags that are labels which the managers read. */
export function ownLabels({ flags, changed }: Common): Labels {
  return {
    ...(changed('autoscale') ? { 'berth.autoscale': flags.autoscale } : {}),
    ...(changed('fence') ? { 'berth.fence': String(flags.fence) } : {}),
    ...(changed('max-unavailable') ? { 'berth.max-unavailable': String(flags['max-unavailable']) } : {}),
    ...(changed('priority') ? { 'berth.priority': String(flags.priority) } : {}),
    ...(changed('schedule') ? { [SCHEDULE_LABEL]: flags.schedule } : {}),
    ...(changed('strategy') ? { 'berth.strategy': flags.strategy } : {}),
  };
}
