// A teller whose every telling leaves a mark in the table, an empty chain of a new name: so a change by another program is known from its own.
import { randomBytes } from 'node:crypto';
import { RulesetApplier } from './ruleset-applier.ts';
import { MARK } from './transactions.ts';

export class MarkedApplier extends RulesetApplier {
  readonly family: 'inet' | 'netdev';
  readonly #table: string;
  readonly #life = randomBytes(4).toString('hex');
  #count = 0;
  /** The chain that the last telling left; undefined when it left no table. */
  mark: string | undefined;

  constructor(family: 'inet' | 'netdev', table: string, text: () => string, notify: (text: string) => Promise<void>) {
    super(text, (now) => notify(this.marked(now)));
    this.family = family;
    this.#table = table;
  }

  /** The text as it is told; a text that only takes the table away gets no mark. */
  marked(text: string): string {
    if (!text.includes('{')) {
      this.mark = undefined;
      return text;
    }
    this.#count += 1;
    this.mark = `${MARK}${this.#life}_${this.#count}`;
    return `${text}add chain ${this.family} ${this.#table} ${this.mark}\n`;
  }
}
