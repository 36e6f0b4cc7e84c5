// Indexes: images of several platforms, and statements about them, that are one thing under one name; and what of each is here.
import { messageOf } from '../../base/errors.ts';
import { type Digest, isDigest } from '../../base/ids.ts';
import type { Log } from '../../base/log.ts';
import { processorLevel } from '../../host/processor.ts';
import { bestManifest, isAttestation, parseDocument } from '../../registry/client/index.ts';
import { type Descriptor, hostPlatform, type Platform } from '../../spec/oci/index.ts';
import type { RecordTable, Store } from '../../store/index.ts';

/** Something that an index names and that is here. Its manifest is in the store, and with it: */
export type Member =
  | { readonly kind: 'image'; readonly image: Digest }
  /** What an attestation manifest names. */
  | { readonly kind: 'statements'; readonly blobs: readonly Digest[] }
  /** An index in the index. */
  | { readonly kind: 'index' };

export interface ImageIndex {
  readonly digest: Digest;
  readonly mediaType: string;
  /** Bytes of the document. */
  readonly size: number;
  /** What it names, in its order; of an index in it that is here, what that one names. */
  readonly manifests: readonly Descriptor[];
  /** What of that is here, by the digest of the manifest. */
  readonly members: ReadonlyMap<Digest, Member>;
}

export interface IndexRecord {
  readonly mediaType: string;
  readonly members: Readonly<Record<string, Member>>;
}

/** An image of an index that is here, as the index names it. */
export interface Part {
  readonly descriptor: Descriptor;
  readonly image: Digest;
}

/** The images of an index that are here, in its order. */
export function partsOf(index: ImageIndex): Part[] {
  return index.manifests.flatMap((descriptor) => {
    const member = index.members.get(descriptor.digest as Digest);
    return member?.kind === 'image' ? [{ descriptor, image: member.image }] : [];
  });
}

/**
 * The part that a platform means; without one this machine's, or else the first that is here. Of a part whose platform the index
 * does not say, its image does.
 */
export function choosePart(
  parts: readonly Part[],
  wanted: Platform | undefined,
  images: { get(id: Digest): { readonly file: Platform } | undefined },
): Part | undefined {
  const named = parts.map((part) => {
    const { platform = images.get(part.image)?.file } = part.descriptor;
    return { ...part.descriptor, ...(platform ? { platform } : {}), part };
  });
  const best = bestManifest(named, wanted ?? hostPlatform(), processorLevel())?.part;
  return best ?? (wanted ? undefined : parts[0]);
}

/** Attestation manifests about an image's manifest. */
export function attestationsOf(manifests: readonly Descriptor[], subject: string): Descriptor[] {
  return manifests.filter((one) => isAttestation(one) && one.annotations?.['vnd.docker.reference.digest'] === subject);
}

/** All blobs that it keeps, besides what its images keep themselves. */
export function documentsOf(index: ImageIndex): Digest[] {
  const documents = [index.digest];
  for (const [digest, member] of index.members) {
    documents.push(digest);
    if (member.kind === 'statements') documents.push(...member.blobs);
  }
  return documents;
}

export class Indexes {
  readonly #store: Store;
  readonly #table: RecordTable<IndexRecord>;
  readonly #indexes = new Map<Digest, ImageIndex>();

  /** Of what the records say only images count that are there. */
  constructor(store: Store, hasImage: (id: Digest) => boolean, log: Log) {
    this.#store = store;
    this.#table = store.records.table('image_index');
    for (const [key, { mediaType, members }] of this.#table.load(acceptIndex)) {
      try {
        if (!isDigest(key)) throw new Error('its key is no digest');
        const here = Object.entries(members).filter(([, one]) => one.kind !== 'image' || hasImage(one.image));
        const index = this.#make(key, store.blobs.readWhole(key), mediaType, new Map(here as [Digest, Member][]));
        this.#indexes.set(key, index);
      } catch (error) {
        log.warn(`index ${key} is left out: ${messageOf(error)}`);
      }
    }
  }

  #make(digest: Digest, content: Uint8Array, mediaType: string, members: ReadonlyMap<Digest, Member>): ImageIndex {
    const manifests = this.#named(content, mediaType, members);
    const named = new Set(manifests.map((one) => one.digest));
    return {
      digest,
      mediaType,
      size: content.length,
      manifests,
      members: new Map([...members].filter(([key, { kind }]) => kind === 'index' || named.has(key))),
    };
  }

  #named(content: Uint8Array, mediaType: string, members: ReadonlyMap<Digest, Member>): Descriptor[] {
    const document = parseDocument(content, mediaType);
    if (document.kind !== 'index') throw new Error('it is no index');
    return document.manifests.flatMap((one) => {
      const digest = one.digest as Digest;
      if (members.get(digest)?.kind !== 'index') return [one];
      return this.#named(this.#store.blobs.readWhole(digest), one.mediaType, members);
    });
  }

  get(digest: Digest): ImageIndex | undefined {
    return this.#indexes.get(digest);
  }

  all(): IterableIterator<ImageIndex> {
    return this.#indexes.values();
  }

  /** Remembers an index whose blob is in the store, and that some of what it names is here, besides what was before. */
  put(digest: Digest, mediaType: string, members: ReadonlyMap<Digest, Member>): ImageIndex {
    const before = this.#indexes.get(digest)?.members ?? [];
    return this.#write(digest, mediaType, new Map([...before, ...members]));
  }

  /** What `keep` refuses is here no more. */
  reduce(index: ImageIndex, keep: (manifest: Digest, member: Member) => boolean): ImageIndex {
    const members = new Map([...index.members].filter(([digest, member]) => keep(digest, member)));
    return members.size === index.members.size ? index : this.#write(index.digest, index.mediaType, members);
  }

  #write(digest: Digest, mediaType: string, members: ReadonlyMap<Digest, Member>): ImageIndex {
    const index = this.#make(digest, this.#store.blobs.readWhole(digest), mediaType, members);
    this.#indexes.set(digest, index);
    this.#table.put(digest, { mediaType, members: Object.fromEntries(index.members) });
    return index;
  }

  delete(digest: Digest): void {
    this.#indexes.delete(digest);
    this.#table.delete(digest);
  }
}

function acceptIndex(value: unknown): IndexRecord | undefined {
  const { mediaType, members } = value as Partial<IndexRecord>;
  const good = typeof mediaType === 'string' && typeof members === 'object' && members !== null;
  return good ? { mediaType, members } : undefined;
}
