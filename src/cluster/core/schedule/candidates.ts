// The nodes that a group of like tasks chooses among: all that may have them or, of thousands and for few tasks, a sample of the best. Pure.
import type { Needs, Placement, Service, Strategy } from '../model/types.ts';
import { type Board, countOf } from './board.ts';
import { Buckets } from './buckets.ts';
import { type StaticRules, fits, passesStatic, rulesOf } from './filter.ts';
import { type Leaves, leavesOf } from './preferences.ts';
import { levelOf } from './score.ts';

/** Up to so many nodes are all looked at. */
const ALL_BELOW = 64;
/** Of more nodes so many more than there are tasks. */
const SAMPLE = 16;

export interface NodeClass {
  readonly rules: StaticRules;
  readonly eligible: readonly number[];
  readonly isEligible: Uint8Array;
}

/** Nodes by what is asked of them, computed once for all services that ask the same. */
export class Candidates {
  readonly #board: Board;
  readonly #classes = new Map<string, NodeClass>();
  readonly #buckets = new Map<Strategy, Buckets>();
  readonly #leaves = new Map<string, Leaves>();

  constructor(board: Board) {
    this.#board = board;
  }

  classOf(placement: Placement): NodeClass {
    const { constraints, platforms, plugins } = placement;
    const key = JSON.stringify([constraints ?? [], platforms ?? [], plugins ?? []]);
    const known = this.#classes.get(key);
    if (known) return known;
    const rules = rulesOf(placement);
    const isEligible = Uint8Array.from(this.#board.nodes, (node) => (passesStatic(node, rules) ? 1 : 0));
    const eligible = [...isEligible.keys()].filter((index) => isEligible[index] === 1);
    const made = { rules, eligible, isEligible };
    this.#classes.set(key, made);
    return made;
  }

  /** In no order. */
  forTasks(service: Service, needs: Needs | undefined, count: number, strategy: Strategy): readonly number[] {
    const { eligible, isEligible } = this.classOf(service.placement);
    const board = this.#board;
    const isSampled =
      eligible.length > ALL_BELOW &&
      count * 8 < eligible.length &&
      (strategy === 'spread' || strategy === 'least-busy' || strategy === 'binpack') &&
      !service.placement.preferences?.length;
    if (!isSampled) return eligible.filter((index) => fits(board, index, service, needs));
    const failures = board.failures.get(service.id);
    const best: number[] = [];
    const others: number[] = [];
    const enough = count + SAMPLE;
    for (const index of this.#bucketsOf(strategy)) {
      if (isEligible[index] === 0 || !fits(board, index, service, needs)) continue;
      const isFresh = strategy === 'binpack' || countOf(board, service.id, index) === 0;
      (isFresh && !failures?.has(index) ? best : others).push(index);
      if (best.length >= enough) break;
    }
    return best.length >= enough ? best : [...best, ...others];
  }

  leavesOf(labels: readonly string[]): Leaves {
    const key = JSON.stringify(labels);
    const known = this.#leaves.get(key);
    if (known) return known;
    const made = leavesOf(labels, this.#board.nodes);
    this.#leaves.set(key, made);
    return made;
  }

  /** A task was placed there. */
  placed(index: number): void {
    for (const [strategy, buckets] of this.#buckets) buckets.move(index, levelOf(this.#board, strategy, index));
  }

  #bucketsOf(strategy: Strategy): Buckets {
    const known = this.#buckets.get(strategy);
    if (known) return known;
    const made = new Buckets(this.#board.nodes.length, (index) => levelOf(this.#board, strategy, index));
    this.#buckets.set(strategy, made);
    return made;
  }
}
