// When a schedule is due, and what is done about a run that comes late or while the last one goes on. Pure.
import { Cron } from 'croner';
import type { Plan } from '../model/steps.ts';
import type { CronSchedule, Service } from '../model/types.ts';

/** What is wrong with a schedule; undefined when nothing is. */
export function scheduleProblem({ expression, timezone }: CronSchedule): string | undefined {
  try {
    return new Cron(expression, zone(timezone)).nextRun(new Date(0)) === null ? 'it is never due' : undefined;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

export function planSchedule(service: Service, isRunning: boolean, now: number): Plan {
  const { schedule } = service;
  if (schedule === undefined) return { steps: [] };
  let cron: Cron;
  try {
    cron = new Cron(schedule.expression, zone(schedule.timezone));
  } catch {
    return { steps: [] };
  }
  const wakeAt = cron.nextRun(new Date(now))?.getTime();
  const later = wakeAt === undefined ? {} : { wakeAt };
  const since = service.job?.lastExecution ?? service.createdAt;
  const at = latestRun(cron, since, now);
  if (at === undefined) return { steps: [], ...later };
  const text = new Date(at).toISOString();
  const skip = (cause: string): Plan => ({
    steps: [{ op: { kind: 'skipJob', serviceId: service.id, at }, cause }],
    ...later,
  });
  if (schedule.startingDeadline !== undefined && now - at > schedule.startingDeadline)
    return skip(`due at ${text}, ${(now - at) / 1000} s ago: too late to start`);
  if (isRunning && (schedule.overlap ?? 'skip') === 'skip') return skip(`due at ${text}, the run before still goes on`);
  const iteration = (service.job?.iteration ?? 0) + 1;
  return {
    steps: [{ op: { kind: 'startJob', serviceId: service.id, iteration, at }, cause: `due at ${text}` }],
    ...later,
  };
}

/** The last time it was due in (since, now]. */
function latestRun(cron: Cron, since: number, now: number): number | undefined {
  // croner looks strictly before a time, in whole seconds
  const found = cron.previousRuns(1, new Date(Math.floor(now / 1000) * 1000 + 1000))[0]?.getTime();
  return found !== undefined && found > since && found <= now ? found : undefined;
}

function zone(timezone: string | undefined): { timezone: string; paused: true } {
  return { timezone: timezone ?? 'UTC', paused: true };
}
