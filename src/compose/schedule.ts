// Runs steps as soon as those before them are done, at most so many at once. What depends on a failure is left.
import type { Step } from './steps.ts';

export interface Outcome {
  /** the first failure; what did not depend on it was done */
  readonly failure: unknown;
  readonly left: readonly Step[];
}

/** Steps after `after` are begun when all of those ended well. */
export async function runSteps(
  steps: readonly Step[],
  run: (step: Step) => Promise<void>,
  limit: number | undefined,
  signal?: AbortSignal,
): Promise<Outcome> {
  const ended = new Set<number>();
  const begun = new Set<number>();
  const active = new Set<Promise<void>>();
  const failures: unknown[] = [];
  const next = (): Step | undefined =>
    steps.find(({ id, after }) => !begun.has(id) && after.every((one) => ended.has(one)));
  for (;;) {
    for (
      let step = next();
      step !== undefined && active.size < (limit ?? Infinity) && signal?.aborted !== true;
      step = next()
    ) {
      const { id } = step;
      begun.add(id);
      const work = run(step).then(
        () => {
          ended.add(id);
        },
        (error: unknown) => {
          failures.push(error);
        },
      );
      const tracked = work.finally(() => active.delete(tracked));
      active.add(tracked);
    }
    if (active.size === 0) break;
    await Promise.race(active);
  }
  return { failure: failures[0], left: steps.filter(({ id }) => !ended.has(id)) };
}
