// At most so many at a time; the others wait in their order.
import { cancelled } from '../../base/errors.ts';

export class Slots {
  #free: number;
  readonly #queue: (() => void)[] = [];

  constructor(count: number) {
    this.#free = Math.max(1, count);
  }

  get full(): boolean {
    return this.#free === 0;
  }

  /** Gives what releases the slot again; calling that twice does no harm. Throws cancelled. */
  async take(signal: AbortSignal): Promise<() => void> {
    if (signal.aborted) throw cancelled('context canceled');
    if (this.#free > 0) this.#free -= 1;
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
      const next = this.#queue.shift();
      if (next) next();
      else this.#free += 1;
    };
  }
}
