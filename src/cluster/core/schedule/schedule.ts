// Which node each waiting task goes to, and why; or why it waits. Pure.
import { rank } from '../model/states.ts';
import type { Step } from '../model/steps.ts';
import type { Node, Service, Strategy, Task } from '../model/types.ts';
import { type Board, boardOf, heldFor, take } from './board.ts';
import { Candidates } from './candidates.ts';
import { type Explanation, explain } from './explain.ts';
import { fits } from './filter.ts';
import { Heap } from './heap.ts';
import { Preemption } from './preempt.ts';
import { SpreadTree } from './preferences.ts';
import { type Draw, drawOf, scoreOf } from './score.ts';

export interface ScheduleSnapshot {
  readonly nodes: readonly Node[];
  /** Of all services, also those that ended lately: their failures count. */
  readonly tasks: Iterable<Task>;
  readonly services: ReadonlyMap<string, Service>;
  readonly now: number;
  /** For services that name none. */
  readonly strategy?: Strategy | undefined;
  /** Of the random choice. */
  readonly seed?: number | undefined;
  /** In turn: the node that was last. */
  readonly cursor?: string | undefined;
  /** Tasks of lower priority may be stopped for those of higher. */
  readonly preemption?: boolean | undefined;
}

export interface Pending {
  readonly taskId: string;
  readonly serviceId: string;
  readonly why: Explanation;
}

export interface Schedule {
  readonly steps: readonly Step[];
  readonly pending: readonly Pending[];
  readonly cursor: string | undefined;
}

interface Group {
  readonly service: Service;
  readonly tasks: readonly Task[];
}

export function schedule(snapshot: ScheduleSnapshot): Schedule {
  const tasks = [...snapshot.tasks];
  const board = boardOf(snapshot.nodes, tasks, snapshot.now);
  const cursor = snapshot.cursor === undefined ? -1 : (board.indexes.get(snapshot.cursor) ?? -1);
  const run = new Run(snapshot, board, drawOf(snapshot.nodes.length, cursor, snapshot.seed ?? 0));
  for (const group of groupsOf(tasks, snapshot.services)) run.place(group);
  return { steps: run.steps, pending: run.pending, cursor: run.cursor ?? snapshot.cursor };
}

/** Like tasks together; higher priority first, then who has waited longest. */
function groupsOf(tasks: readonly Task[], services: ReadonlyMap<string, Service>): readonly Group[] {
  const groups = new Map<string, Task[]>();
  for (const task of tasks) {
    if (rank(task.state) >= rank('assigned') || task.desired === 'shutdown' || task.desired === 'remove') continue;
    const key = `${task.serviceId} ${task.revision}`;
    const group = groups.get(key);
    if (group) group.push(task);
    else groups.set(key, [task]);
  }
  return [...groups.values()]
    .flatMap((members): Group[] => {
      const service = services.get(members[0]?.serviceId ?? '');
      return service ? [{ service, tasks: members.sort(byTurn) }] : [];
    })
    .sort((a, b) => priorityOf(b) - priorityOf(a) || (a.tasks[0]?.createdAt ?? 0) - (b.tasks[0]?.createdAt ?? 0));
}

/** Who has waited longest; of those made together the lowest slot. */
function byTurn(a: Task, b: Task): number {
  return a.createdAt - b.createdAt || (a.slot ?? 0) - (b.slot ?? 0) || (a.id < b.id ? -1 : 1);
}

function priorityOf({ service }: Group): number {
  return service.priority ?? 0;
}

/** One run: the board as it is filled, and what was decided. */
class Run {
  readonly steps: Step[] = [];
  readonly pending: Pending[] = [];
  cursor: string | undefined;
  readonly #snapshot: ScheduleSnapshot;
  readonly #board: Board;
  readonly #draw: Draw;
  readonly #candidates: Candidates;
  #preemption: Preemption | undefined;

  constructor(snapshot: ScheduleSnapshot, board: Board, draw: Draw) {
    this.#snapshot = snapshot;
    this.#board = board;
    this.#draw = draw;
    this.#candidates = new Candidates(board);
  }

  place(group: Group): void {
    const bound = group.tasks.filter(({ nodeId }) => nodeId !== undefined);
    for (const task of bound) this.#placeBound(group.service, task);
    if (bound.length < group.tasks.length)
      this.#placeFree(
        group.service,
        group.tasks.filter(({ nodeId }) => nodeId === undefined),
      );
  }

  /** A task of a global service has its node already; whether it fits is still to be seen. */
  #placeBound(service: Service, task: Task): void {
    const index = this.#board.indexes.get(task.nodeId ?? '');
    const { rules, isEligible } = this.#candidates.classOf(service.placement);
    const old = index === undefined ? undefined : heldFor(this.#board, task, index);
    if (index !== undefined && isEligible[index] === 1 && fits(this.#board, index, service, task.needs, old))
      this.#assign(task, index, 'its node fits', old);
    else this.#wait(service, task, explain(this.#board, service, task.needs, rules, index ?? -1));
  }

  #placeFree(service: Service, tasks: readonly Task[]): void {
    const strategy = service.placement.strategy ?? this.#snapshot.strategy ?? 'spread';
    const board = this.#board;
    const needs = tasks[0]?.needs;
    const score = (index: number): number => scoreOf(board, this.#draw, strategy, service, index);
    const candidates = this.#candidates.forTasks(service, needs, tasks.length, strategy);
    const labels = service.placement.preferences ?? [];
    const present = board.services.get(service.id) ?? new Map<number, number>();
    const tree =
      labels.length > 0 ? new SpreadTree(this.#candidates.leavesOf(labels), candidates, present, score) : undefined;
    const single = tree === undefined ? new Heap(candidates, score) : undefined;
    const { isEligible, rules } = this.#candidates.classOf(service.placement);
    let why: Explanation | undefined;
    for (const task of tasks) {
      const heap = tree ? tree.next() : single;
      const stay = this.#placeOf(service, task, isEligible);
      if (
        stay &&
        scoreOf(board, this.#draw, strategy, service, stay.index, 1) <= (heap?.topScore ?? Number.POSITIVE_INFINITY)
      ) {
        this.#assign(task, stay.index, `it takes the place of ${stay.old.id}`, stay.old);
        continue;
      }
      const index = heap?.top;
      if (heap === undefined || index === undefined) {
        why ??= explain(board, service, needs, rules);
        this.#wait(service, task, why);
        continue;
      }
      this.#assign(task, index, this.#because(strategy, index, candidates.length));
      tree?.added(index, 1);
      if (fits(board, index, service, needs)) heap.rescoreTop(score(index));
      else heap.dropTop();
    }
  }

  /** Where the task is that this one follows, if it fits there once that one has stopped. */
  #placeOf(
    service: Service,
    task: Task,
    isEligible: Uint8Array,
  ): { readonly index: number; readonly old: Task } | undefined {
    if (task.replaces === undefined || task.desired !== 'ready') return undefined;
    const index = this.#board.indexes.get(this.#board.followed.get(task.replaces)?.nodeId ?? '');
    if (index === undefined || isEligible[index] === 0) return undefined;
    const old = heldFor(this.#board, task, index);
    return old && fits(this.#board, index, service, task.needs, old) ? { index, old } : undefined;
  }

  #assign(task: Task, index: number, cause: string, old?: Task): void {
    const nodeId = this.#board.nodes[index]?.id ?? '';
    take(this.#board, index, task, old);
    this.#draw.turns[index] = (this.#draw.turns[index] ?? 0) + this.#board.nodes.length;
    this.#candidates.placed(index);
    this.cursor = nodeId;
    this.steps.push({ op: { kind: 'assignTask', taskId: task.id, nodeId }, cause });
  }

  #wait(service: Service, task: Task, why: Explanation): void {
    this.pending.push({ taskId: task.id, serviceId: service.id, why });
    if (task.error !== why.summary)
      this.steps.push({ op: { kind: 'setPending', taskId: task.id, reason: why.summary }, cause: why.detail });
    if (!this.#snapshot.preemption || (service.priority ?? 0) <= 0) return;
    this.#preemption ??= new Preemption(this.#board, this.#snapshot.services);
    const { eligible } = this.#candidates.classOf(service.placement);
    this.steps.push(...this.#preemption.makeRoom(service, task, eligible));
  }

  #because(strategy: Strategy, index: number, candidates: number): string {
    const board = this.#board;
    const of = `of ${candidates} nodes`;
    switch (strategy) {
      case 'spread':
        return `spread: fewest tasks ${of}`;
      case 'least-busy':
        return `least busy ${of}: load ${Math.round((board.load[index] ?? 0) * 100)}%`;
      case 'binpack':
        return `binpack: fullest that fits ${of}`;
      case 'in-turn':
        return `in turn ${of}`;
      case 'random':
        return `random ${of}`;
    }
  }
}
