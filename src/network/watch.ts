// Watches what the kernel tells of links, addresses and rules, and says when something of a daemon's may have to be put right.
import { KernelEvents } from '../host/netlink/events.ts';
import { type Seen, Transactions } from './transactions.ts';

/** Changes that come together are looked at together, after so many milliseconds. */
const SETTLE_MS = 150;

export interface WatchInput {
  readonly table: string;
  /** `onOthers` also for rules and sets of others, not only for their chains. */
  readonly everyChange: boolean;
  readonly onLinks: () => void;
  /** Gives false to be asked again: the daemon's own transaction is at work. */
  readonly onRules: (own: Seen['own'] | 'lost') => boolean;
  readonly onOthers: () => void;
}

export class Watch implements Disposable {
  readonly #input: WatchInput;
  readonly #sources: KernelEvents[];
  #links = false;
  #others = false;
  #own: Map<string, string | undefined> | 'lost' = new Map();
  #timer: NodeJS.Timeout | undefined;

  constructor(input: WatchInput) {
    this.#input = input;
    const transactions = new Transactions(input.table, input.everyChange);
    this.#sources = [
      new KernelEvents(
        'routing',
        () => this.#note(() => (this.#links = true)),
        () => this.#note(() => (this.#links = true)),
      ),
      new KernelEvents(
        'firewall',
        (messages) => {
          const { own, others } = transactions.read(messages);
          if (own.size === 0 && !others) return;
          this.#note(() => {
            this.#others ||= others;
            if (this.#own !== 'lost') for (const [family, mark] of own) this.#own.set(family, mark);
          });
        },
        () =>
          this.#note(() => {
            this.#others = true;
            this.#own = 'lost';
          }),
      ),
    ];
  }

  [Symbol.dispose](): void {
    clearTimeout(this.#timer);
    for (const source of this.#sources) source[Symbol.dispose]();
  }

  #note(what: () => void): void {
    what();
    this.#timer ??= setTimeout(() => this.#look(), SETTLE_MS).unref();
  }

  #look(): void {
    this.#timer = undefined;
    const { onLinks, onRules, onOthers } = this.#input;
    if (this.#links) {
      this.#links = false;
      onLinks();
    }
    if (this.#others) {
      this.#others = false;
      onOthers();
    }
    const own = this.#own;
    if (own !== 'lost' && own.size === 0) return;
    if (onRules(own)) this.#own = new Map();
    else this.#note(() => undefined);
  }
}
