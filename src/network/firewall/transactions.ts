// Reads the kernel's account of nftables: which transactions touched a daemon's tables, and which changed what others' chains do. Pure.
import { attributes, type Message, textOf } from '../../host/netlink/codec.ts';

/** nfnetlink's number of nftables. */
const SUBSYSTEM = 10;
const MSG = { DELTABLE: 2, NEWCHAIN: 3, DELCHAIN: 5, NEWGEN: 15 } as const;
const FAMILY: Readonly<Record<number, string>> = { 1: 'inet', 2: 'ip', 5: 'netdev', 7: 'bridge', 10: 'ip6' };
/** Header: family, version, and two bytes of a resource id. */
const HEADER = 4;

/** Chains of this name in a daemon's tables say which telling made them. */
export const MARK = 'told_';

export interface Seen {
  /** The mark that the last transaction on the daemon's table of this family left; undefined for a transaction without one. */
  readonly own: ReadonlyMap<string, string | undefined>;
  /** Chains of others came, went or changed their policy (any change of theirs, where that was asked for); or something with the table's name in it, a rule of ours there, is gone. */
  readonly others: boolean;
}

export class Transactions {
  readonly #table: string;
  readonly #port: number;
  readonly #everyChange: boolean;
  #touched = new Map<string, string | undefined>();
  #others = false;

  /** `port`: the socket whose transactions are the daemon's own; `everyChange`: rules and sets of others are of interest too. */
  constructor(table: string, { port = 0, everyChange = false }: { port?: number; everyChange?: boolean } = {}) {
    this.#table = table;
    this.#port = port;
    this.#everyChange = everyChange;
  }

  /** What the transactions did that ended within these messages; those of one may come in several calls. */
  read(messages: readonly Message[]): Seen {
    const own = new Map<string, string | undefined>();
    let others = false;
    for (const { type, port, payload } of messages) {
      if (type >> 8 !== SUBSYSTEM || (port !== 0 && port === this.#port)) continue;
      const message = type & 0xff;
      if (message === MSG.NEWGEN) {
        for (const [family, mark] of this.#touched) own.set(family, mark);
        others ||= this.#others;
        this.#touched = new Map();
        this.#others = false;
        continue;
      }
      this.#note(message, payload);
    }
    return { own, others };
  }

  #note(message: number, payload: Buffer): void {
    const family = FAMILY[payload[0] ?? 0] ?? '';
    const found = attributes(payload.subarray(HEADER));
    const table = textOf(found.get(1));
    if (table === this.#table) {
      const name = message === MSG.NEWCHAIN ? textOf(found.get(3)) : '';
      this.#touched.set(family, name.startsWith(MARK) ? name : this.#touched.get(family));
      return;
    }
    const chains =
      this.#everyChange || message === MSG.DELTABLE || message === MSG.NEWCHAIN || message === MSG.DELCHAIN;
    if ((chains && !table.startsWith('berth_')) || payload.includes(this.#table)) this.#others = true;
  }
}
