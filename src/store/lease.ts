// A hold on content that no image names yet, for as long as the work that makes the image takes.
import type { Digest } from '../base/ids.ts';

export interface Lease extends Disposable {
  readonly layers: Set<Digest>;
  readonly blobs: Set<Digest>;
}

export class Leases {
  readonly #held = new Set<Lease>();
  #whenFree: (() => void) | undefined;

  take(): Lease {
    const lease: Lease = { layers: new Set(), blobs: new Set(), [Symbol.dispose]: () => this.#release(lease) };
    this.#held.add(lease);
    return lease;
  }

  #release(lease: Lease): void {
    this.#held.delete(lease);
    if (this.busy) return;
    const work = this.#whenFree;
    this.#whenFree = undefined;
    work?.();
  }

  /** Done now, or once when nothing is held any more: of several that wait, the last. */
  whenFree(work: () => void): void {
    if (this.busy) this.#whenFree = work;
    else work();
  }

  layers(): Digest[] {
    return [...this.#held].flatMap((lease) => [...lease.layers]);
  }

  blobs(): Digest[] {
    return [...this.#held].flatMap((lease) => [...lease.blobs]);
  }

  /** While anything is held, blobs may be on their way in that nobody names. */
  get busy(): boolean {
    return this.#held.size > 0;
  }
}
