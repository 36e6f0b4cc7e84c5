// What the allocator gives goes into the objects of a round. Pure.
import type { Allocator } from '../network/allocate.ts';
import type { ClusterNode } from '../model/objects.ts';
import type { Held } from './cache.ts';
import type { Objects } from './fold.ts';

interface Round extends Objects {
  readonly nodes: Objects['nodes'] & { values(): readonly Held<ClusterNode>[] };
}

/** Virtual addresses and chosen ports of these services, and nodes' places on the ingress network; gives the keys of what has changed. */
export function allocateServices({ services, nodes }: Round, ids: Iterable<string>, allocator: Allocator): string[] {
  const changed: string[] = [];
  for (const id of ids) {
    const service = services.get(id);
    const Endpoint = service && allocator.endpointOf(service);
    if (!Endpoint) continue;
    services.set(id, { ...service, Endpoint });
    changed.push(service.key);
  }
  for (const node of nodes.values()) {
    const IngressAddr = allocator.ingressOf(node);
    if (!IngressAddr) continue;
    nodes.set(node.ID, { ...node, IngressAddr });
    changed.push(node.key);
  }
  return changed;
}

/** Addresses of those of these tasks that have a node. */
export function allocateTasks(
  { tasks }: Pick<Objects, 'tasks'>,
  ids: Iterable<string>,
  allocator: Allocator,
): string[] {
  const changed: string[] = [];
  for (const id of ids) {
    const task = tasks.get(id);
    if (!task) continue;
    const { addresses, full } = allocator.addressesOf(task);
    const Err = full === undefined ? undefined : `no available addresses on network ${full}`;
    if (addresses) tasks.set(id, { ...task, Addresses: addresses });
    else if (Err !== undefined && task.Status.Err !== Err) tasks.set(id, { ...task, Status: { ...task.Status, Err } });
    else continue;
    changed.push(task.key);
  }
  return changed;
}
