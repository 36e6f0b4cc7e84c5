// How one task of a slot gives way to the next: which of them stays, when it may start, when the others stop. Pure.
import { type Nodes, type Slot, fencedFrom, isGone, isJob, isLost } from '../model/slots.ts';
import { hasEnded, isActive, isPlaced, isPrepared } from '../model/states.ts';
import type { Plan, Step } from '../model/steps.ts';
import type { DesiredState, Service, Task } from '../model/types.ts';

/** What a task that may start is asked to become. */
export function targetState(service: Service): DesiredState {
  return isJob(service) ? 'complete' : 'running';
}

export function isPaused({ updateStatus }: Service): boolean {
  return updateStatus?.state === 'paused' || updateStatus?.state === 'rollback_paused';
}

/**
 * For a slot with at least one active task. Stop-first: the new one is prepared beside the old one, the old one stops, the new one starts,
 * so that an image that cannot be had costs nothing. Start-first: the old one stops when the new one runs.
 */
export function handOver(service: Service, slot: Slot, nodes: Nodes, now: number): Plan {
  const keeper = keeperOf(service, slot.tasks);
  if (keeper === undefined) return { steps: [] };
  const others = slot.tasks.filter((task) => task !== keeper && !hasEnded(task));
  const stop = (tasks: readonly Task[], cause: string): Step[] =>
    tasks.map(({ id }) => ({ op: { kind: 'setDesired', taskId: id, desired: 'shutdown' }, cause }));
  const idle = others.filter((task) => isActive(task) && !isPlaced(task));
  if (idle.length > 0) return { steps: stop(idle, `it has no node, and ${keeper.id} follows it`) };
  const active = others.filter(isActive);
  if (keeper.desired !== 'ready') {
    return { steps: keeper.state === 'running' ? stop(active, `${keeper.id} runs in its place`) : [] };
  }
  if (active.length > 0) {
    // an update that was paused does not go past the point from which the old task is gone
    const isHeld = isPaused(service) && active.some(({ revision }) => revision !== service.revision);
    return { steps: isPrepared(keeper) && !isHeld ? stop(active, `${keeper.id} is prepared to take its place`) : [] };
  }
  const waits = others.filter((task) => !isGone(service, task, nodes, now));
  const fences = waits.flatMap((task) => (isLost(task, nodes) ? [fencedFrom(service, task, nodes) ?? now] : []));
  if (waits.length > 0) {
    const known = fences.filter((at) => Number.isFinite(at) && at > now);
    return known.length === 0 ? { steps: [] } : { steps: [], wakeAt: Math.min(...known) };
  }
  if (keeper.notBefore !== undefined && keeper.notBefore > now) return { steps: [], wakeAt: keeper.notBefore };
  const cause = slot.tasks.length > 1 ? 'the task before it is gone' : 'it may start';
  return { steps: [{ op: { kind: 'setDesired', taskId: keeper.id, desired: targetState(service) }, cause }] };
}

/** The newest of the present template; of others, where there is none. */
export function keeperOf(service: Service, tasks: readonly Task[]): Task | undefined {
  const active = tasks.filter(isActive);
  const fresh = active.filter(({ revision }) => revision === service.revision);
  const candidates = fresh.length > 0 ? fresh : active;
  // two that were not made to follow each other: the one that runs stays
  return (
    candidates.findLast(({ replaces }) => replaces !== undefined) ??
    candidates.find(({ state }) => state === 'running') ??
    candidates.at(-1)
  );
}
