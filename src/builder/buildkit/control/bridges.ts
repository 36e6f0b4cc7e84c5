// Builds whose course their clients determine, while they run, and what came of them for as long as the client's connection lasts.
import { cancelled, notFound } from '../../../base/errors.ts';
import type { SolveRequest } from '../protocol/messages.ts';
import { Bridge } from './gateway.ts';

/** A build may be spoken of on another stream before it is asked for. */
const WAIT_MS = 5_000;
const LOOK_MS = 2;

/** What a client's connection is known by. */
export type Connection = object;

export class Bridges {
  readonly #open = new Map<string, Bridge>();
  readonly #closed = new Map<Connection, Map<string, Bridge>>();

  open(request: SolveRequest, signal: AbortSignal): Bridge {
    const bridge = new Bridge(request, signal);
    this.#open.set(bridge.ref, bridge);
    return bridge;
  }

  /** Waits for the results that other builds need of this one: what they are made of goes with it. */
  async close(bridge: Bridge, connection: Connection): Promise<void> {
    await bridge.settled();
    this.#open.delete(bridge.ref);
    const closed = this.#closed.get(connection) ?? new Map<string, Bridge>();
    this.#closed.set(connection, closed.set(bridge.ref, bridge));
  }

  forget(connection: Connection): void {
    this.#closed.delete(connection);
  }

  /** Waits a little for a build that its client has asked for on another stream. */
  async find(ref: string, signal: AbortSignal): Promise<Bridge> {
    for (const until = Date.now() + WAIT_MS; ; ) {
      const found = this.#open.get(ref);
      if (found) return found;
      if (signal.aborted) throw cancelled('context canceled');
      if (Date.now() > until) throw notFound(`no such job ${ref}`);
      await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
    }
  }

  /** The build of a result, which may be over. */
  ofResult(ref: string): Bridge | undefined {
    const open = this.#open.get(ref);
    if (open) return open;
    for (const closed of this.#closed.values()) {
      const found = closed.get(ref);
      if (found) return found;
    }
    return undefined;
  }
}
