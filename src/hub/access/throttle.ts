// So many in a window of time, by key: failed logins of an address, pulls of an account. What was longest ago is forgotten first.

export interface Window {
  readonly limit: number;
  readonly remaining: number;
  /** Until the window is over, seconds. */
  readonly resetSeconds: number;
}

/** Keys that are counted at a time. */
const MAX_KEYS = 10_000;

export class Throttle {
  readonly limit: number;
  readonly windowMs: number;
  readonly #now: () => number;
  readonly #counts = new Map<string, { count: number; readonly endsAt: number }>();

  constructor(limit: number, windowMs: number, now: () => number = Date.now) {
    this.limit = limit;
    this.windowMs = windowMs;
    this.#now = now;
  }

  /** Counts one; `remaining` is negative when it is one too many. */
  count(key: string): Window {
    const now = this.#now();
    let entry = this.#counts.get(key);
    if (!entry || entry.endsAt <= now) {
      this.#counts.delete(key);
      entry = { count: 0, endsAt: now + this.windowMs };
      this.#counts.set(key, entry);
      const [oldest] = this.#counts.keys();
      if (this.#counts.size > MAX_KEYS && oldest !== undefined) this.#counts.delete(oldest);
    }
    entry.count += 1;
    return this.#window(entry, now);
  }

  /** Without counting. */
  look(key: string): Window {
    const now = this.#now();
    const entry = this.#counts.get(key);
    return this.#window(entry && entry.endsAt > now ? entry : { count: 0, endsAt: now + this.windowMs }, now);
  }

  #window({ count, endsAt }: { count: number; endsAt: number }, now: number): Window {
    return { limit: this.limit, remaining: this.limit - count, resetSeconds: Math.ceil((endsAt - now) / 1000) };
  }
}
