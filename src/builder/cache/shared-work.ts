// Work that several builds want at once is done once. It goes on while one of them waits, and is cancelled when none does.
import { cancelled } from '../../base/errors.ts';

interface Running<T> {
  readonly result: Promise<T>;
  readonly controller: AbortController;
  waiting: number;
}

export class SharedWork<T> {
  readonly #running = new Map<string, Running<T>>();

  /** The result of `work` for this key, begun by whoever came first; `joined` when that was another. */
  async run(
    key: string,
    signal: AbortSignal,
    work: (signal: AbortSignal) => Promise<T>,
  ): Promise<{ readonly value: T; readonly joined: boolean }> {
    if (signal.aborted) throw cancelled('context canceled');
    const before = this.#running.get(key);
    const running = before ?? this.#start(key, work);
    running.waiting += 1;
    let stop = (): void => undefined;
    const gone = new Promise<never>((_, reject) => {
      stop = () => reject(cancelled('context canceled'));
      signal.addEventListener('abort', stop, { once: true });
    });
    try {
      return { value: await Promise.race([running.result, gone]), joined: before !== undefined };
    } finally {
      signal.removeEventListener('abort', stop);
      running.waiting -= 1;
      if (running.waiting === 0) {
        running.controller.abort();
        // nothing of the work may be left when the build says that it has ended
        if (signal.aborted) await running.result.catch(() => undefined);
      }
    }
  }

  #start(key: string, work: (signal: AbortSignal) => Promise<T>): Running<T> {
    const controller = new AbortController();
    const result = work(controller.signal).finally(() => {
      if (this.#running.get(key) === running) this.#running.delete(key);
    });
    result.catch(() => undefined);
    const running: Running<T> = { result, controller, waiting: 0 };
    this.#running.set(key, running);
    return running;
  }
}
