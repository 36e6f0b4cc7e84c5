// The daemon's table as the kernel has it: a change of one owner's elements is one short transaction; the whole is told at the start, and when something is amiss.
import { randomBytes } from 'node:crypto';
import type { SetElement } from '../../host/netlink/index.ts';
import { changesOf } from './elements.ts';
import { MARK } from './transactions.ts';

export interface RulesInput {
  /** The text that makes the table anew with these elements, and with an empty chain of this name. */
  readonly text: (elements: readonly SetElement[], mark: string) => string;
  /** Has nft read a text. */
  readonly notify: (text: string) => Promise<void>;
  /** Elements of the table that is there, at once, all or nothing; throws when the kernel refuses. */
  readonly change: (remove: readonly SetElement[], add: readonly SetElement[]) => void;
}

type Owners = ReadonlyMap<string, readonly SetElement[]>;

export class Rules {
  readonly #input: RulesInput;
  readonly #life = randomBytes(4).toString('hex');
  #count = 0;
  readonly #wanted = new Map<string, readonly SetElement[]>();
  /** What the kernel was told last; undefined when its table may be another. */
  #notified: Map<string, readonly SetElement[]> | undefined;
  /** Owners whose elements are not what was told. */
  #changed = new Set<string>();
  #running: Promise<void> | undefined;
  #next: Promise<void> | undefined;
  /** An empty chain of a name that no other telling has: so a change by another program is known from the daemon's own. */
  mark: string | undefined;

  constructor(input: RulesInput) {
    this.#input = input;
  }

  /** A network or a container, and all that the table is to say of it; the kernel hears of it with the next `bring`. */
  want(owner: string, elements: readonly SetElement[]): void {
    if (elements.length === 0) this.#wanted.delete(owner);
    else this.#wanted.set(owner, elements);
    this.#changed.add(owner);
  }

  /** Resolves when the kernel knows what is wanted now, or later. */
  bring(): Promise<void> {
    if (this.#next) return this.#next;
    if (!this.#running) return this.#bring();
    this.#next = this.#running
      .catch(() => undefined)
      .then(() => {
        this.#next = undefined;
        return this.#bring();
      });
    return this.#next;
  }

  /** A telling of the whole is at work, or waits. */
  get busy(): boolean {
    return this.#running !== undefined || this.#next !== undefined;
  }

  /** What was told may have been taken away by others: all of it is told again. */
  forget(): void {
    this.#notified = undefined;
  }

  #bring(): Promise<void> {
    if (this.#notified) {
      try {
        this.#change(this.#notified);
        return Promise.resolve();
      } catch {
        // the table is not what it was: somebody else was there a moment ago
      }
    }
    return this.#applyAll();
  }

  #change(notified: Map<string, readonly SetElement[]>): void {
    const changes = [...this.#changed].map((owner) =>
      changesOf(notified.get(owner) ?? [], this.#wanted.get(owner) ?? []),
    );
    this.#input.change(
      changes.flatMap(({ remove }) => remove),
      changes.flatMap(({ add }) => add),
    );
    for (const owner of this.#changed) {
      const now = this.#wanted.get(owner);
      if (now) notified.set(owner, now);
      else notified.delete(owner);
    }
    this.#changed.clear();
  }

  #applyAll(): Promise<void> {
    const all: Owners = new Map(this.#wanted);
    this.#notified = undefined;
    this.#changed.clear();
    this.#count += 1;
    const mark = `${MARK}${this.#life}_${this.#count}`;
    this.mark = mark;
    this.#running = this.#input
      .notify(this.#input.text([...all.values()].flat(), mark))
      .then(() => {
        this.#notified = new Map(all);
      })
      .finally(() => {
        this.#running = undefined;
      });
    return this.#running;
  }
}
