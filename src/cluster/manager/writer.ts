// Writes of objects: guarded by the version that was read, and tried again from what is there then.
import { conflict, unavailable } from '../../base/errors.ts';
import { rfc3339 } from '../../base/clock.ts';
import { type Kind, keys, type Meta, type Objects } from '../model/objects.ts';
import { type Guard, type KeyValueStore, MAX_WRITES, type Write } from '../store/port.ts';
import { type Cache, decode, encode, type Held } from './cache.ts';

const ATTEMPTS = 8;

export type Draft<K extends Kind> = Omit<Objects[K], 'Version' | 'CreatedAt' | 'UpdatedAt'>;

export class Writer {
  readonly store: KeyValueStore;
  readonly cache: Cache;

  constructor(store: KeyValueStore, cache: Cache) {
    this.store = store;
    this.cache = cache;
  }

  /** A new object; with a name that must be free. Throws when it is taken. */
  async create<K extends Kind>(
    kind: K,
    key: string,
    draft: Draft<K>,
    name?: string,
    taken = 'it is there already',
  ): Promise<void> {
    const now = rfc3339();
    const object = { ...draft, CreatedAt: now, UpdatedAt: now } as unknown as Objects[K];
    const nameKey = name === undefined ? undefined : keys.name(kind, name);
    const revision = await this.store.commit({
      guards: [{ key, revision: 0 }, ...(nameKey ? [{ key: nameKey, revision: 0 }] : [])],
      writes: [{ put: key, value: encode(object) }, ...(nameKey ? [{ put: nameKey, value: draft.ID }] : [])],
    });
    if (revision === undefined) throw conflict(taken);
    await this.cache.reached(revision);
  }

  /** What `change` makes of the newest version; undefined leaves it. Gives false when it is not there or was left. */
  async update<K extends Kind>(
    key: string,
    change: (object: Held<Objects[K]>) => Partial<Objects[K]> | undefined,
    guard?: Guard,
  ): Promise<boolean> {
    for (let attempt = 0; attempt < ATTEMPTS; attempt += 1) {
      const entry = await this.store.get(key);
      if (!entry) return false;
      const object = decode<Objects[K]>(entry);
      const changed = change(object);
      if (!changed) return false;
      const next = { ...object, ...changed, UpdatedAt: rfc3339() };
      const revision = await this.store.commit({
        guards: [{ key, revision: entry.revision }, ...(guard ? [guard] : [])],
        writes: [{ put: key, value: encode<Meta>(next) }],
      });
      if (revision !== undefined) {
        await this.cache.reached(revision);
        return true;
      }
    }
    throw unavailable('too many others change the same object');
  }

  async remove(writes: readonly string[]): Promise<void> {
    const revision = await this.store.commit({ guards: [], writes: writes.map((key) => ({ delete: key })) });
    if (revision !== undefined) await this.cache.reached(revision);
  }

  /** Writes that do not depend on each other, many in a transaction; gives the places of those whose guard did not hold. */
  async commitEach(writes: readonly { readonly guard: Guard; readonly write: Write }[]): Promise<number[]> {
    const failed: number[] = [];
    let revision = 0;
    for (let from = 0; from < writes.length; from += MAX_WRITES) {
      const part = writes.slice(from, from + MAX_WRITES);
      const done = await this.store.commit({
        guards: part.map((one) => one.guard),
        writes: part.map((one) => one.write),
      });
      if (done === undefined) failed.push(...part.keys().map((at) => from + at));
      else revision = done;
    }
    await this.cache.reached(revision);
    return failed;
  }

  /** Writes that belong to no one transaction, in as few as the store takes; false when a guard did not hold. */
  async commitAll(guard: Guard, writes: readonly { readonly guard: Guard; readonly write: Write }[]): Promise<boolean> {
    const room = MAX_WRITES - 1;
    let revision = 0;
    for (let from = 0; from < writes.length; from += room) {
      const part = writes.slice(from, from + room);
      const done = await this.store.commit({
        guards: [guard, ...part.map((one) => one.guard)],
        writes: part.map((one) => one.write),
      });
      if (done === undefined) return false;
      revision = done;
    }
    await this.cache.reached(revision);
    return true;
  }
}
