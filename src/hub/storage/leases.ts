// Blobs that somebody is about to need: kept from the collector until a grace time has passed. In memory only, since a new
// process collects nothing before its own grace time is over.

export class Leases {
  readonly graceMs: number;
  readonly #now: () => number;
  readonly #startedAt: number;
  readonly #until = new Map<string, number>();
  readonly #removals = new Map<string, Promise<void>>();

  constructor(graceMs: number, now: () => number = Date.now) {
    this.graceMs = graceMs;
    this.#now = now;
    this.#startedAt = now();
  }

  /** Whoever pushes was told that the blob is here, or names it in a manifest. */
  renew(digest: string): void {
    this.#until.set(digest, this.#now() + this.graceMs);
  }

  isHeld(digest: string): boolean {
    return (this.#until.get(digest) ?? 0) > this.#now();
  }

  /** False as long as a client of the process before this one may rely on what it was told. */
  get isSettled(): boolean {
    return this.#now() - this.#startedAt >= this.graceMs;
  }

  /** Removes unless held; between the look and the removal nobody can take a lease, and who takes one later waits for the end. */
  async removeUnheld(digest: string, remove: () => Promise<void>): Promise<boolean> {
    if (this.isHeld(digest)) return false;
    const removal = remove();
    this.#removals.set(digest, removal);
    try {
      await removal;
    } finally {
      this.#removals.delete(digest);
    }
    return true;
  }

  /** Resolves when no removal of it is under way. */
  async settled(digest: string): Promise<void> {
    await this.#removals.get(digest)?.catch(() => undefined);
  }

  /** Forgets leases that are over. */
  sweep(): void {
    const now = this.#now();
    for (const [digest, until] of this.#until) if (until <= now) this.#until.delete(digest);
  }
}
