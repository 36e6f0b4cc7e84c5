// The last changes of a source, for those who ask what there was since they looked: bounded, and honest about where it begins.
import type { KeyValueChange } from '../../spec/berth/index.ts';

export interface HistoryLimits {
  readonly changes: number;
  /** Of values, as they are kept. */
  readonly bytes: number;
}

export class History {
  readonly #limits: HistoryLimits;
  #changes: KeyValueChange[] = [];
  #bytes = 0;
  /** Everything after this revision is here; undefined before the source has said anything. */
  #complete: number | undefined;
  #revision = 0;
  readonly #waiting = new Set<() => void>();

  constructor(limits: HistoryLimits) {
    this.#limits = limits;
  }

  /** Of the last that is known. */
  get revision(): number {
    return this.#revision;
  }

  /** The source has said where it begins. */
  get isBegun(): boolean {
    return this.#complete !== undefined;
  }

  /** The source begins anew: what was before is not known. */
  restart(revision: number): void {
    this.#changes = [];
    this.#bytes = 0;
    this.#complete = revision;
    this.#revision = revision;
    this.#wake();
  }

  /** All of one revision come together. */
  add(changes: readonly KeyValueChange[], revision: number): void {
    if (this.#complete === undefined) return;
    this.#revision = Math.max(this.#revision, revision);
    for (const change of changes) {
      this.#changes.push(change);
      this.#bytes += bytesOf(change);
    }
    this.#shorten();
    if (changes.length > 0) this.#wake();
  }

  #shorten(): void {
    let gone = 0;
    while (this.#changes.length - gone > this.#limits.changes || this.#bytes > this.#limits.bytes) {
      const change = this.#changes[gone];
      if (!change) break;
      this.#bytes -= bytesOf(change);
      this.#complete = change.Revision;
      gone += 1;
    }
    // of a revision that is not whole any more nothing is said
    while (gone > 0 && this.#changes[gone]?.Revision === this.#complete) {
      this.#bytes -= bytesOf(this.#changes[gone] as KeyValueChange);
      gone += 1;
    }
    if (gone > 0) this.#changes = this.#changes.slice(gone);
  }

  /** undefined where not all of them are known. */
  since(revision: number, prefix: string): KeyValueChange[] | undefined {
    if (this.#complete === undefined || revision < this.#complete) return undefined;
    const seen = this.#changes.findLastIndex(({ Revision }) => Revision <= revision);
    return this.#changes.slice(seen + 1).filter(({ Key }) => Key.startsWith(prefix));
  }

  /** Until something comes, or the signal. */
  next(signal: AbortSignal): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    const done = (): void => resolve();
    this.#waiting.add(done);
    signal.addEventListener('abort', done, { once: true });
    if (signal.aborted) done();
    return promise.finally(() => {
      this.#waiting.delete(done);
      signal.removeEventListener('abort', done);
    });
  }

  #wake(): void {
    for (const resolve of this.#waiting) resolve();
  }
}

function bytesOf(change: KeyValueChange): number {
  return change.Key.length + (change.Kind === 'put' ? change.Value.length : 0);
}
