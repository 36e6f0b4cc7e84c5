// Whether a task that ended is followed by another one, and when. Pure.
import { endedByItself, ranFor } from '../model/states.ts';
import type { RestartPolicy, Task } from '../model/types.ts';

/** The leader's words on a task whose node changed below it: such an end is no attempt. */
export const UNMET = 'assigned node no longer meets constraints';

/** So many restarts wait the policy's delay, as Swarm's do; those after them wait twice as long each. */
const PLAIN_RESTARTS = 3;
const MIN_BACKOFF_MS = 100;
const MAX_BACKOFF_MS = 60_000;
/** Who ran for so long starts counting anew. */
const STEADY_MS = 10_000;

export type RestartDecision =
  | { readonly kind: 'restart'; readonly at: number; readonly attempt: number; readonly cause: string }
  | { readonly kind: 'stop'; readonly cause: string };

/**
 * `history`: the tasks of one slot, the oldest first; the last one has ended. `maxAttempts` N gives N+1 tasks in all. What was decided once
 * stays so: nothing here depends on the present but the past.
 */
export function restart(history: readonly Task[], policy: RestartPolicy): RestartDecision {
  const last = history.at(-1);
  if (last === undefined) return { kind: 'stop', cause: 'nothing ran' };
  const why = last.error ?? last.state;
  if (last.iteration !== undefined && last.state === 'complete') return { kind: 'stop', cause: 'completed' };
  if (policy.condition === 'none') return { kind: 'stop', cause: `${why}; restart condition is none` };
  if (policy.condition === 'on-failure' && last.state === 'complete')
    return { kind: 'stop', cause: 'completed; restart condition is on-failure' };
  const used = attempts(history, last, policy.window);
  if (policy.maxAttempts > 0 && used >= policy.maxAttempts)
    return { kind: 'stop', cause: `${why}; ${used} of ${policy.maxAttempts} restarts are used up` };
  const attempt = ranFor(last) >= STEADY_MS ? 1 : (last.attempt ?? 0) + 1;
  const delay = delayOf(policy, attempt);
  const left = policy.maxAttempts > 0 ? ` of ${policy.maxAttempts}` : '';
  return {
    kind: 'restart',
    at: last.stateAt + delay,
    attempt,
    cause: `${why}; restart ${used + 1}${left} after ${delay / 1000} s`,
  };
}

/** Restarts of this template so far; with a window those that were made within it before the end of the last one. */
function attempts(history: readonly Task[], last: Task, window: number): number {
  return history.filter((task, index) => {
    const next = history[index + 1];
    if (next === undefined || !countsAsAttempt(task) || task.revision !== last.revision) return false;
    if (task.iteration !== last.iteration) return false;
    return window === 0 || (next.createdAt > last.stateAt - window && next.createdAt < last.stateAt);
  }).length;
}

export function countsAsAttempt(task: Task): boolean {
  return endedByItself(task) && task.error !== UNMET;
}

function delayOf({ delay, backoff }: RestartPolicy, attempt: number): number {
  const doublings = attempt - PLAIN_RESTARTS;
  if (backoff === false || doublings <= 0) return delay;
  return Math.max(delay, Math.min(MAX_BACKOFF_MS, Math.max(delay, MIN_BACKOFF_MS) * 2 ** Math.min(doublings, 20)));
}
