// The names of images, in memory and in the records: what each leads to, and which an image has.
import type { Digest } from '../../base/ids.ts';
import type { RecordTable, Store } from '../../store/index.ts';
import type { Named, Origin, ReferenceRecord } from './image.ts';
import { fullString, type Reference } from '../reference/index.ts';

export class Names {
  readonly #table: RecordTable<ReferenceRecord>;
  readonly #all = new Map<string, Named>();
  readonly #byImage = new Map<Digest, Map<string, Named>>();

  constructor(store: Store) {
    this.#table = store.records.table('reference');
  }

  /** What the records have, for whoever can tell which of them still lead anywhere. */
  load(): Iterable<[string, ReferenceRecord]> {
    return this.#table.load();
  }

  get(reference: Reference): Named | undefined {
    return this.#all.get(fullString(reference));
  }

  all(): IterableIterator<Named> {
    return this.#all.values();
  }

  /** Sorted as text. */
  of(image: Digest): Named[] {
    return [...(this.#byImage.get(image) ?? [])].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, named]) => named);
  }

  /** Takes the name from whatever had it. */
  point(reference: Reference, image: Digest, { index, manifest }: Origin): void {
    const record = { image, ...(index !== undefined ? { index } : manifest ? { manifest } : {}) };
    this.link({ reference, ...record });
    this.#table.put(fullString(reference), record);
  }

  /** In memory alone. */
  link(named: Named): void {
    const key = fullString(named.reference);
    this.#unlink(key);
    this.#all.set(key, named);
    const own = this.#byImage.get(named.image) ?? new Map<string, Named>();
    own.set(key, named);
    this.#byImage.set(named.image, own);
  }

  forget(reference: Reference): void {
    this.#unlink(fullString(reference));
    this.#table.delete(fullString(reference));
  }

  #unlink(key: string): void {
    const before = this.#all.get(key);
    if (!before) return;
    this.#all.delete(key);
    const own = this.#byImage.get(before.image);
    own?.delete(key);
    if (own?.size === 0) this.#byImage.delete(before.image);
  }
}
