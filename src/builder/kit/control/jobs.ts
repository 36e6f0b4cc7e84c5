// Builds that run, by the name their client gave them: what happens in each, kept for whoever asks for it, also a little later.
import { cancelled, conflict, notFound, unavailable } from '../../../base/errors.ts';
import type { BuildEvent } from '../../event.ts';
import type { StatusResponse } from '../protocol/messages.ts';
import { gather } from './status.ts';

/** Builds of clients at a time. */
const MAX_JOBS = 128;
/** What happened in a build that nobody asked for yet, at most; older output is dropped then. */
const MAX_EVENTS = 20_000;
/** Events are gathered for so long, milliseconds, as BuildKit does. */
const GATHER_MS = 50;
/** A client asks for the course of a build before and after it asked for the build. */
const WAIT_MS = 5_000;
const LINGER_MS = 3_000;

export class Job {
  readonly ref: string;
  readonly startedAt = BigInt(Date.now()) * 1_000_000n;
  #events: BuildEvent[] = [];
  #over = false;
  /** Somebody has heard it to its end: nothing of it is left here. */
  isTold = false;
  #listener: (() => void) | undefined;

  constructor(ref: string) {
    this.ref = ref;
  }

  readonly tell = (event: BuildEvent): void => {
    if (this.#over) return;
    this.#events.push(event);
    if (this.#events.length > MAX_EVENTS)
      this.#events = this.#events.filter(({ kind }) => kind !== 'log').slice(-MAX_EVENTS);
    this.#listener?.();
  };

  end(): void {
    this.#over = true;
    this.#listener?.();
  }

  /** What happens, from the beginning, until the build is over. One listener hears it. */
  async *course(signal: AbortSignal): AsyncGenerator<Partial<StatusResponse>, void, void> {
    if (this.#listener) throw conflict(`the course of ${this.ref} is being told already`);
    let wake = (): void => undefined;
    const onAbort = (): void => wake();
    signal.addEventListener('abort', onAbort);
    this.#listener = () => wake();
    try {
      while (!signal.aborted) {
        const events = this.#events;
        this.#events = [];
        if (events.length > 0) yield gather(events);
        if (this.#events.length > 0) continue;
        if (this.#over) {
          this.isTold = true;
          return;
        }
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
        // the first of many is told with the others; the end is told at once
        if (!this.#over) await pause(GATHER_MS, (early) => (wake = () => this.#over && early()));
      }
    } finally {
      signal.removeEventListener('abort', onAbort);
      this.#listener = undefined;
    }
  }
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
