// A recorded series decided once more, by the policy of then or another one. Pure.
import { type AutoscaleDecision, autoscale } from './autoscale.ts';
import type { AutoscalePolicy, Sample } from './policy.ts';

export interface Replayed {
  readonly at: number;
  readonly replicas: number;
  readonly decision: AutoscaleDecision;
}

/** With the recorded policy the same decisions come out; with another one the recorded load is shared by as many tasks as it decides on. */
export function replay(series: readonly Sample[], policy: AutoscalePolicy): readonly Replayed[] {
  const span = Math.max(
    policy.up.stabilisation,
    policy.down.stabilisation,
    policy.stale,
    policy.idle,
    policy.up.limit?.period ?? 0,
    policy.down.limit?.period ?? 0,
  );
  const seen: Sample[] = [];
  const found: Replayed[] = [];
  let replicas = series[0]?.replicas ?? policy.min;
  let first = 0;
  for (const recorded of series) {
    seen.push(shared(recorded, replicas));
    // one older than the span stays, for it says how things stood when it began
    while ((seen[first + 1]?.at ?? Number.POSITIVE_INFINITY) <= recorded.at - span) first += 1;
    const decision = autoscale(seen.slice(first), policy, replicas, recorded.at);
    replicas = decision.replicas;
    found.push({ at: recorded.at, replicas, decision });
  }
  return found;
}

/** What would have been measured with so many tasks. */
function shared(sample: Sample, replicas: number): Sample {
  if (replicas === sample.replicas) return sample;
  const tasks = Math.max(replicas === 0 ? 0 : 1, sample.tasks + replicas - sample.replicas);
  const load = sample.value === undefined ? undefined : sample.value * sample.tasks;
  return {
    ...sample,
    replicas,
    tasks,
    value: load === undefined || tasks === 0 ? undefined : load / tasks,
    waiting: replicas === 0 && (load ?? 0) > 0 ? Math.max(1, sample.waiting ?? 0) : sample.waiting,
  };
}
