// A table of the cache with changes over it: what a round has planned is seen by the rest of the round, and copied nowhere.
import type { Kind, Objects } from '../model/objects.ts';
import type { Cache, Held } from './cache.ts';

export class Overlay<K extends Kind> {
  readonly #cache: Cache;
  readonly #kind: K;
  /** undefined: deleted. */
  readonly #changed = new Map<string, Held<Objects[K]> | undefined>();

  constructor(cache: Cache, kind: K) {
    this.#cache = cache;
    this.#kind = kind;
  }

  get(id: string): Held<Objects[K]> | undefined {
    return this.#changed.has(id) ? this.#changed.get(id) : this.#cache.get(this.#kind, id);
  }

  has(id: string): boolean {
    return this.get(id) !== undefined;
  }

  set(id: string, object: Held<Objects[K]>): this {
    this.#changed.set(id, object);
    return this;
  }

  delete(id: string): boolean {
    const was = this.has(id);
    this.#changed.set(id, undefined);
    return was;
  }

  /** Ids of what differs from the cache. */
  changed(): Iterable<readonly [string, Held<Objects[K]> | undefined]> {
    return this.#changed;
  }

  /** Everything, as it is after the changes. */
  values(): Held<Objects[K]>[] {
    const kept = this.#cache.all(this.#kind).filter(({ ID }) => !this.#changed.has(ID));
    const changed = [...this.#changed.values()].filter((one) => one !== undefined);
    return [...kept, ...changed];
  }
}
