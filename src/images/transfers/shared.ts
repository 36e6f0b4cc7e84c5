// Work that several wait for: it runs once, tells all of them how far it is, and ends when the last of them has left.
import { cancelled } from '../../base/errors.ts';

export class Shared<Note, Result> {
  readonly #watchers = new Set<(note: Note) => void>();
  readonly #controller = new AbortController();
  readonly #result: Promise<Result>;
  #last: Note | undefined;
  #over = false;

  constructor(work: (notify: (note: Note) => void, signal: AbortSignal) => Promise<Result>) {
    this.#result = work((note) => {
      this.#last = note;
      for (const watcher of this.#watchers) watcher(note);
    }, this.#controller.signal);
    const end = (): void => {
      this.#over = true;
    };
    this.#result.then(end, end);
  }

  /** Nobody waits any more: it is ending, and whoever comes now needs a new one. */
  get abandoned(): boolean {
    return this.#controller.signal.aborted;
  }

  /** The end of it, whoever is still interested. */
  get settled(): Promise<unknown> {
    return this.#result.catch(() => undefined);
  }

  async join(onNote: (note: Note) => void, signal: AbortSignal): Promise<Result> {
    if (signal.aborted) throw cancelled('context canceled');
    const watcher = (note: Note): void => onNote(note);
    this.#watchers.add(watcher);
    if (this.#last !== undefined) watcher(this.#last);
    let leave: () => void = () => undefined;
    const left = new Promise<never>((_, reject) => {
      leave = () => reject(cancelled('context canceled'));
      signal.addEventListener('abort', leave, { once: true });
    });
    try {
      return await Promise.race([this.#result, left]);
    } finally {
      signal.removeEventListener('abort', leave);
      this.#watchers.delete(watcher);
      if (this.#watchers.size === 0 && !this.#over) this.#controller.abort();
    }
  }
}
