// All that one service needs now: its tasks kept, then its update moved on. Pure.
import { apply } from '../model/apply.ts';
import { orchestrate } from './orchestrate.ts';
import { type RolloutSignals, rollout } from './rollout.ts';
import type { Nodes } from '../model/slots.ts';
import { type Plan, joinPlans } from '../model/steps.ts';
import type { Service, Task } from '../model/types.ts';

export function reconcile(
  service: Service,
  tasks: readonly Task[],
  nodes: Nodes,
  signals: RolloutSignals,
  now: number,
): Plan {
  const kept = orchestrate(service, tasks, nodes, now);
  if (kept.steps.length === 0) return joinPlans([kept, rollout(service, tasks, nodes, signals, now)]);
  const world = {
    services: new Map([[service.id, service]]),
    tasks: new Map(tasks.map((task) => [task.id, task])),
    nodes,
  };
  const after = [...apply(world, kept.steps, now).tasks.values()];
  return joinPlans([kept, rollout(service, after, nodes, signals, now)]);
}
