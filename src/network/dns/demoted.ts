// Name servers that were silent, each as seen from one namespace: for a while they are asked last.

/** That are remembered. */
const MAX_DEMOTED = 1024;

export class Demoted {
  /** By server and namespace: until when, milliseconds since 1970. */
  readonly #until = new Map<string, number>();
  readonly #most: number;

  constructor(most = MAX_DEMOTED) {
    this.#most = most;
  }

  get size(): number {
    return this.#until.size;
  }

  /** The oldest make room: a container that asks many silent servers takes the place of its own. */
  add(from: string, until: number): void {
    this.#until.delete(from);
    for (const oldest of this.#until.keys()) {
      if (this.#until.size < this.#most) break;
      this.#until.delete(oldest);
    }
    this.#until.set(from, until);
  }

  forget(from: string): void {
    this.#until.delete(from);
  }

  has(from: string, now: number): boolean {
    return (this.#until.get(from) ?? 0) > now;
  }
}
