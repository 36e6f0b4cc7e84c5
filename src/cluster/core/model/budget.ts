// How much of a service may be missing by our own doing. Pure.
import type { Service, Task } from './types.ts';

/** How many more tasks of a service may be missing by our own doing; not less than none. */
export function disruptionBudget(service: Service, tasks: readonly Task[]): number {
  if (service.maxUnavailable === undefined) return Number.POSITIVE_INFINITY;
  const running = tasks.filter((task) => task.state === 'running' && task.desired === 'running').length;
  const wanted =
    service.mode.kind === 'replicated' ? service.mode.replicas : new Set(tasks.map(({ nodeId }) => nodeId)).size;
  return Math.max(0, service.maxUnavailable - Math.max(0, wanted - running));
}
