// Candidates as a tree by the labels that a service is spread over: the branch with the fewest of its tasks is next. Pure.
import { valueOf } from '../model/constraint.ts';
import type { Node } from '../model/types.ts';
import { Heap } from './heap.ts';

/** The nodes by the values of some labels, the same for all services that are spread over them. */
export interface Leaves {
  /** Of each node the number of its leaf. */
  readonly leafOf: Int32Array;
  /** Of each leaf the value of each label. */
  readonly values: readonly (readonly string[])[];
}

/** A label that is not there is an empty value, a branch of its own. */
export function leavesOf(labels: readonly string[], nodes: readonly Node[]): Leaves {
  const numbers = new Map<string, number>();
  const values: string[][] = [];
  const leafOf = Int32Array.from(nodes, (node) => {
    const found = labels.map((label) => valueOf(node, label) ?? '');
    const key = JSON.stringify(found);
    const known = numbers.get(key);
    if (known !== undefined) return known;
    numbers.set(key, values.length);
    return values.push(found) - 1;
  });
  return { leafOf, values };
}

interface Branch {
  tasks: number;
  readonly children: Map<string, Branch>;
  heap: Heap | undefined;
}

export class SpreadTree {
  readonly #root: Branch = { tasks: 0, children: new Map(), heap: undefined };
  readonly #leafOf: Int32Array;
  /** From the root to each leaf. */
  readonly #paths: readonly (readonly Branch[])[];

  /** `present`: how many tasks of the service each node has; those that cannot take more count as well. */
  constructor(
    leaves: Leaves,
    candidates: readonly number[],
    present: ReadonlyMap<number, number>,
    scoreOf: (index: number) => number,
  ) {
    this.#leafOf = leaves.leafOf;
    this.#paths = leaves.values.map((values) => pathTo(this.#root, values));
    for (const [index, tasks] of present) this.added(index, tasks);
    const members: number[][] = this.#paths.map(() => []);
    for (const index of candidates) members[this.#leafOf[index] ?? 0]?.push(index);
    for (const [leaf, path] of this.#paths.entries()) {
      const last = path.at(-1);
      if (last) last.heap = new Heap(members[leaf] ?? [], scoreOf);
    }
  }

  /** The heap of which the first node is next; undefined when no node is left. */
  next(): Heap | undefined {
    return nextHeap(this.#root);
  }

  added(index: number, tasks: number): void {
    for (const branch of this.#paths[this.#leafOf[index] ?? 0] ?? []) branch.tasks += tasks;
  }
}

function pathTo(root: Branch, values: readonly string[]): readonly Branch[] {
  const path = [root];
  let at = root;
  for (const value of values) {
    let child = at.children.get(value);
    if (child === undefined) {
      child = { tasks: 0, children: new Map(), heap: undefined };
      at.children.set(value, child);
    }
    path.push(child);
    at = child;
  }
  return path;
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
