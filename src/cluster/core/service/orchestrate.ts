// From what a service is to be and what its tasks are to the tasks that are made, stopped and let start. Pure.
import { orchestrateJob } from './jobs.ts';
import { create, maintain, mayHaveGlobal, removeSlot } from './maintain.ts';
import { type Nodes, type Slot, isLost, slotsOf } from '../model/slots.ts';
import { isActive } from '../model/states.ts';
import { type Plan, joinPlans } from '../model/steps.ts';
import type { Service, Task } from '../model/types.ts';

/** `tasks` are those of the service; what is wanted of updates is in `rollout`. */
export function orchestrate(service: Service, tasks: readonly Task[], nodes: Nodes, now: number): Plan {
  switch (service.mode.kind) {
    case 'replicated':
      return orchestrateReplicated(service, service.mode.replicas, tasks, nodes, now);
    case 'global':
      return orchestrateGlobal(service, tasks, nodes, now);
    case 'replicated-job':
    case 'global-job':
      return orchestrateJob(service, tasks, nodes, now);
  }
}

function orchestrateReplicated(
  service: Service,
  replicas: number,
  tasks: readonly Task[],
  nodes: Nodes,
  now: number,
): Plan {
  const slots = [...slotsOf(service, tasks).values()].filter((slot) =>
    slot.tasks.some(({ desired }) => desired !== 'remove'),
  );
  const kept = keptSlots(slots, replicas, nodes);
  const surplus = slots.filter((slot) => !kept.has(slot));
  const keptTasks = [...kept].flatMap((slot) => slot.tasks);
  return joinPlans([
    ...surplus.map((slot) => removeSlot(slot, `scaled to ${replicas}`)),
    maintain(service, [...kept], keptTasks, nodes, now),
    {
      steps: freeSlots(slots, replicas - kept.size).map((slot) =>
        create(service, { slot }, now, `${replicas} replicas wanted`),
      ),
    },
  ]);
}

function orchestrateGlobal(service: Service, tasks: readonly Task[], nodes: Nodes, now: number): Plan {
  const slots = slotsOf(service, tasks);
  const eligible = [...nodes.values()].filter((node) => mayHaveGlobal(service, node));
  const wanted = new Set(eligible.map(({ id }) => id));
  return joinPlans([
    maintain(service, [...slots.values()], tasks, nodes, now, wanted),
    {
      steps: eligible
        .filter(({ id }) => !slots.has(id))
        .map((node) => create(service, { nodeId: node.id }, now, `node ${node.hostname} meets what it asks for`)),
    },
  ]);
}

/** Those that stay: what runs before what does not, then one from each node in turn, then the lowest numbers. */
function keptSlots(slots: readonly Slot[], replicas: number, nodes: Nodes): ReadonlySet<Slot> {
  if (slots.length <= replicas) return new Set(slots);
  const seen = new Map<string, number>();
  const ranked = slots
    .toSorted((a, b) => (a.slot ?? 0) - (b.slot ?? 0))
    .map((slot) => {
      const task = slot.tasks.findLast(isActive);
      const runs = task?.state === 'running' && !isLost(task, nodes);
      const node = task?.nodeId ?? '';
      const nth = runs ? (seen.get(node) ?? 0) : 0;
      if (runs) seen.set(node, nth + 1);
      return { slot, order: (runs ? 0 : 1e9) + nth };
    });
  return new Set(
    ranked
      .toSorted((a, b) => a.order - b.order)
      .slice(0, Math.max(0, replicas))
      .map(({ slot }) => slot),
  );
}

/** The lowest numbers from 1 that no slot has. */
function freeSlots(slots: readonly Slot[], count: number): readonly number[] {
  const taken = new Set(slots.map(({ slot }) => slot));
  const free: number[] = [];
  for (let slot = 1; free.length < count; slot += 1) if (!taken.has(slot)) free.push(slot);
  return free;
}
