// Candidates as a tree by the labels that a service is spread over: the branch with the fewest of its tasks is next. Pure.
import { valueOf } from '../model/constraint.ts';
import type { Node } from '../model/types.ts';
import { Heap } from './heap.ts';

interface Branch {
  tasks: number;
  readonly children: Map<string, Branch>;
  heap: Heap | undefined;
}

export class SpreadTree {
  readonly #root: Branch = { tasks: 0, children: new Map(), heap: undefined };
  readonly #labels: readonly string[];
  readonly #nodes: readonly Node[];

  /** `present`: how many tasks of the service each node has; those that cannot take more count as well. */
  constructor(
    labels: readonly string[],
    nodes: readonly Node[],
    candidates: readonly number[],
    present: ReadonlyMap<number, number>,
    scoreOf: (index: number) => number,
  ) {
    this.#labels = labels;
    this.#nodes = nodes;
    for (const [index, tasks] of present) this.added(index, tasks);
    const leaves = Map.groupBy(candidates, (index) => this.#leaf(index));
    for (const [leaf, members] of leaves) leaf.heap = new Heap(members, scoreOf);
  }

  /** The heap of which the first node is next; undefined when no node is left. */
  next(): Heap | undefined {
    return nextHeap(this.#root);
  }

  added(index: number, tasks: number): void {
    for (const branch of this.#path(index)) branch.tasks += tasks;
  }

  #leaf(index: number): Branch {
    return this.#path(index).at(-1) ?? this.#root;
  }

  #path(index: number): readonly Branch[] {
    const node = this.#nodes[index];
    const path = [this.#root];
    for (const label of this.#labels) {
      const value = (node && valueOf(node, label)) ?? '';
      const parent = path.at(-1) ?? this.#root;
      let child = parent.children.get(value);
      if (child === undefined) {
        child = { tasks: 0, children: new Map(), heap: undefined };
        parent.children.set(value, child);
      }
      path.push(child);
    }
    return path;
  }
}

function nextHeap(branch: Branch): Heap | undefined {
  if (branch.children.size === 0) return branch.heap && branch.heap.size > 0 ? branch.heap : undefined;
  const order = [...branch.children.values()].sort((a, b) => a.tasks - b.tasks);
  for (const child of order) {
    const heap = nextHeap(child);
    if (heap) return heap;
  }
  return undefined;
}
