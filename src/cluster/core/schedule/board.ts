// What the nodes have left, in arrays by node number, changed by each placement of one run of the scheduler. Pure.
import { endedByItself, hasEnded, rank } from '../model/states.ts';
import type { Needs, Node, Task } from '../model/types.ts';

/** A failure of a service's task on a node counts against it for so long. */
const FAILURE_MS = 300_000;
/** What a task without reservations is taken to add to a node's load until that is measured. */
const LEAST_LOAD = 1 / 64;

export interface Board {
  readonly nodes: readonly Node[];
  readonly indexes: ReadonlyMap<string, number>;
  readonly freeCpus: Float64Array;
  readonly freeMemory: Float64Array;
  readonly cpus: Float64Array;
  readonly memory: Float64Array;
  readonly counts: Int32Array;
  /** Measured share of the busiest resource, and what was placed since. */
  readonly load: Float64Array;
  readonly generic: (Map<string, number> | undefined)[];
  readonly ports: (Set<string> | undefined)[];
  /** Tasks of a service by node number; nodes without any are absent. */
  readonly services: Map<string, Map<number, number>>;
  readonly failures: ReadonlyMap<string, ReadonlyMap<number, number>>;
  /** Not ended, of all services. */
  readonly tasks: readonly Task[];
  /** Of them those that another one is to follow, by id. */
  readonly followed: ReadonlyMap<string, Task>;
}

export function boardOf(nodes: readonly Node[], tasks: Iterable<Task>, now: number): Board {
  const size = nodes.length;
  const present: Task[] = [];
  const followed = new Map<string, Task>();
  const wanted = new Set<string>();
  const failures = new Map<string, Map<number, number>>();
  const board: Board = {
    nodes,
    indexes: new Map(nodes.map(({ id }, index) => [id, index])),
    cpus: Float64Array.from(nodes, ({ resources }) => resources?.nanoCpus ?? 0),
    memory: Float64Array.from(nodes, ({ resources }) => resources?.memoryBytes ?? 0),
    freeCpus: Float64Array.from(nodes, ({ resources }) => resources?.nanoCpus ?? 0),
    freeMemory: Float64Array.from(nodes, ({ resources }) => resources?.memoryBytes ?? 0),
    counts: new Int32Array(size),
    load: Float64Array.from(nodes, ({ load }) =>
      load ? Math.max(finite(load.cpu), finite(load.memory)) + finite(load.pressure) / 2 : 0,
    ),
    generic: nodes.map(({ resources }) =>
      resources?.generic ? new Map(Object.entries(resources.generic)) : undefined,
    ),
    ports: nodes.map(() => undefined),
    services: new Map(),
    failures,
    tasks: present,
    followed,
  };
  const placed: [Task, number][] = [];
  for (const task of tasks) {
    const index = task.nodeId === undefined ? undefined : board.indexes.get(task.nodeId);
    if (hasEnded(task)) {
      if (index !== undefined && endedByItself(task) && task.state !== 'complete' && now - task.stateAt < FAILURE_MS)
        addTo(failures, task.serviceId, index, task.state === 'rejected' ? 5 : 1);
      continue;
    }
    present.push(task);
    if (task.replaces !== undefined) wanted.add(task.replaces);
    if (index !== undefined && rank(task.state) >= rank('assigned')) placed.push([task, index]);
  }
  if (wanted.size > 0) for (const task of present) if (wanted.has(task.id)) followed.set(task.id, task);
  for (const [task, index] of placed) {
    const isMeasured = task.state === 'running' && board.nodes[index]?.load !== undefined;
    take(board, index, task, heldFor(board, task, index), isMeasured);
  }
  return board;
}

/** The task whose place on this node another one takes over when it stops: the two never run at once. */
export function heldFor(board: Board, task: Task, index: number): Task | undefined {
  if (task.desired !== 'ready' || task.replaces === undefined) return undefined;
  const old = board.followed.get(task.replaces);
  return old && old.nodeId === board.nodes[index]?.id && rank(old.state) >= rank('assigned') ? old : undefined;
}

/** Counts a task to a node; of one that takes another's place only what it needs beyond that. */
export function take(board: Board, index: number, task: Task, old?: Task, isMeasured = false): void {
  const needs = task.needs;
  if (needs) {
    const cpus = Math.max(0, (needs.nanoCpus ?? 0) - (old?.needs?.nanoCpus ?? 0));
    const memory = Math.max(0, (needs.memoryBytes ?? 0) - (old?.needs?.memoryBytes ?? 0));
    board.freeCpus[index] = (board.freeCpus[index] ?? 0) - cpus;
    board.freeMemory[index] = (board.freeMemory[index] ?? 0) - memory;
    for (const [kind, amount] of needs.generic ? Object.entries(needs.generic) : []) {
      const free = (board.generic[index] ??= new Map());
      free.set(kind, (free.get(kind) ?? 0) - Math.max(0, amount - (old?.needs?.generic?.[kind] ?? 0)));
    }
    if (needs.hostPorts?.length) {
      const ports = (board.ports[index] ??= new Set());
      for (const port of needs.hostPorts) ports.add(port);
    }
  }
  if (!isMeasured) board.load[index] = (board.load[index] ?? 0) + expected(board, index, needs);
  if (old) return;
  board.counts[index] = (board.counts[index] ?? 0) + 1;
  addTo(board.services, task.serviceId, index, 1);
}

export function countOf(board: Board, serviceId: string, index: number): number {
  return board.services.get(serviceId)?.get(index) ?? 0;
}

function expected(board: Board, index: number, needs: Needs | undefined): number {
  if (needs === undefined) return LEAST_LOAD;
  const cpu = (needs.nanoCpus ?? 0) / Math.max(1, board.cpus[index] ?? 1);
  const memory = (needs.memoryBytes ?? 0) / Math.max(1, board.memory[index] ?? 1);
  return Math.max(LEAST_LOAD, cpu, memory);
}

function finite(value: number | undefined): number {
  return value !== undefined && Number.isFinite(value) ? Math.max(0, value) : 0;
}

function addTo(table: Map<string, Map<number, number>>, key: string, index: number, amount: number): void {
  const row = table.get(key);
  if (row) row.set(index, (row.get(index) ?? 0) + amount);
  else table.set(key, new Map([[index, amount]]));
}
