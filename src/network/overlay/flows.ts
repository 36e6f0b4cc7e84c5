// Connections that lead to tasks which take none any more: the kernel keeps where a connection went, and would keep sending there what comes
// from the same port, a SYN that is sent again and packets of UDP above all.
import { addressBytes, parseAddress } from '../../base/address.ts';
import { messageOf } from '../../base/errors.ts';
import type { Log } from '../../base/log.ts';
import { forgetFlows, inNamespaceAt } from '../../host/netlink/index.ts';
import type { Live } from '../endpoints/container.ts';
import { placesOf } from './plan.ts';
import type { OverlayState } from '../../spec/berth/index.ts';

/** Who is stopping may still answer what has just come, milliseconds. */
const ANSWER_MS = 1000;

export interface Left {
  /** Nobody has this address now. */
  readonly gone: readonly string[];
  /** It takes no new connections; those that it has go on. */
  readonly unready: readonly string[];
}

/** Tasks that took connections before and do not now. Pure. */
export function leftBetween(before: OverlayState | undefined, after: OverlayState | undefined): Left {
  const now = new Map(after?.members.map(({ address, ready }) => [address, ready]));
  const left = (before?.members ?? []).filter(({ service, address }) => service !== undefined && !now.get(address));
  return {
    gone: left.filter(({ address }) => !now.has(address)).flatMap(placesOf),
    unready: left.filter(({ address, ready }) => now.has(address) && ready).flatMap(placesOf),
  };
}

export class Flows {
  readonly #log: Log;
  readonly #timers = new Set<NodeJS.Timeout>();

  constructor(log: Log) {
    this.#log = log;
  }

  /** On the host and in these containers; the rules that lead elsewhere are there already. */
  forget({ gone, unready }: Left, containers: readonly Live[]): void {
    this.#now(gone, containers, false);
    if (unready.length === 0) return;
    const timer = setTimeout(() => {
      this.#timers.delete(timer);
      this.#now(unready, containers, true);
    }, ANSWER_MS);
    this.#timers.add(timer);
  }

  #now(texts: readonly string[], containers: readonly Live[], unansweredOnly: boolean): void {
    const addresses = texts.flatMap((text) => {
      const parsed = parseAddress(text);
      return parsed ? [addressBytes(parsed)] : [];
    });
    if (addresses.length === 0) return;
    const work = (): number => forgetFlows(addresses, unansweredOnly);
    for (const namespace of [undefined, ...containers.flatMap((live) => live.namespace ?? [])])
      try {
        const count = namespace === undefined ? work() : inNamespaceAt(namespace, work);
        if (count > 0) this.#log.debug(`${count} connections to ${texts.join(', ')} are forgotten`);
      } catch (error) {
        this.#log.debug(`connections to ${texts.join(', ')}: ${messageOf(error)}`);
      }
  }

  close(): void {
    for (const timer of this.#timers) clearTimeout(timer);
  }
}
