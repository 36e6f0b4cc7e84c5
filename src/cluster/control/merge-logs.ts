// Lines of many tasks in the order of their times: exactly where the logs end, and within a short window where they are followed.
import { parseRfc3339 } from '../../base/clock.ts';

/** Lines that are followed wait so long for earlier ones of other tasks, milliseconds. */
export const WINDOW_MS = 100;
/** Lines that wait for a slow node; beyond, the earliest go out. */
export const MAX_WAITING = 20_000;

interface Waiting<T> {
  readonly line: T;
  readonly time: bigint;
  readonly arrived: number;
}

export class MergedLogs<T> {
  readonly #queues = new Map<string, Waiting<T>[]>();
  readonly #follow: boolean;
  #count = 0;

  constructor(follow: boolean) {
    this.#follow = follow;
  }

  open(source: string): void {
    this.#queues.set(source, []);
  }

  /** `time`: RFC 3339; lines of one source come in its order. */
  push(source: string, line: T, time: string, now: number): void {
    this.#queues.get(source)?.push({ line, time: parseRfc3339(time) ?? 0n, arrived: now });
    this.#count += 1;
  }

  readonly #ended = new Set<string>();

  end(source: string): void {
    this.#ended.add(source);
  }

  /** Nothing is open, and nothing waits. */
  get isDone(): boolean {
    return [...this.#queues.keys()].every((source) => this.#ended.has(source)) && this.#count === 0;
  }

  /** What may go out now, in order. */
  take(now: number): T[] {
    const taken: T[] = [];
    for (;;) {
      let least: Waiting<T>[] | undefined;
      let isBlocked = false;
      for (const [source, queue] of this.#queues) {
        const [first] = queue;
        if (!first) isBlocked ||= !this.#ended.has(source);
        else if (!least?.[0] || first.time < least[0].time) least = queue;
      }
      const [first] = least ?? [];
      if (!first) return taken;
      // where all others have a later line, or have ended, nothing earlier can come
      const isDue = !isBlocked || (this.#follow && now - first.arrived >= WINDOW_MS);
      if (!isDue && this.#count <= MAX_WAITING) return taken;
      least?.shift();
      this.#count -= 1;
      taken.push(first.line);
    }
  }
}
