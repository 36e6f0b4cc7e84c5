// What steps made, by their keys: each result is a chain of layers in the store, kept until the build cache is pruned.
import { randomId, type Digest } from '../../base/ids.ts';
import { rfc3339 } from '../../base/clock.ts';
import type { Layers, RecordTable } from '../../store/index.ts';

export interface CacheRecord {
  /** What steps above it know it by: stays the same when the same step is run again elsewhere. */
  readonly id: string;
  readonly keys: readonly string[];
  /** The result this one was made on; undefined on an image or on nothing. */
  readonly parent?: string;
  /** Absent when nothing is in it: `FROM scratch` and no change. */
  readonly chain?: Digest;
  /** Bytes of its own layer, 0 when it has none. */
  readonly size: number;
  readonly type: 'regular' | 'source.local' | 'exec.cachemount';
  readonly description: string;
  readonly created: string;
  readonly used: string;
  readonly uses: number;
}

export class BuildCache {
  readonly #table: RecordTable<CacheRecord>;
  readonly #layers: Layers;
  readonly #records: Map<string, CacheRecord>;
  readonly #byKey = new Map<string, string>();
  readonly #touched = new Set<string>();
  /** Records that a build works with now. */
  readonly #held = new Map<string, number>();

  constructor(table: RecordTable<CacheRecord>, layers: Layers) {
    this.#table = table;
    this.#layers = layers;
    this.#records = table.load((value, key) => {
      const record = value as Partial<CacheRecord>;
      return record.id === key && Array.isArray(record.keys) && typeof record.size === 'number'
        ? (record as CacheRecord)
        : undefined;
    });
    for (const record of this.#records.values()) for (const key of record.keys) this.#byKey.set(key, record.id);
  }

  /** Layers that the cache needs; for the store, which keeps them. */
  *chains(): Iterable<Digest> {
    for (const { chain } of this.#records.values()) if (chain !== undefined) yield chain;
  }

  /** The result of a step with this key; one whose layers are gone is forgotten. */
  find(key: string): CacheRecord | undefined {
    const id = this.#byKey.get(key);
    const record = id === undefined ? undefined : this.#records.get(id);
    if (!record) return undefined;
    if (record.chain !== undefined && !this.#layers.get(record.chain)) {
      this.remove(record.id);
      return undefined;
    }
    return record;
  }

  get(id: string): CacheRecord | undefined {
    return this.#records.get(id);
  }

  all(): CacheRecord[] {
    return [...this.#records.values()];
  }

  /** Remembers a result. Another result of the same key is replaced; `again` gives it an id of its own, so that what lies above is done again. */
  add(
    record: Omit<CacheRecord, 'id' | 'created' | 'used' | 'uses'> & Partial<Pick<CacheRecord, 'id' | 'created'>>,
    again: boolean,
  ): CacheRecord {
    const now = rfc3339();
    const wanted = record.id ?? record.keys.at(-1) ?? randomId();
    const id = again || this.#records.has(wanted) ? randomId() : wanted;
    for (const key of record.keys) this.#release(key);
    const full: CacheRecord = { created: now, ...record, id, used: now, uses: 1 };
    this.#put(full);
    for (const key of full.keys) this.#byKey.set(key, id);
    return full;
  }

  /** One more key that leads to a result. */
  link(id: string, key: string): void {
    const record = this.#records.get(id);
    if (!record || record.keys.includes(key)) return;
    this.#release(key);
    this.#put({ ...record, keys: [...record.keys, key] });
    this.#byKey.set(key, id);
  }

  #release(key: string): void {
    const id = this.#byKey.get(key);
    const record = id === undefined ? undefined : this.#records.get(id);
    this.#byKey.delete(key);
    if (record) this.#put({ ...record, keys: record.keys.filter((one) => one !== key) });
  }

  #put(record: CacheRecord): void {
    this.#records.set(record.id, record);
    this.#table.put(record.id, record);
  }

  /** Counts a use; written by `flush`. */
  touch(id: string): void {
    const record = this.#records.get(id);
    if (!record) return;
    this.#records.set(id, { ...record, used: rfc3339(), uses: record.uses + 1 });
    this.#touched.add(id);
  }

  flush(together: (work: () => void) => void): void {
    if (this.#touched.size === 0) return;
    together(() => {
      for (const id of this.#touched) {
        const record = this.#records.get(id);
        if (record) this.#table.put(id, record);
      }
    });
    this.#touched.clear();
  }

  hold(id: string): void {
    this.#held.set(id, (this.#held.get(id) ?? 0) + 1);
  }

  release(id: string): void {
    const count = (this.#held.get(id) ?? 0) - 1;
    if (count > 0) this.#held.set(id, count);
    else this.#held.delete(id);
  }

  isHeld(id: string): boolean {
    return this.#held.has(id);
  }

  remove(id: string): void {
    const record = this.#records.get(id);
    if (!record) return;
    for (const key of record.keys) if (this.#byKey.get(key) === id) this.#byKey.delete(key);
    this.#records.delete(id);
    this.#touched.delete(id);
    this.#table.delete(id);
  }
}
