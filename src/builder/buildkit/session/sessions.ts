// Sessions of clients: connections over which the client of a build serves its files, secrets and credentials while we ask.
import type { Duplex } from 'node:stream';
import { cancelled, conflict, invalid, unavailable } from '../../../base/errors.ts';
import { Caller } from '../transport/client.ts';

/** Sessions at a time; each is an open connection. */
const MAX_SESSIONS = 256;
/** A build may be asked for before its session is there. */
const WAIT_MS = 5_000;

export interface Session {
  readonly id: string;
  /** Names the checkout, so that what was sent for it once can be kept. */
  readonly sharedKey: string;
  readonly caller: Caller;
  /** True when the client said that it answers this method, `/package.Service/Method`. */
  serves(method: string): boolean;
}

/** Of a client that opened none: it serves nothing. */
export const NO_SESSION: Session = {
  id: '',
  sharedKey: '',
  get caller(): Caller {
    throw unavailable('the client has no session');
  },
  serves: () => false,
};

export interface SessionHeaders {
  readonly id: string;
  readonly sharedKey: string;
  readonly methods: readonly string[];
}

export class Sessions {
  readonly #sessions = new Map<string, Session>();
  readonly #waiting = new Set<() => void>();

  /** Throws what is wrong before the connection is taken over. */
  check(id: string): void {
    if (id === '') throw invalid('the session has no id');
    if (this.#sessions.has(id)) throw conflict(`session ${id} already exists`);
    if (this.#sessions.size >= MAX_SESSIONS) throw unavailable('too many sessions at a time');
  }

  /** Takes the connection, and gives it up when it ends. */
  run(connection: Duplex, { id, sharedKey, methods }: SessionHeaders): Promise<void> {
    const caller = new Caller(connection);
    const served = new Set(methods.map((method) => method.toLowerCase()));
    this.#sessions.set(id, { id, sharedKey, caller, serves: (method) => served.has(method.toLowerCase()) });
    for (const wake of this.#waiting) wake();
    return new Promise((resolve) =>
      caller.onClose(() => {
        this.#sessions.delete(id);
        connection.destroy();
        resolve();
      }),
    );
  }

  /** The session of that id, now or soon. A prefix `x:` makes different builds of one session and is not part of the id. */
  async find(name: string, signal: AbortSignal): Promise<Session> {
    const id = name.slice(name.indexOf(':') + 1);
    const until = Date.now() + WAIT_MS;
    for (;;) {
      const found = this.#sessions.get(id);
      if (found) return found;
      if (signal.aborted) throw cancelled('context canceled');
      if (Date.now() >= until) throw unavailable(`no active session for ${id}: context deadline exceeded`);
      await new Promise<void>((resolve) => {
        const done = (): void => {
          clearTimeout(timer);
          this.#waiting.delete(done);
          signal.removeEventListener('abort', done);
          resolve();
        };
        const timer = setTimeout(done, until - Date.now());
        this.#waiting.add(done);
        signal.addEventListener('abort', done, { once: true });
      });
    }
  }

  closeAll(): void {
    for (const { caller } of this.#sessions.values()) caller.close();
  }
}
