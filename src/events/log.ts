// The daemon's events: one bounded ring that every watcher reads at its own pace, so that a slow one costs no memory.
import { nowNanos } from '../base/clock.ts';
import type { EventType } from '../spec/docker/index.ts';

export interface NewEvent {
  readonly type: EventType;
  /** A verb, for some with a detail behind a colon: `health_status: healthy`. */
  readonly action: string;
  readonly id: string;
  readonly attributes: Readonly<Record<string, string>>;
}

export interface DaemonEvent extends NewEvent {
  readonly kind: 'event';
  /** Counts from 1 in the life of one daemon; a watcher that comes back goes on behind the last that it saw. */
  readonly sequence: number;
  /** Nanoseconds since 1970. */
  readonly time: bigint;
}

/** In place of events that a watcher was too slow for, or that came before the oldest that is kept. */
export interface Gap {
  readonly kind: 'gap';
  readonly missed: number;
}

export interface WatchOptions {
  /** Go on behind this event; 0 is the first of all. Absent: what happens from now on, or from `since` on. */
  readonly after?: number;
  /** Kept events that are not older, nanoseconds since 1970. Where that reaches back further than memory there is no gap: nobody can know. */
  readonly since?: bigint;
  /** Nothing younger; the watch ends when that time has come. Nanoseconds since 1970. */
  readonly until?: bigint;
  /** Ends the watch; what had happened before is still given. */
  readonly signal?: AbortSignal;
}

/** So many events are kept; dockerd keeps 256. */
export const EVENTS_KEPT = 4096;
/** The longest that a timer can wait, milliseconds. */
const LONGEST_TIMER = 2 ** 31 - 1;

export class EventLog {
  /** The event with sequence n lies at n modulo the capacity. */
  readonly #ring: DaemonEvent[] = [];
  readonly #wakers = new Set<() => void>();
  readonly #capacity: number;
  readonly #clock: () => bigint;
  #last = 0;
  #watchers = 0;

  constructor(options: { readonly capacity?: number; readonly clock?: () => bigint } = {}) {
    this.#capacity = options.capacity ?? EVENTS_KEPT;
    this.#clock = options.clock ?? nowNanos;
  }

  /** Sequence of the newest event; 0 when nothing has happened. */
  get last(): number {
    return this.#last;
  }

  get watchers(): number {
    return this.#watchers;
  }

  /** An arrow, since it is handed to those who emit. */
  readonly emit = (event: NewEvent): void => {
    this.#last += 1;
    const { type, action, id, attributes } = event;
    this.#ring[this.#last % this.#capacity] = {
      kind: 'event',
      sequence: this.#last,
      time: this.#clock(),
      type,
      action,
      id,
      attributes: { ...attributes },
    };
    for (const wake of this.#wakers) wake();
  };

  /** Begins at the moment of the call, not when its first value is asked for. */
  watch(options: WatchOptions = {}): AsyncGenerator<DaemonEvent | Gap, void, undefined> {
    return this.#walk(
      options.after ?? (options.since === undefined ? this.#last : this.#before(options.since)),
      options,
    );
  }

  async *#walk(after: number, { until, signal }: WatchOptions): AsyncGenerator<DaemonEvent | Gap, void, undefined> {
    let seen = after;
    let over = signal?.aborted ?? false;
    let wake: () => void = () => undefined;
    const wakeUp = (): void => wake();
    const finish = (): void => {
      over = true;
      wake();
    };
    const wait = until === undefined ? undefined : Math.max(0, Number((until - this.#clock()) / 1_000_000n));
    if (wait === 0) over = true;
    const timer = wait === undefined ? undefined : setTimeout(finish, Math.min(wait, LONGEST_TIMER));
    this.#watchers += 1;
    this.#wakers.add(wakeUp);
    signal?.addEventListener('abort', finish, { once: true });
    try {
      for (;;) {
        while (seen < this.#last) {
          const missed = this.#last - this.#capacity - seen;
          if (missed > 0) {
            seen += missed;
            yield { kind: 'gap', missed };
            continue;
          }
          seen += 1;
          const event = this.#at(seen);
          if (until === undefined || event.time <= until) yield event;
        }
        if (over) return;
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
      }
    } finally {
      this.#watchers -= 1;
      this.#wakers.delete(wakeUp);
      clearTimeout(timer);
      signal?.removeEventListener('abort', finish);
    }
  }

  #at(sequence: number): DaemonEvent {
    const event = this.#ring[sequence % this.#capacity];
    if (event?.sequence !== sequence) throw new Error(`event ${sequence} is not kept`);
    return event;
  }

  /** The sequence before the first kept event that is not older than `since`. */
  #before(since: bigint): number {
    let sequence = Math.max(0, this.#last - this.#capacity);
    while (sequence < this.#last && this.#at(sequence + 1).time < since) sequence += 1;
    return sequence;
  }
}
