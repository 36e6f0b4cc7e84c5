// Gathers what is to be removed while a removal is at work, so that all of it goes in the next one.

export class Removal {
  readonly #act: (names: readonly string[]) => Promise<void>;
  #waiting = new Set<string>();
  #running: Promise<void> | undefined;
  #next: Promise<void> | undefined;

  constructor(act: (names: readonly string[]) => Promise<void>) {
    this.#act = act;
  }

  /** Resolves when these are gone. */
  remove(names: readonly string[]): Promise<void> {
    for (const name of names) this.#waiting.add(name);
    this.#next ??= (this.#running ?? Promise.resolve())
      .catch(() => undefined)
      .then(() => {
        const now = [...this.#waiting];
        this.#waiting = new Set();
        this.#next = undefined;
        this.#running = this.#act(now);
        return this.#running;
      });
    return this.#next;
  }
}
