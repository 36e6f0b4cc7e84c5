// The tasks of a service by the place that they fill: a number, or for global services a node. Pure.
import { hasEnded, isActive } from './states.ts';
import type { Node, Service, Task } from './types.ts';

export type Nodes = ReadonlyMap<string, Node>;

export interface Slot {
  /** The number or the node's id. */
  readonly key: string;
  readonly slot?: number;
  readonly nodeId?: string;
  /** The oldest first. */
  readonly tasks: readonly Task[];
}

export function nodeMap(nodes: Iterable<Node>): Nodes {
  return new Map([...nodes].map((node) => [node.id, node]));
}

export function isGlobal({ mode }: Service): boolean {
  return mode.kind === 'global' || mode.kind === 'global-job';
}

export function isJob({ mode }: Service): boolean {
  return mode.kind === 'replicated-job' || mode.kind === 'global-job';
}

export function slotsOf(service: Service, tasks: readonly Task[]): ReadonlyMap<string, Slot> {
  const global = isGlobal(service);
  const groups = new Map<string, Task[]>();
  for (const task of tasks) {
    const key = global ? task.nodeId : task.slot === undefined ? undefined : String(task.slot);
    if (key === undefined) continue;
    const group = groups.get(key);
    if (group) group.push(task);
    else groups.set(key, [task]);
  }
  return new Map(
    [...groups].map(([key, members]) => {
      members.sort(byAge);
      return [key, global ? { key, nodeId: key, tasks: members } : { key, slot: Number(key), tasks: members }];
    }),
  );
}

function byAge(a: Task, b: Task): number {
  if (a.createdAt !== b.createdAt) return a.createdAt - b.createdAt;
  if (b.replaces === a.id) return -1;
  if (a.replaces === b.id) return 1;
  return a.id < b.id ? -1 : 1;
}

/** Its node does not answer for it any more. */
export function isLost(task: Task, nodes: Nodes): boolean {
  if (task.nodeId === undefined) return false;
  const state = nodes.get(task.nodeId)?.state;
  return state === undefined || state === 'down' || state === 'disconnected';
}

/** It surely does nothing any more: it ended, was never placed, or its node is lost and, where that counts, fenced. */
export function isGone(service: Service, task: Task, nodes: Nodes, now: number): boolean {
  if (hasEnded(task)) return true;
  if (task.nodeId === undefined) return !isActive(task);
  return isLost(task, nodes) && (fencedFrom(service, task, nodes) ?? 0) <= now;
}

/** When a fenced task of a lost node has stopped; undefined where that does not count. Infinity: not known yet. */
export function fencedFrom(service: Service, task: Task, nodes: Nodes): number | undefined {
  if (!service.fence || task.nodeId === undefined) return undefined;
  const node = nodes.get(task.nodeId);
  return node === undefined ? undefined : (node.fencedAt ?? Number.POSITIVE_INFINITY);
}
