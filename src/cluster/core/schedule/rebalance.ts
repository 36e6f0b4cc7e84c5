// Which tasks move when nodes stand empty beside full ones: start-first, a few at a time, and only where it evens a service out. Pure.
import { idOf } from '../model/ids.ts';
import { isActive } from '../model/states.ts';
import type { Plan, Step } from '../model/steps.ts';
import type { Node, Service, Task } from '../model/types.ts';
import { type Board, boardOf, countOf, take } from './board.ts';
import { Candidates } from './candidates.ts';
import { fits } from './filter.ts';

export interface RebalanceBudget {
  /** Moves under way at a time, of all services. */
  readonly moves: number;
}

export interface RebalanceSnapshot {
  readonly nodes: readonly Node[];
  readonly tasks: Iterable<Task>;
  readonly services: ReadonlyMap<string, Service>;
  readonly now: number;
}

export function rebalance(snapshot: RebalanceSnapshot, budget: RebalanceBudget): Plan {
  const tasks = [...snapshot.tasks];
  const board = boardOf(snapshot.nodes, tasks, snapshot.now);
  const candidates = new Candidates(board);
  let left = budget.moves - tasks.filter((task) => isMove(board, task)).length;
  const steps: Step[] = [];
  for (const service of snapshot.services.values()) {
    if (left <= 0) break;
    const own = tasks.filter((task) => task.serviceId === service.id && isActive(task));
    if (!isSteady(service, own)) continue;
    const { eligible } = candidates.classOf(service.placement);
    const movable = new Map(Map.groupBy(own, ({ nodeId }) => board.indexes.get(nodeId ?? '') ?? -1));
    for (; left > 0; left -= 1) {
      const step = oneMove(board, service, eligible, movable, snapshot.now);
      if (step === undefined) break;
      steps.push(step);
    }
  }
  return { steps };
}

/** All that it is to have runs, and nothing else is under way. */
function isSteady(service: Service, own: readonly Task[]): boolean {
  const strategy = service.placement.strategy ?? 'spread';
  return (
    service.mode.kind === 'replicated' &&
    (strategy === 'spread' || strategy === 'least-busy') &&
    !service.placement.preferences?.length &&
    !service.fence &&
    service.updateStatus?.state !== 'updating' &&
    service.updateStatus?.state !== 'rollback_started' &&
    own.length === service.mode.replicas &&
    own.every((task) => task.state === 'running' && task.desired === 'running' && task.revision === service.revision)
  );
}

/** From the node with most of the service's tasks to one with at least two fewer; of those to the one with fewest in all. */
function oneMove(
  board: Board,
  service: Service,
  eligible: readonly number[],
  movable: Map<number, Task[]>,
  now: number,
): Step | undefined {
  const from = [...movable]
    .filter(([, members]) => members.length > 0)
    .sort(([a], [b]) => countOf(board, service.id, b) - countOf(board, service.id, a) || a - b)[0];
  if (from === undefined) return undefined;
  const [source, members] = from;
  const task = members.at(-1);
  const most = countOf(board, service.id, source);
  const to = eligible
    .filter((index) => countOf(board, service.id, index) <= most - 2 && fits(board, index, service, task?.needs))
    .sort(
      (a, b) =>
        countOf(board, service.id, a) - countOf(board, service.id, b) ||
        (board.counts[a] ?? 0) - (board.counts[b] ?? 0) ||
        a - b,
    )[0];
  const node = to === undefined ? undefined : board.nodes[to];
  if (task === undefined || to === undefined || node === undefined) return undefined;
  members.pop();
  const fewest = countOf(board, service.id, to);
  take(board, to, task);
  const row = board.services.get(service.id);
  row?.set(source, most - 1);
  return {
    op: {
      kind: 'createTask',
      id: idOf(service.id, task.slot, task.id, node.id, now),
      serviceId: service.id,
      slot: task.slot,
      nodeId: node.id,
      desired: 'running',
      revision: service.revision,
      replaces: task.id,
    },
    cause: `rebalance: ${most} tasks on ${board.nodes[source]?.hostname ?? 'a node'}, ${fewest} on ${node.hostname}`,
  };
}

/** It was made to follow a task of the same template that goes on. */
function isMove(board: Board, task: Task): boolean {
  const old = task.replaces === undefined ? undefined : board.followed.get(task.replaces);
  return isActive(task) && old !== undefined && old.revision === task.revision && task.desired === 'running';
}
