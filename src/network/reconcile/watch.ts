// Watches what the kernel tells of links, addresses and rules, and says when something of a daemon's may have to be put right.
import type { Message } from '../../host/netlink/codec.ts';
import { KernelEvents } from '../../host/netlink/events.ts';
import { readAddress, readLink, RTM } from '../../host/netlink/routing.ts';
import { type Seen, Transactions } from '../firewall/transactions.ts';

/** Changes that come together are looked at together, after so many milliseconds. */
const SETTLE_MS = 150;

export interface WatchInput {
  readonly table: string;
  /** What the kernel calls the socket with which the daemon changes elements. */
  readonly port: number;
  /** `onOthers` also for rules and sets of others, not only for their chains. */
  readonly everyChange: boolean;
  readonly onLinks: (touched: Touched | 'any') => void;
  /** Gives false to be asked again: the daemon's own transaction is at work. */
  readonly onRules: (own: Seen['own'] | 'lost') => boolean;
  readonly onOthers: () => void;
}

/** Which links were changed, made or deleted, or lost an address. */
export interface Touched {
  /** Names, with the note that the link carries. */
  readonly names: ReadonlyMap<string, string>;
  readonly indexes: ReadonlySet<number>;
}

export class Watch implements Disposable {
  readonly #input: WatchInput;
  readonly #sources: KernelEvents[];
  #names = new Map<string, string>();
  #indexes = new Set<number>();
  #anyLink = false;
  #others = false;
  #own: Map<string, string | undefined> | 'lost' = new Map();
  #timer: NodeJS.Timeout | undefined;

  constructor(input: WatchInput) {
    this.#input = input;
    const transactions = new Transactions(input.table, { port: input.port, everyChange: input.everyChange });
    this.#sources = [
      new KernelEvents(
        'routing',
        (messages) => {
          for (const message of messages) this.#noteLink(message);
        },
        () => this.#note(() => (this.#anyLink = true)),
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

  #noteLink(message: Message): void {
    const { type } = message;
    if (type === RTM.NEWLINK || type === RTM.DELLINK) {
      const { name, alias } = readLink(message);
      this.#note(() => this.#names.set(name, alias));
    } else if (type === RTM.DELADDR) {
      const { link } = readAddress(message);
      this.#note(() => this.#indexes.add(link));
    }
  }

  #note(what: () => void): void {
    what();
    this.#timer ??= setTimeout(() => this.#look(), SETTLE_MS).unref();
  }

  #look(): void {
    this.#timer = undefined;
    const { onLinks, onRules, onOthers } = this.#input;
    const touched = { names: this.#names, indexes: this.#indexes };
    const any = this.#anyLink;
    this.#names = new Map();
    this.#indexes = new Set();
    this.#anyLink = false;
    if (any || touched.names.size + touched.indexes.size > 0) onLinks(any ? 'any' : touched);
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
