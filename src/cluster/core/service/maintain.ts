// What the slots of a service need to stay filled: tasks leave bad nodes, are restarted by policy, replaced, handed over. Pure.
import { meets } from '../model/constraint.ts';
import { constraintsOf, evictions } from './evict.ts';
import { handOver, targetState } from './handover.ts';
import { idOf } from '../model/ids.ts';
import { hasPlatform } from '../model/platform.ts';
import { countsAsAttempt, restart } from './restart.ts';
import { type Nodes, type Slot, fencedFrom, isGone, isLost } from '../model/slots.ts';
import { isActive, isWanted } from '../model/states.ts';
import { type Plan, type Step, joinPlans } from '../model/steps.ts';
import type { Node, Service, Task } from '../model/types.ts';

/** A global service has a task on each node that takes new ones and is what it asks for. */
export function mayHaveGlobal(service: Service, node: Node): boolean {
  return (
    node.state === 'ready' &&
    node.availability === 'active' &&
    meets(node, constraintsOf(service)) &&
    hasPlatform(node, service.placement.platforms)
  );
}

/** Evicts, restarts, replaces and hands over within the slots that stay; `wanted`: only there new tasks are made. */
export function maintain(
  service: Service,
  slots: readonly Slot[],
  tasks: readonly Task[],
  nodes: Nodes,
  now: number,
  wanted?: ReadonlySet<string>,
): Plan {
  const evicted = new Map(evictions(service, tasks, nodes).map((eviction) => [eviction.task, eviction]));
  return joinPlans(
    slots.map((slot) => {
      const leaving = slot.tasks.flatMap((task) => evicted.get(task) ?? []);
      const steps = leaving.flatMap((eviction) => eviction.steps);
      const stays = slot.tasks.some((task) => isActive(task) && !evicted.has(task));
      if (stays) return joinPlans([{ steps }, handOver(service, slot, nodes, now)]);
      if (wanted && !wanted.has(slot.key)) return { steps };
      return joinPlans([{ steps }, replace(service, slot, leaving.at(-1)?.cause, nodes, now)]);
    }),
  );
}

/** A slot in which nothing is active. */
function replace(service: Service, slot: Slot, moved: string | undefined, nodes: Nodes, now: number): Plan {
  const last = slot.tasks.at(-1);
  if (last === undefined || last.desired === 'remove') return { steps: [] };
  if (moved !== undefined || !countsAsAttempt(last)) {
    const isFree = slot.tasks.every((task) => isGone(service, task, nodes, now));
    const fence = isLost(last, nodes) ? fencedFrom(service, last, nodes) : undefined;
    const step = create(service, slot, now, moved ?? `${last.id} was shut down`, {
      desired: isFree ? targetState(service) : 'ready',
      replaces: last.id,
    });
    return fence !== undefined && Number.isFinite(fence) && fence > now
      ? { steps: [step], wakeAt: fence }
      : { steps: [step] };
  }
  const decision = restart(slot.tasks, service.restart);
  const settle: Step[] = isWanted(last)
    ? [{ op: { kind: 'setDesired', taskId: last.id, desired: 'shutdown' }, cause: decision.cause }]
    : [];
  if (decision.kind === 'stop') return { steps: settle };
  const step = create(service, slot, now, decision.cause, {
    desired: decision.at > now ? 'ready' : targetState(service),
    notBefore: decision.at,
    replaces: last.id,
    attempt: decision.attempt,
  });
  return decision.at > now ? { steps: [...settle, step], wakeAt: decision.at } : { steps: [...settle, step] };
}

export function create(
  service: Service,
  at: { readonly slot?: number; readonly nodeId?: string; readonly tasks?: readonly Task[] },
  now: number,
  cause: string,
  more: Partial<Step<'createTask'>['op']> = {},
): Step<'createTask'> {
  const { slot, nodeId } = at;
  return {
    op: {
      kind: 'createTask',
      id: idOf(service.id, slot ?? nodeId, at.tasks?.at(-1)?.id, service.job?.iteration, now),
      serviceId: service.id,
      slot,
      nodeId,
      desired: targetState(service),
      revision: service.revision,
      ...more,
    },
    cause,
  };
}

export function removeSlot(slot: Slot, cause: string): Plan {
  return {
    steps: slot.tasks
      .filter(({ desired }) => desired !== 'remove')
      .map(({ id }) => ({ op: { kind: 'setDesired', taskId: id, desired: 'remove' }, cause })),
  };
}
