// Which images there are, what they are called and which came from which: held in memory, written through to the records.
import { rfc3339 } from '../../base/clock.ts';
import { internal, invalid, messageOf } from '../../base/errors.ts';
import type { Digest } from '../../base/ids.ts';
import { isDigest, sha256 } from '../../base/ids.ts';
import type { Log } from '../../base/log.ts';
import type { ImageUsers } from '../../engine/container/ports.ts';
import type { ImageFile } from '../../spec/oci/index.ts';
import {
  chainsOf,
  type Decision,
  type Layer,
  type Lease,
  type RecordTable,
  type Root,
  type Store,
} from '../../store/index.ts';
import type { Wanted } from '../../store/check/index.ts';
import { parseImageFile } from './file.ts';
import type { Image, ImageRecord, ManifestRef, Named, Origin, Removed } from './image.ts';
import { attestationsOf, choosePart, documentsOf, type ImageIndex, Indexes, type Member, partsOf } from './indexes.ts';
import { Names } from './names.ts';
import {
  checkGiven,
  familiarString,
  fullName,
  fullString,
  parseReference,
  type Reference,
} from '../reference/index.ts';

export type { Image, ManifestRef } from './image.ts';

export class Catalog {
  readonly #store: Store;
  readonly #users: ImageUsers;
  /** Layers that others than images need. */
  readonly #keep: () => Iterable<Digest>;
  readonly #images = new Map<Digest, Image>();
  /** Removed images whose layers containers still use. */
  readonly #removed = new Map<Digest, Image>();
  readonly #names: Names;
  readonly #indexes: Indexes;
  readonly #imageTable: RecordTable<ImageRecord>;

  constructor(store: Store, users: ImageUsers, log: Log, keep: () => Iterable<Digest> = () => []) {
    this.#keep = keep;
    this.#store = store;
    this.#users = users;
    this.#imageTable = store.records.table('image');
    this.#names = new Names(store);
    for (const [key, record] of this.#imageTable.load()) {
      try {
        if (!isDigest(key)) throw new Error('its key is no digest');
        const image = this.#make(key, parseImageFile(store.blobs.readWhole(key)), record);
        for (const chain of image.chains) if (!store.layers.get(chain)) throw new Error(`layer ${chain} is missing`);
        (record.removed ? this.#removed : this.#images).set(key, image);
      } catch (error) {
        log.warn(`image ${key} is left out: ${messageOf(error)}`);
      }
    }
    this.#indexes = new Indexes(store, (id) => this.#images.has(id), log);
    for (const [key, { image, index, manifest }] of this.#names.load()) {
      try {
        if (!this.#images.has(image)) throw new Error('its image is missing');
        const known = index !== undefined && this.#indexes.get(index) ? { index } : {};
        this.#names.link({ reference: parseReference(key), image, ...known, ...(manifest ? { manifest } : {}) });
      } catch (error) {
        log.warn(`name ${key} is left out: ${messageOf(error)}`);
      }
    }
    this.#repair();
  }

  /** After records were lost: an image that no index names stands for itself. */
  #repair(): void {
    for (const image of this.#images.values()) {
      const { index, part, ...rest } = image;
      if (index !== undefined && !this.#indexes.get(index)) this.#images.set(image.id, rest);
      if (part && !this.#isNamedByIndex(image.id)) this.#images.set(image.id, rest);
    }
  }

  #make(id: Digest, file: ImageFile, record: ImageRecord): Image {
    return {
      id,
      file,
      chains: chainsOf(file.rootfs.diff_ids as Digest[]),
      ...(record.parent === undefined ? {} : { parent: record.parent }),
      ...(record.tagged === undefined ? {} : { tagged: record.tagged }),
      ...(record.manifest === undefined ? {} : { manifest: record.manifest }),
      ...(record.index === undefined ? {} : { index: record.index }),
      ...(record.part ? { part: true } : {}),
    };
  }

  get(id: Digest): Image | undefined {
    return this.#images.get(id);
  }

  /** An image that may have been removed while a container uses it. */
  getKept(id: Digest): Image | undefined {
    return this.#images.get(id) ?? this.#removed.get(id);
  }

  all(): IterableIterator<Image> {
    return this.#images.values();
  }

  get count(): number {
    return [...this.#images.values()].filter(({ part }) => !part).length;
  }

  children(id: Digest): Digest[] {
    return [...this.#images.values()].filter((image) => image.parent === id).map((image) => image.id);
  }

  /** Names of an image, sorted as text. */
  namesOf(id: Digest): Reference[] {
    return this.#names.of(id).map(({ reference }) => reference);
  }

  /** Those, and of indexes that have it as a part. */
  allNamesOf(image: Image): Reference[] {
    const own = [...this.#names.all()].filter(
      (named) => named.image === image.id || (named.index !== undefined && this.hasPart(named.index, image)),
    );
    const texts = new Map(own.map(({ reference }) => [fullString(reference), reference]));
    return [...texts].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, reference]) => reference);
  }

  resolve(reference: Reference): Image | undefined {
    const found = this.#names.get(reference);
    return found && this.#images.get(found.image);
  }

  /** The index that a name leads to. */
  indexOf(reference: Reference): ImageIndex | undefined {
    const index = this.#names.get(reference)?.index;
    return index === undefined ? undefined : this.#indexes.get(index);
  }

  /** The manifest of a name without an index: its own, or else that of its image. */
  manifestOf(reference: Reference): ManifestRef | undefined {
    const found = this.#names.get(reference);
    if (!found || found.index !== undefined) return undefined;
    return found.manifest ?? this.#images.get(found.image)?.manifest;
  }

  /** All indexes that an image stands for. */
  indexesOf(image: Image): ImageIndex[] {
    const named = this.#names.of(image.id).map(({ index }) => index);
    return [...new Set([image.index, ...named])].flatMap((digest) => {
      const index = digest === undefined ? undefined : this.#indexes.get(digest);
      return index ? [index] : [];
    });
  }

  /** The images of those indexes that are here, this one among them. */
  wholeOf(image: Image): Image[] {
    const parts = this.indexesOf(image).flatMap(partsOf);
    return [image, ...this.#imagesOf(parts.map((part) => part.image)).filter(({ id }) => id !== image.id)];
  }

  /** What has this digest, or the start of one, as its document: an index, or the manifest of an image. */
  byDocument(start: string): { readonly image: Image; readonly index?: ImageIndex } | undefined {
    const hex = start.replace(/^sha256:/, '');
    if (!/^[a-f0-9]+$/.test(hex)) return undefined;
    const begins = (digest: string | undefined): boolean => digest?.startsWith(`sha256:${hex}`) ?? false;
    const indexes = [...this.#indexes.all()];
    const index = indexes.find(({ digest }) => begins(digest));
    const standing = index && [...this.#images.values()].find((image) => this.indexesOf(image).includes(index));
    if (standing) return { image: standing, index };
    const part = indexes.flatMap(partsOf).find(({ descriptor }) => begins(descriptor.digest));
    const image = part && this.#images.get(part.image);
    const all = this.#images.values();
    const found = image ?? [...all].find((one) => this.#manifestsOf(one).some(({ digest }) => begins(digest)));
    return found && { image: found };
  }

  hasPart(index: Digest, image: Image): boolean {
    const found = this.#indexes.get(index);
    return found !== undefined && partsOf(found).some((part) => part.image === image.id);
  }

  references(): Iterable<Named> {
    return this.#names.all();
  }

  /** The one image whose id starts so (`sha256:` may be left out); undefined when there is none or several. */
  byPrefix(prefix: string): Image | undefined {
    const hex = prefix.replace(/^sha256:/, '');
    if (!/^[a-f0-9]+$/.test(hex)) return undefined;
    const found = [...this.#images.values()].filter(({ id }) => id.startsWith(`sha256:${hex}`));
    return found.length === 1 ? found[0] : undefined;
  }

  /**
   * Makes an image of a configuration whose layers are all there. The same configuration is the same image. Throws invalid
   * for a configuration that contradicts itself.
   */
  async create(content: Uint8Array, parent: Digest | undefined, lease: Lease): Promise<Image> {
    const file = parseImageFile(content);
    const id = sha256(content);
    const chains = chainsOf(file.rootfs.diff_ids as Digest[]);
    for (const chain of chains) if (!this.#store.layers.get(chain)) throw internal(`layer ${chain} is missing`);
    lease.blobs.add(id);
    await this.#store.blobs.put(content);
    const existing = this.#images.get(id);
    if (existing) return existing;
    const record: ImageRecord = parent === undefined ? {} : { parent };
    const image = this.#make(id, file, record);
    this.#imageTable.put(id, record);
    this.#removed.delete(id);
    this.#images.set(id, image);
    return image;
  }

  setParent(id: Digest, parent: Digest | undefined): void {
    const image = this.#images.get(id);
    if (!image) return;
    const { parent: _, ...rest } = image;
    this.#write(parent === undefined ? rest : { ...rest, parent });
  }

  /** Remembers the manifest of an image, whose blob is in the store. Names that had the one before keep it. */
  setManifest(id: Digest, manifest: ManifestRef): void {
    const image = this.#images.get(id);
    const before = image?.manifest;
    if (!image || before?.digest === manifest.digest) return;
    this.#store.records.together(() => {
      for (const { reference, index, manifest: own } of before ? this.#names.of(id) : [])
        if (index === undefined && !own) this.#names.point(reference, id, { manifest: before as ManifestRef });
      this.#write({ ...image, manifest });
    });
    this.#letGo(before);
  }

  /** What it and its names came with. */
  #manifestsOf({ id, manifest }: Image): ManifestRef[] {
    return [manifest, ...this.#names.of(id).map((named) => named.manifest)].flatMap((one) => one ?? []);
  }

  /** After something was replaced: a manifest that nothing else has goes, when nobody is at work any more. */
  #letGo(manifest: ManifestRef | undefined): void {
    if (!manifest) return;
    const has = (one: ManifestRef | undefined): boolean => one?.digest === manifest.digest;
    if ([...this.#images.values(), ...this.#names.all()].some((one) => has(one.manifest))) return;
    this.#store.leases.whenFree(() => this.collect(false));
  }

  #write(image: Image): void {
    this.#images.set(image.id, image);
    const { id: _, file: __, chains: ___, ...record } = image;
    this.#imageTable.put(image.id, record);
  }

  /** Gives an image a name, taking it from whichever had it; with an index, the image stands for that. */
  tag(reference: Reference, id: Digest, origin: Origin = {}): void {
    checkGiven(reference);
    const before = this.#names.get(reference)?.manifest;
    this.#store.records.together(() => this.#tag(reference, id, origin));
    this.#letGo(before);
    this.#collectUnnamed();
  }

  /** Says what a name was pushed as. */
  setOrigin(reference: Reference, origin: Origin): void {
    const named = this.#names.get(reference);
    if (!named) return;
    this.#names.point(reference, named.image, origin);
    this.#letGo(named.manifest);
  }

  #tag(reference: Reference, id: Digest, origin: Origin): void {
    const image = this.#images.get(id);
    if (!image) throw internal(`image ${id} is missing`);
    const before = this.#names.get(reference);
    this.#names.point(reference, id, origin);
    const { index } = origin;
    // of the same image in an older index only the digest would be left
    if (reference.digest === undefined && before?.image === id && before.index !== undefined && before.index !== index)
      for (const name of this.namesOf(id))
        if (name.digest === before.index && fullName(name) === fullName(reference)) this.#names.forget(name);
    const { part: _, ...rest } = image;
    this.#write({ ...rest, tagged: rfc3339(), ...(index === undefined ? {} : { index }) });
  }

  untag(reference: Reference): void {
    const before = this.#names.get(reference)?.manifest;
    this.#names.forget(reference);
    this.#letGo(before);
    this.#collectUnnamed();
  }

  /**
   * Keeps an index as it came, and gives it names. `members` are here, with their manifests; what else of it is here already is
   * found by its digest. Answers the image that stands for it: this machine's, or else the first. Throws invalid when none is here.
   */
  async createIndex(
    content: Uint8Array,
    mediaType: string,
    members: ReadonlyMap<Digest, Member>,
    names: readonly Reference[],
    lease: Lease,
  ): Promise<Image> {
    for (const name of names) checkGiven(name);
    const digest = sha256(content);
    lease.blobs.add(digest);
    await this.#store.blobs.put(content);
    let image: Image | undefined;
    this.#store.records.together(() => {
      const { manifests } = this.#indexes.put(digest, mediaType, members);
      const known = manifests.flatMap((one): [Digest, Member][] => {
        const found = members.has(one.digest as Digest) ? undefined : this.byDocument(one.digest);
        return found && !found.index && this.#store.blobs.has(one.digest as Digest)
          ? [[one.digest as Digest, { kind: 'image', image: found.image.id }]]
          : [];
      });
      image = this.#settle(this.#indexes.put(digest, mediaType, new Map(known)));
      if (!image) return this.#indexes.delete(digest);
      for (const name of names) {
        const before = this.#names.get(name);
        if (before?.image !== image.id || before.index !== digest) this.#tag(name, image.id, { index: digest });
      }
      const now = this.#images.get(image.id) ?? image;
      if (now.index === undefined || names.length === 0) this.#write({ ...now, index: digest });
    });
    this.#collectUnnamed();
    const now = image && this.#images.get(image.id);
    if (!now) throw invalid(`nothing of index ${digest} is here`);
    return now;
  }

  /** After parts came or went: names lead to the image that stands for the index, the others are its parts. */
  #settle(index: ImageIndex): Image | undefined {
    const parts = partsOf(index);
    const first = choosePart(parts, undefined, this);
    if (!first) return undefined;
    const elsewhere = ({ image, index: own }: Named): boolean => own === index.digest && image !== first.image;
    for (const { reference } of [...this.#names.all()].filter(elsewhere))
      this.#names.point(reference, first.image, { index: index.digest });
    for (const image of this.#imagesOf(parts.map((part) => part.image))) {
      const { part: wasPart, index: own, ...rest } = image;
      if (image.id === first.image) {
        if (wasPart) this.#write({ ...rest, index: index.digest });
      } else if (this.namesOf(image.id).length === 0) this.#write({ ...rest, part: true });
      else if (own === index.digest) this.#write(rest);
    }
    return this.#images.get(first.image);
  }

  #imagesOf(ids: readonly Digest[]): Image[] {
    return [...new Set(ids)].flatMap((id) => this.#images.get(id) ?? []);
  }

  #isNamedByIndex(id: Digest): boolean {
    return [...this.#indexes.all()].some((index) => partsOf(index).some(({ image }) => image === id));
  }

  /** After a name went elsewhere. */
  #collectUnnamed(): void {
    const before = [...this.#indexes.all()].length;
    this.#dropUnnamed();
    if ([...this.#indexes.all()].length < before) this.#store.leases.whenFree(() => this.collect(false));
  }

  /** Forgets indexes that no name and no image leads to, and images that were here for them alone. Answers those. */
  #dropUnnamed(): Image[] {
    const gone: Image[] = [];
    for (;;) {
      const led = new Set([...this.#names.all(), ...this.#images.values()].map(({ index }) => index));
      const unnamed = [...this.#indexes.all()].filter(({ digest }) => !led.has(digest));
      if (unnamed.length === 0) return gone;
      for (const { digest } of unnamed) this.#indexes.delete(digest);
      for (const image of this.#imagesOf(unnamed.flatMap(partsOf).map((part) => part.image))) {
        const { part, ...rest } = image;
        if (!part || this.#isNamedByIndex(image.id)) continue;
        // an image that another was made from stays as one without a name
        if (this.children(image.id).length > 0) this.#write(rest);
        else gone.push(this.#forget(image));
      }
    }
  }

  #forget(image: Image): Image {
    for (const child of this.children(image.id)) this.setParent(child, undefined);
    this.#images.delete(image.id);
    if (this.#users.usersOf(image.id).length > 0) {
      this.#removed.set(image.id, image);
      this.#imageTable.put(image.id, { removed: true });
    } else this.#imageTable.delete(image.id);
    return image;
  }

  /** Removes an image that has no names any more, with the parts of its index that nothing else needs. */
  remove(id: Digest): Removed {
    const image = this.#images.get(id);
    if (!image) return { parts: [], layers: [] };
    // an index that others lead to still has it as a part; with one that it stood for it goes
    const { index: _, ...rest } = image;
    if (this.#isNamedByIndex(id)) this.#write({ ...rest, part: true });
    else this.#forget(image);
    return this.#swept(image, this.#dropUnnamed());
  }

  /** Removes one part of an index, of which others stay: what the index says of it goes too. */
  removePart(digest: Digest, image: Image): Removed {
    const index = this.#indexes.get(digest);
    if (!index) return { parts: [], layers: [] };
    const own = new Set(partsOf(index).flatMap((part) => (part.image === image.id ? [part.descriptor.digest] : [])));
    const about = [...own].flatMap((manifest) => attestationsOf(index.manifests, manifest));
    const going = new Set<string>([...own, ...about.map((one) => one.digest)]);
    this.#store.records.together(() => {
      this.#settle(this.#indexes.reduce(index, (manifest) => !going.has(manifest)));
      const { index: stoodFor, ...rest } = this.#images.get(image.id) ?? image;
      if (stoodFor === digest) this.#write(rest);
      // it may have a name of its own, or be in another index
      if (this.namesOf(image.id).length > 0) return;
      if (this.#isNamedByIndex(image.id)) {
        if (stoodFor === digest || stoodFor === undefined) this.#write({ ...rest, part: true });
        return;
      }
      if (this.children(image.id).length > 0) this.#write({ id: rest.id, file: rest.file, chains: rest.chains });
      else this.#forget(image);
    });
    return this.#swept(image, this.#dropUnnamed());
  }

  #swept(image: Image, parts: readonly Image[]): Removed {
    const mine = new Set([image, ...parts].flatMap(({ chains }) => chains));
    return {
      parts: parts.filter(({ id }) => id !== image.id),
      layers: this.collect(false).filter((layer) => mine.has(layer.chain)),
    };
  }

  /**
   * Removes what nothing needs any more. With `forgetRemoved`, removed images that no container uses are forgotten first:
   * only right when all containers are known.
   */
  collect(forgetRemoved: boolean): Layer[] {
    if (forgetRemoved) {
      for (const id of this.#removed.keys()) {
        if (this.#users.usersOf(id).length > 0) continue;
        this.#removed.delete(id);
        this.#imageTable.delete(id);
      }
    }
    const { roots, blobRoots } = this.#needed();
    return this.#store.collect(roots, blobRoots);
  }

  /** A removed image waits to be forgotten: no container uses it any more. */
  get hasUnusedRemoved(): boolean {
    return [...this.#removed.keys()].some((id) => this.#users.usersOf(id).length === 0);
  }

  /** What `collect` would keep and remove now, with the reasons. */
  plan(): Decision[] {
    const { roots, blobRoots } = this.#needed();
    return this.#store.plan(roots, blobRoots);
  }

  /** What each image needs, for a check of the store. */
  wanted(): Wanted[] {
    const images = this.#kept().map(({ image, name }) => ({
      image: name,
      layers: image.chains,
      documents: [...new Set([image.id, ...this.#manifestsOf(image).map(({ digest }) => digest)])],
    }));
    const indexes = [...this.#indexes.all()].map((index) => ({
      image: `index ${index.digest}`,
      layers: [],
      documents: documentsOf(index),
    }));
    return [...images, ...indexes];
  }

  #needed(): { roots: Root[]; blobRoots: Root[] } {
    const kept = this.wanted();
    const of = (digests: readonly Digest[], by: string): Root[] => digests.map((digest) => ({ digest, by }));
    return {
      roots: [
        ...kept.flatMap(({ image, layers }) => of(layers.slice(-1), `image ${image}`)),
        ...of([...this.#keep()], 'the build cache'),
      ],
      blobRoots: kept.flatMap(({ image, documents }) => of(documents, `image ${image}`)),
    };
  }

  #kept(): { image: Image; name: string }[] {
    const nameOf = ({ id }: Image): string => this.namesOf(id).map((name) => familiarString(name))[0] ?? id;
    return [
      ...[...this.#images.values()].map((image) => ({ image, name: nameOf(image) })),
      ...[...this.#removed.values()].map((image) => ({ image, name: `${image.id}, removed while containers use it` })),
    ];
  }
}
