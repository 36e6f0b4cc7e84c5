// A container as it lives in the daemon: its record, its execs, and whoever waits for it or is attached to it.
import type { Console } from '../runtime/index.ts';
import type { Exec } from './exec.ts';
import type { ContainerRecord } from './record.ts';
import type { Attachment } from './streams.ts';

export interface Ended {
  readonly exitCode: number;
}

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
  /** Ends the watch over the log's size. */
  rotationStop: (() => void) | undefined;
  readonly #onExit = new Set<(ended: Ended) => void>();
  readonly #onStop = new Set<(ended: Ended) => void>();
  readonly #onRemoved = new Set<(ended: Ended) => void>();

  constructor(record: ContainerRecord) {
    this.record = record;
  }

  get id(): string {
    return this.record.id;
  }

  get state(): ContainerRecord['state'] {
    return this.record.state;
  }

  /** When it is known how the process ended, which is before all of it was tidied up. */
  nextExit(): Promise<Ended> {
    return new Promise((resolve) => this.#onExit.add(resolve));
  }

  /** The next time that the process ends; a restart counts. */
  nextStop(): Promise<Ended> {
    return new Promise((resolve) => this.#onStop.add(resolve));
  }

  removed(): Promise<Ended> {
    return new Promise((resolve) => this.#onRemoved.add(resolve));
  }

  tellExit(): void {
    this.#tell(this.#onExit);
  }

  tellStopped(): void {
    this.#tell(this.#onStop);
  }

  tellRemoved(): void {
    this.#tell(this.#onRemoved);
    this.#tell(this.#onExit);
    this.#tell(this.#onStop);
  }

  #tell(listeners: Set<(ended: Ended) => void>): void {
    const ended = { exitCode: this.state.exitCode };
    const told = [...listeners];
    listeners.clear();
    for (const listener of told) listener(ended);
  }
}
