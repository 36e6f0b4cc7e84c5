// At most so many at a time; the others wait in their order.
import { cancelled } from '../../base/errors.ts';

export class Slots {
  #used = 0;
  readonly #limit: () => number;
  readonly #queue: (() => void)[] = [];

  /** A limit that may change is asked for each time; those who have a slot keep it. */
  constructor(limit: number | (() => number)) {
    this.#limit = typeof limit === 'number' ? () => limit : limit;
  }

  get full(): boolean {
    return this.#used >= Math.max(1, this.#limit());
  }

  /** Gives what releases the slot again; calling that twice does no harm. Throws cancelled. */
  async take(signal: AbortSignal): Promise<() => void> {
    if (signal.aborted) throw cancelled('context canceled');
    if (!this.full) this.#used += 1;
    else
      await new Promise<void>((resolve, reject) => {
        const start = (): void => {
          signal.removeEventListener('abort', leave);
          resolve();
        };
        const leave = (): void => {
          this.#queue.splice(this.#queue.indexOf(start), 1);
          reject(cancelled('context canceled'));
        };
        signal.addEventListener('abort', leave, { once: true });
        this.#queue.push(start);
      });
    let held = true;
    return () => {
      if (!held) return;
      held = false;
      this.#used -= 1;
      while (!this.full && this.#queue.length > 0) {
        this.#used += 1;
        this.#queue.shift()?.();
      }
    };
  }
}
