// Which tasks of lower priority make room for one that finds none: as few as can be, the least important first, within their budgets. Pure.
import { disruptionBudget } from '../model/budget.ts';
import { hasEnded, isWanted } from '../model/states.ts';
import type { Step } from '../model/steps.ts';
import type { Needs, Service, Task } from '../model/types.ts';
import type { Board } from './board.ts';

/** So many nodes are looked at for one task. */
const MAX_NODES = 256;
/** So many tasks are made room for in one run. */
const MAX_PREEMPTIONS = 64;

interface Offer {
  readonly index: number;
  readonly victims: readonly Task[];
  readonly highest: number;
}

export class Preemption {
  readonly #board: Board;
  readonly #services: ReadonlyMap<string, Service>;
  readonly #onNode = new Map<number, Task[]>();
  readonly #budgets = new Map<string, number>();
  readonly #victims = new Set<Task>();
  /** What was made room for on a node in this run. */
  readonly #reserved = new Map<number, Needs[]>();
  #count = 0;

  constructor(board: Board, services: ReadonlyMap<string, Service>) {
    this.#board = board;
    this.#services = services;
    const own = new Map<string, Task[]>();
    for (const task of board.tasks) {
      const index = task.nodeId === undefined ? undefined : board.indexes.get(task.nodeId);
      if (index !== undefined) push(this.#onNode, index, task);
      push(own, task.serviceId, task);
    }
    for (const [id, tasks] of own) {
      const service = services.get(id);
      if (service) this.#budgets.set(id, disruptionBudget(service, tasks));
    }
  }

  /** None where room comes by itself, or cannot be made. */
  makeRoom(service: Service, task: Task, eligible: readonly number[]): readonly Step[] {
    const priority = service.priority ?? 0;
    if (task.needs === undefined || this.#count >= MAX_PREEMPTIONS) return [];
    let best: Offer | undefined;
    for (const index of eligible.slice(0, MAX_NODES)) {
      const offer = this.#offer(index, task.needs, priority);
      if (offer === undefined) continue;
      if (best === undefined || isBetter(offer, best)) best = offer;
      if (best.victims.length === 0) break;
    }
    if (best === undefined) return [];
    this.#count += 1;
    push(this.#reserved, best.index, task.needs);
    for (const victim of best.victims) {
      this.#victims.add(victim);
      this.#budgets.set(victim.serviceId, (this.#budgets.get(victim.serviceId) ?? 0) - 1);
    }
    return best.victims.map((victim) => ({
      op: { kind: 'setDesired', taskId: victim.id, desired: 'shutdown' },
      cause: `makes room for ${task.id} of ${service.name}: priority ${this.#priorityOf(victim)} gives way to ${priority}`,
    }));
  }

  #offer(index: number, needs: Needs, priority: number): Offer | undefined {
    const present = (this.#onNode.get(index) ?? []).filter((task) => !hasEnded(task));
    const leaving = present.filter((task) => !isWanted(task) || this.#victims.has(task));
    const reserved = this.#reserved.get(index) ?? [];
    if (this.#fits(index, needs, leaving, reserved)) return { index, victims: [], highest: -1 };
    const budgets = new Map<string, number>();
    const victims: Task[] = [];
    const candidates = present
      .filter((task) => isWanted(task) && !this.#victims.has(task) && this.#priorityOf(task) < priority)
      .sort((a, b) => this.#priorityOf(a) - this.#priorityOf(b) || b.createdAt - a.createdAt || (a.id < b.id ? -1 : 1));
    for (const victim of candidates) {
      const left = budgets.get(victim.serviceId) ?? this.#budgets.get(victim.serviceId) ?? 0;
      if (left < 1) continue;
      budgets.set(victim.serviceId, left - 1);
      victims.push(victim);
      if (this.#fits(index, needs, [...leaving, ...victims], reserved))
        return { index, victims, highest: Math.max(...victims.map((task) => this.#priorityOf(task))) };
    }
    return undefined;
  }

  #fits(index: number, needs: Needs, leaving: readonly Task[], reserved: readonly Needs[]): boolean {
    const board = this.#board;
    const sum = (of: (one: Needs) => number | undefined): number =>
      leaving.reduce((total, { needs: held }) => total + ((held && of(held)) ?? 0), 0) -
      reserved.reduce((total, one) => total + (of(one) ?? 0), 0);
    if ((needs.nanoCpus ?? 0) > (board.freeCpus[index] ?? 0) + sum(({ nanoCpus }) => nanoCpus)) return false;
    if ((needs.memoryBytes ?? 0) > (board.freeMemory[index] ?? 0) + sum(({ memoryBytes }) => memoryBytes)) return false;
    for (const [kind, amount] of Object.entries(needs.generic ?? {}))
      if (amount > (board.generic[index]?.get(kind) ?? 0) + sum(({ generic }) => generic?.[kind])) return false;
    const kept = (port: string): boolean =>
      (board.ports[index]?.has(port) === true && !leaving.some((task) => task.needs?.hostPorts?.includes(port))) ||
      reserved.some(({ hostPorts }) => hostPorts?.includes(port));
    return !needs.hostPorts?.some(kept);
  }

  #priorityOf({ serviceId }: Task): number {
    return this.#services.get(serviceId)?.priority ?? 0;
  }
}

function isBetter(a: Offer, b: Offer): boolean {
  return a.highest !== b.highest ? a.highest < b.highest : a.victims.length < b.victims.length;
}

function push<K, V>(table: Map<K, V[]>, key: K, value: V): void {
  const row = table.get(key);
  if (row) row.push(value);
  else table.set(key, [value]);
}
