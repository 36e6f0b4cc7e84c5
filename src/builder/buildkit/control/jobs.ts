// Builds that run, by the name their client gave them: what happens in each, kept for whoever asks for it, also a little later.
import { cancelled, conflict, notFound, unavailable } from '../../../base/errors.ts';
import type { BuildEvent } from '../../model/event.ts';
import type { StatusResponse } from '../protocol/messages.ts';
import { gather } from './status.ts';

/** Builds of clients at a time. */
const MAX_JOBS = 128;
/** Events of one build at most that somebody has still to hear; older output is dropped then. */
const MAX_EVENTS = 20_000;
/** Output that all have heard is kept for who asks later, bytes. */
const MAX_HEARD = 1024 * 1024;
/** Who may listen to one build at a time. */
const MAX_LISTENERS = 16;
/** Events are gathered for so long, milliseconds, as BuildKit does. */
const GATHER_MS = 50;
/** A client asks for the course of a build before and after it asked for the build. */
const WAIT_MS = 5_000;
const LINGER_MS = 3_000;

interface Entry {
  readonly number: number;
  readonly event: BuildEvent;
}

interface Listener {
  /** The number of the event that comes next. */
  next: number;
  wake: () => void;
}

export class Job {
  readonly ref: string;
  readonly startedAt = BigInt(Date.now()) * 1_000_000n;
  /** In order of their numbers, which have gaps where output was dropped. */
  #events: Entry[] = [];
  #number = 0;
  /** Bytes of output among the events. */
  #output = 0;
  #limits = { output: MAX_HEARD, events: MAX_EVENTS };
  #over = false;
  /** Somebody has heard it to its end: what is left of it here may be less than the whole. */
  isTold = false;
  readonly #listeners = new Set<Listener>();

  constructor(ref: string) {
    this.ref = ref;
  }

  readonly notify = (event: BuildEvent): void => {
    if (this.#over) return;
    this.#events.push({ number: this.#number++, event });
    if (event.kind === 'log') this.#output += event.data.length;
    if (this.#output > this.#limits.output || this.#events.length > this.#limits.events) this.#condense();
    for (const { wake } of this.#listeners) wake();
  };

  end(): void {
    this.#over = true;
    for (const { wake } of this.#listeners) wake();
  }

  /** Keeps the last of what supersedes another; the oldest output goes: what all have heard, above the limit also other. */
  #condense(): void {
    const heard = this.#listeners.size === 0 ? 0 : Math.min(...[...this.#listeners].map(({ next }) => next));
    const kept: Entry[] = [];
    const seen = new Set<string>();
    let output = 0;
    for (const entry of this.#events.toReversed()) {
      const { number, event } = entry;
      const key = keyOf(event);
      if (key !== undefined && seen.has(key)) continue;
      if (key !== undefined) seen.add(key);
      if (event.kind === 'log') {
        if (number < heard ? output > MAX_HEARD / 2 : kept.length > MAX_EVENTS / 2) continue;
        output += event.data.length;
      }
      kept.push(entry);
    }
    this.#events = kept.reverse();
    this.#output = output;
    // what cannot go is not gone through for each event
    this.#limits = { output: Math.max(MAX_HEARD, output * 2), events: Math.max(MAX_EVENTS, kept.length * 2) };
  }

  /** What happens, from the beginning, until the build is over. */
  async *course(signal: AbortSignal): AsyncGenerator<Partial<StatusResponse>, void, void> {
    if (this.#listeners.size >= MAX_LISTENERS) throw unavailable(`too many listen to ${this.ref}`);
    const listener: Listener = { next: 0, wake: () => undefined };
    const onAbort = (): void => listener.wake();
    signal.addEventListener('abort', onAbort);
    this.#listeners.add(listener);
    try {
      while (!signal.aborted) {
        const events = this.#after(listener.next);
        listener.next = this.#number;
        if (events.length > 0) yield gather(events);
        if (listener.next < this.#number) continue;
        if (this.#over) {
          this.isTold = true;
          return;
        }
        await new Promise<void>((resolve) => {
          listener.wake = resolve;
        });
        // the first of many is told with the others; the end is told at once
        if (!this.#over) await pause(GATHER_MS, (early) => (listener.wake = () => this.#over && early()));
      }
    } finally {
      signal.removeEventListener('abort', onAbort);
      this.#listeners.delete(listener);
    }
  }

  #after(next: number): BuildEvent[] {
    const events: BuildEvent[] = [];
    for (let at = this.#events.length - 1; at >= 0; at -= 1) {
      const found = this.#events[at];
      if (!found || found.number < next) break;
      events.push(found.event);
    }
    return events.reverse();
  }
}

/** An event with the same key says all that an earlier one said. */
function keyOf(event: BuildEvent): string | undefined {
  if (event.kind === 'vertex') return `vertex ${event.vertex.id}`;
  if (event.kind === 'status') return `status ${event.vertex} ${event.id}`;
  return undefined;
}

function pause(ms: number, onEarly: (early: () => void) => void): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, ms);
    onEarly(() => {
      clearTimeout(timer);
      resolve();
    });
  });
}

/** Events told at once, of a build that was. */
const PART = 500;

/** What happened in a build that is over, as its course was told. */
export async function* courseOf(
  events: AsyncIterable<BuildEvent>,
): AsyncGenerator<Partial<StatusResponse>, void, void> {
  let part: BuildEvent[] = [];
  for await (const event of events) {
    part.push(event);
    if (part.length < PART) continue;
    yield gather(part);
    part = [];
  }
  if (part.length > 0) yield gather(part);
}

export class Jobs {
  readonly #jobs = new Map<string, Job>();
  readonly #waiting = new Set<() => void>();

  make(ref: string): Job {
    if (this.#jobs.has(ref)) throw conflict(`job ID ${ref} exists`);
    if (this.#jobs.size >= MAX_JOBS) throw unavailable('too many builds at a time');
    const job = new Job(ref);
    this.#jobs.set(ref, job);
    for (const wake of this.#waiting) wake();
    return job;
  }

  end(job: Job): void {
    job.end();
    setTimeout(() => {
      if (this.#jobs.get(job.ref) === job) this.#jobs.delete(job.ref);
    }, LINGER_MS).unref();
  }

  /** Nothing more can be heard of it here: it is not known, or has been told. */
  isTold(ref: string): boolean {
    return this.#jobs.get(ref)?.isTold ?? true;
  }

  async find(ref: string, signal: AbortSignal): Promise<Job> {
    const until = Date.now() + WAIT_MS;
    for (;;) {
      const job = this.#jobs.get(ref);
      if (job) return job;
      if (signal.aborted) throw cancelled('context canceled');
      if (Date.now() >= until) throw notFound(`no such job ${ref}`);
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
}
