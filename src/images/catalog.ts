// Which images there are, what they are called and which came from which: held in memory, written through to the records.
import { rfc3339 } from '../base/clock.ts';
import { internal, invalid, messageOf } from '../base/errors.ts';
import type { Digest } from '../base/ids.ts';
import { isDigest, sha256 } from '../base/ids.ts';
import type { Log } from '../base/log.ts';
import type { ImageUsers } from '../engine/ports.ts';
import type { ImageFile } from '../spec/oci/index.ts';
import {
  chainsOf,
  type Decision,
  type Layer,
  type Lease,
  type RecordTable,
  type Root,
  type Store,
  type Wanted,
} from '../store/index.ts';
import { familiarString, fullString, parseReference, type Reference } from './reference/index.ts';

export interface Image {
  readonly id: Digest;
  readonly file: ImageFile;
  /** Chain IDs, lowest first. */
  readonly chains: readonly Digest[];
  /** The image that this one was committed from on this machine. */
  readonly parent?: Digest;
  /** When it last got a name, RFC 3339. */
  readonly tagged?: string;
  /** The manifest that it came with; a push of it sends the same one. */
  readonly manifest?: ManifestRef;
}

export interface ManifestRef {
  readonly digest: Digest;
  readonly mediaType: string;
}

/** An image as it is kept. `removed`: it was deleted while containers still use its layers; nobody sees it any more. */
interface ImageRecord {
  readonly parent?: Digest;
  readonly tagged?: string;
  readonly manifest?: ManifestRef;
  readonly removed?: true;
}

interface ReferenceRecord {
  readonly image: Digest;
}

/** A configuration above this is refused before it is parsed. */
export const MAX_CONFIG_BYTES = 8 * 1024 * 1024;

export class Catalog {
  readonly #store: Store;
  readonly #users: ImageUsers;
  /** Layers that others than images need. */
  readonly #keep: () => Iterable<Digest>;
  readonly #images = new Map<Digest, Image>();
  /** Removed images whose layers containers still use. */
  readonly #removed = new Map<Digest, Image>();
  readonly #references = new Map<string, { readonly reference: Reference; readonly image: Digest }>();
  readonly #byImage = new Map<Digest, Map<string, Reference>>();
  readonly #imageTable: RecordTable<ImageRecord>;
  readonly #referenceTable: RecordTable<ReferenceRecord>;

  constructor(store: Store, users: ImageUsers, log: Log, keep: () => Iterable<Digest> = () => []) {
    this.#keep = keep;
    this.#store = store;
    this.#users = users;
    this.#imageTable = store.records.table('image');
    this.#referenceTable = store.records.table('reference');
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
    for (const [key, { image }] of this.#referenceTable.load()) {
      try {
        if (!this.#images.has(image)) throw new Error('its image is missing');
        this.#link(parseReference(key), image);
      } catch (error) {
        log.warn(`name ${key} is left out: ${messageOf(error)}`);
      }
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
    return this.#images.size;
  }

  children(id: Digest): Digest[] {
    return [...this.#images.values()].filter((image) => image.parent === id).map((image) => image.id);
  }

  /** Names of an image, sorted as text. */
  namesOf(id: Digest): Reference[] {
    return [...(this.#byImage.get(id) ?? [])].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, reference]) => reference);
  }

  resolve(reference: Reference): Image | undefined {
    const found = this.#references.get(fullString(reference));
    return found && this.#images.get(found.image);
  }

  references(): Iterable<{ readonly reference: Reference; readonly image: Digest }> {
    return this.#references.values();
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
    const before = this.#removed.get(id);
    const record: ImageRecord = parent === undefined ? {} : { parent };
    const image = before ?? this.#make(id, file, record);
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

  /** Remembers the manifest of an image, whose blob is in the store. */
  setManifest(id: Digest, manifest: ManifestRef): void {
    const image = this.#images.get(id);
    if (image && image.manifest?.digest !== manifest.digest) this.#write({ ...image, manifest });
  }

  #write(image: Image): void {
    this.#images.set(image.id, image);
    const { parent, tagged, manifest } = image;
    this.#imageTable.put(image.id, {
      ...(parent === undefined ? {} : { parent }),
      ...(tagged === undefined ? {} : { tagged }),
      ...(manifest === undefined ? {} : { manifest }),
    });
  }

  /** Gives an image a name, taking it from whichever had it. */
  tag(reference: Reference, id: Digest): void {
    const image = this.#images.get(id);
    if (!image) throw internal(`image ${id} is missing`);
    this.#store.records.together(() => {
      this.#unlink(fullString(reference));
      this.#link(reference, id);
      this.#referenceTable.put(fullString(reference), { image: id });
      this.#write({ ...image, tagged: rfc3339() });
    });
  }

  untag(reference: Reference): void {
    this.#unlink(fullString(reference));
    this.#referenceTable.delete(fullString(reference));
  }

  #link(reference: Reference, image: Digest): void {
    const key = fullString(reference);
    this.#references.set(key, { reference, image });
    const names = this.#byImage.get(image) ?? new Map<string, Reference>();
    names.set(key, reference);
    this.#byImage.set(image, names);
  }

  #unlink(key: string): void {
    const before = this.#references.get(key);
    this.#references.delete(key);
    if (before) this.#byImage.get(before.image)?.delete(key);
  }

  /** Removes an image that has no names any more; answers the layers that went with it, topmost first. */
  remove(id: Digest): Layer[] {
    const image = this.#images.get(id);
    if (!image) return [];
    for (const child of this.children(id)) this.setParent(child, undefined);
    this.#images.delete(id);
    this.#byImage.delete(id);
    if (this.#users.usersOf(id).length > 0) {
      this.#removed.set(id, image);
      this.#imageTable.put(id, { removed: true });
    } else this.#imageTable.delete(id);
    const mine = new Set(image.chains);
    return this.collect(false).filter((layer) => mine.has(layer.chain));
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

  /** What `collect` would keep and remove now, with the reasons. */
  plan(): Decision[] {
    const { roots, blobRoots } = this.#needed();
    return this.#store.plan(roots, blobRoots);
  }

  /** What each image needs, for a check of the store. */
  wanted(): Wanted[] {
    return this.#kept().map(({ image, name }) => ({
      image: name,
      layers: image.chains,
      documents: [image.id, ...(image.manifest ? [image.manifest.digest] : [])],
    }));
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
    const nameOf = ({ id }: Image): string => {
      const [name] = this.namesOf(id);
      return name ? familiarString(name) : id;
    };
    return [
      ...[...this.#images.values()].map((image) => ({ image, name: nameOf(image) })),
      ...[...this.#removed.values()].map((image) => ({ image, name: `${image.id}, removed while containers use it` })),
    ];
  }
}

/** Reads an image configuration. Throws invalid in Docker's words. */
export function parseImageFile(content: Uint8Array): ImageFile {
  if (content.length > MAX_CONFIG_BYTES) throw invalid('the image configuration is too large');
  let value: unknown;
  try {
    value = JSON.parse(Buffer.from(content).toString());
  } catch (error) {
    throw invalid(`invalid image JSON: ${messageOf(error)}`);
  }
  if (typeof value !== 'object' || value === null) throw invalid('invalid image JSON');
  const file = value as Partial<ImageFile>;
  if (!file.rootfs) throw invalid('invalid image JSON, no RootFS key');
  // Go writes null for no layers
  const diffIds: unknown = file.rootfs.diff_ids ?? [];
  if (!Array.isArray(diffIds) || !diffIds.every((id) => typeof id === 'string' && isDigest(id)))
    throw invalid('invalid image JSON: bad diff_ids');
  const history = file.history ?? [];
  if (!Array.isArray(history)) throw invalid('invalid image JSON: bad history');
  if (history.filter((item) => !item.empty_layer).length > diffIds.length)
    throw invalid('too many non-empty layers in History section');
  return {
    ...file,
    architecture: file.architecture ?? '',
    os: file.os || 'linux',
    rootfs: { type: 'layers', diff_ids: diffIds },
  };
}
