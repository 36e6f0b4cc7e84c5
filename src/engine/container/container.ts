// A container as it lives in the daemon: its record, its execs, and whoever waits for it or is attached to it.
import { cancelled } from '../../base/errors.ts';
import type { Console, LogRotation } from '../../runtime/index.ts';
import type { Exec } from './exec.ts';
import type { ContainerRecord } from './record.ts';
import type { Attachment } from './streams.ts';

export interface Ended {
  readonly exitCode: number;
  /** Why the container that was to be removed is still there. */
  readonly error?: string;
}

type Listeners = Set<(ended: Ended) => void>;

export class Container {
  readonly record: ContainerRecord;
  readonly execs = new Map<string, Exec>();
  /** The connection to its stdio while somebody needs it. */
  console: Console | undefined;
  /** Attached before the process was there; connected when it is started. */
  readonly waitingAttachments = new Set<Attachment>();
  restartTimer: NodeJS.Timeout | undefined;
  lastRestartDelayMs = 0;
  /** The user asked for this exit, so it is not restarted. */
  stopRequested = false;
  /** Undoes the last health check's schedule. */
  healthStop: (() => void) | undefined;
  /** Ends the watch for processes that the kernel killed for want of memory. */
  oomStop: (() => void) | undefined;
  /** When the last want of memory was noted, by the clock of `performance`; 0 for never. */
  oomKilledAt = 0;
  /** When its last end was told, by the clock of `performance`; 0 for never. */
  diedAt = 0;
  /** Keeps the log within its bounds while something may write it. */
  logRotation: LogRotation | undefined;
  readonly #onExit: Listeners = new Set();
  readonly #onStop: Listeners = new Set();
  readonly #onRemoved: Listeners = new Set();

  constructor(record: ContainerRecord) {
    this.record = record;
  }

  get id(): string {
    return this.record.id;
  }

  get state(): ContainerRecord['state'] {
    return this.record.state;
  }

  /** Only `dispatch` does this. */
  replaceState(state: ContainerRecord['state']): void {
    this.record.state = state;
  }

  /** When it is known how the process ended, which is before all of it was tidied up. */
  nextExit(): Promise<Ended> {
    return listen(this.#onExit);
  }

  /** The next time that the process ends; a restart counts. Throws cancelled when whoever waits goes away first. */
  nextStop(signal: AbortSignal): Promise<Ended> {
    return listen(this.#onStop, signal);
  }

  /** As `nextStop`; with an error where a removal failed. */
  removed(signal: AbortSignal): Promise<Ended> {
    return listen(this.#onRemoved, signal);
  }

  /** How many wait, for whatever. */
  get waiting(): number {
    return this.#onExit.size + this.#onStop.size + this.#onRemoved.size;
  }

  notifyExit(): void {
    this.#notify(this.#onExit);
  }

  notifyStopped(): void {
    this.#notify(this.#onStop);
  }

  notifyRemoved(): void {
    this.#notify(this.#onRemoved);
    this.#notify(this.#onExit);
    this.#notify(this.#onStop);
  }

  notifyRemovalFailed(error: string): void {
    this.#notify(this.#onRemoved, error);
  }

  #notify(listeners: Listeners, error?: string): void {
    const ended = { exitCode: this.state.exitCode, ...(error === undefined ? {} : { error }) };
    const waiting = [...listeners];
    listeners.clear();
    for (const listener of waiting) listener(ended);
  }
}

function listen(listeners: Listeners, signal?: AbortSignal): Promise<Ended> {
  return new Promise((resolve, reject) => {
    const leave = (): void => {
      listeners.delete(ended);
      reject(cancelled('context canceled'));
    };
    const ended = (how: Ended): void => {
      signal?.removeEventListener('abort', leave);
      resolve(how);
    };
    if (signal?.aborted === true) {
      leave();
      return;
    }
    listeners.add(ended);
    signal?.addEventListener('abort', leave, { once: true });
  });
}
