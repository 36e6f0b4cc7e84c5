// Images as one archive that both Docker and OCI tools read: `docker save`.
import { notFound } from '../base/errors.ts';
import type { Digest } from '../base/ids.ts';
import { sha256 } from '../base/ids.ts';
import { TAR_TRAILER, tarHeader, tarPadding } from '../host/sandbox/index.ts';
import {
  type Descriptor,
  formatPlatform,
  type Manifest,
  MEDIA,
  type Platform,
  platformMatches,
} from '../spec/oci/index.ts';
import type { Lease } from '../store/index.ts';
import type { Image } from './catalog/catalog.ts';
import { emit, type ImageContext } from './catalog/context.ts';
import { platformOf } from './catalog/find.ts';
import { choosePart, type ImageIndex, partsOf } from './catalog/indexes.ts';
import { indexHere } from './push/outgoing.ts';
import {
  familiarName,
  familiarString,
  fullName,
  fullString,
  isNameOnly,
  parseAnyReference,
  parseReference,
  type Reference,
  withTag,
} from './reference/index.ts';

export interface SaveOptions {
  readonly platform?: Platform;
  /** What the one image is called in the archive, whatever it is called here. */
  readonly as?: readonly string[];
  readonly signal?: AbortSignal;
}

interface Chosen {
  readonly image: Image;
  /** Is saved with the image, as a whole. */
  readonly index: ImageIndex | undefined;
  readonly names: Reference[];
}

/** A blob of the archive: its bytes, or how to get them. */
interface Content {
  readonly size: number;
  readonly read: () => AsyncIterable<Uint8Array>;
}

/** Throws notFound before anything is written. The same images give the same bytes. */
export function saveImages(
  context: ImageContext,
  names: readonly string[],
  options: SaveOptions,
): AsyncIterable<Uint8Array> {
  const { platform, as } = options;
  const found = choose(context, names);
  const chosen = as ? found.map((one) => ({ ...one, names: as.map(taggedReference) })) : found;
  if (!platform) return write(context, chosen);
  return write(
    context,
    chosen.map(({ image, index, names: own }) => {
      const part = index && choosePart(partsOf(index), platform, context.catalog);
      const found = part ? context.catalog.get(part.image) : platformMatches(platform, platformOf(image)) && image;
      if (!found) throw notFound(`no suitable export target found for platform ${formatPlatform(platform)}`);
      return { image: found, index: undefined, names: own };
    }),
  );
}

function taggedReference(text: string): Reference {
  const name = parseReference(text);
  return name.tag === undefined ? withTag(name, 'latest') : name;
}

function choose(context: ImageContext, names: readonly string[]): Chosen[] {
  const { catalog } = context;
  const chosen = new Map<Digest, Chosen>();
  const add = (image: Image, index: ImageIndex | undefined, name?: Reference): void => {
    const key = index?.digest ?? image.id;
    const entry = chosen.get(key) ?? { image, index, names: [] };
    chosen.set(key, entry);
    if (
      name?.tag !== undefined &&
      name.digest === undefined &&
      !entry.names.some((other) => fullString(other) === fullString(name))
    )
      entry.names.push(name);
  };
  for (const text of names) {
    const missing = notFound(`No such image: ${text}`);
    const any = parseAnyReference(text);
    if ('id' in any) {
      const image = catalog.get(any.id);
      if (!image) throw missing;
      add(image, catalog.indexesOf(image)[0]);
      continue;
    }
    const { name } = any;
    if (isNameOnly(name) && familiarName(name) !== 'sha256') {
      // a bare name is all its tags
      const tags = [...catalog.references()].filter(({ reference }) => fullName(reference) === fullName(name));
      for (const { reference, image } of tags.sort((a, b) =>
        fullString(a.reference) < fullString(b.reference) ? -1 : 1,
      )) {
        const found = catalog.get(image);
        if (found) add(found, catalog.indexOf(reference), reference);
      }
      if (tags.length > 0) continue;
    }
    const image = catalog.resolve(name);
    if (image) add(image, catalog.indexOf(name), name);
    else {
      const byId = catalog.byPrefix(text);
      if (!byId) throw missing;
      add(byId, catalog.indexesOf(byId)[0]);
    }
  }
  return [...chosen.values()];
}

const BLOBS = 'blobs/sha256';

function blobPath(digest: string): string {
  return `${BLOBS}/${digest.slice('sha256:'.length)}`;
}

async function* write(context: ImageContext, chosen: readonly Chosen[]): AsyncGenerator<Uint8Array, void, void> {
  const { store } = context;
  // what is being written stays, even when the images are removed meanwhile
  using lease = store.leases.take();
  const contents = new Map<string, Buffer | Content>();
  const manifest: unknown[] = [];
  const index: Descriptor[] = [];
  const repositories: Record<string, Record<string, string>> = {};
  for (const { image, index: whole, names } of chosen) {
    const saved = whole && (await wholeIndex(context, image, whole, contents, lease));
    const { top, layers } = saved ?? (await oneImage(context, image, contents, lease));
    for (const name of names) {
      index.push({
        ...top,
        annotations: {
          'io.containerd.image.name': fullString(name),
          'org.opencontainers.image.ref.name': name.tag ?? '',
        },
      });
      const last = image.file.rootfs.diff_ids.at(-1);
      if (last) (repositories[familiarName(name)] ??= {})[name.tag ?? ''] = last.slice('sha256:'.length);
    }
    if (names.length === 0) index.push(top);
    const parent = chosen.find((other) => other.image.id === image.parent)?.image.id;
    const diffIds = image.file.rootfs.diff_ids;
    manifest.push({
      Config: blobPath(image.id),
      RepoTags: names.length > 0 ? names.map(familiarString) : null,
      Layers: layers.map(({ digest }) => blobPath(digest)),
      ...(parent ? { Parent: parent } : {}),
      LayerSources: Object.fromEntries(layers.map((descriptor, at) => [diffIds[at], descriptor])),
    });
  }
  yield tarHeader({ name: 'blobs/', type: 'directory' });
  yield tarHeader({ name: `${BLOBS}/`, type: 'directory' });
  for (const [digest, content] of [...contents].sort(([a], [b]) => (a < b ? -1 : 1))) {
    if (Buffer.isBuffer(content)) yield member(blobPath(digest), content);
    else yield* stream(blobPath(digest), content.size, content.read());
  }
  yield member('index.json', JSON.stringify({ schemaVersion: 2, mediaType: MEDIA.index, manifests: index }));
  yield member('manifest.json', `${JSON.stringify(manifest)}\n`);
  yield member('oci-layout', '{"imageLayoutVersion": "1.0.0"}');
  if (Object.keys(repositories).length > 0) yield member('repositories', `${JSON.stringify(repositories)}\n`);
  yield TAR_TRAILER;
  for (const { image } of chosen) emit(context, 'save', image, image.id);
}

/** What is written of an image: its document, and its layers as the archive has them. */
interface Saved {
  readonly top: Descriptor;
  readonly layers: readonly Descriptor[];
}

type Contents = Map<string, Buffer | Content>;

/** With its layers uncompressed, which every program reads, and a manifest that says so. */
async function oneImage(context: ImageContext, image: Image, contents: Contents, lease: Lease): Promise<Saved> {
  const { store } = context;
  lease.blobs.add(image.id);
  const described: Descriptor[] = [];
  for (const chain of image.chains) {
    const layer = store.layers.get(chain);
    if (!layer) throw notFound(`layer ${chain} of ${image.id} is missing`);
    lease.layers.add(chain);
    // sizes go before contents in a tar, and of compressed layers they are known only after reading
    const size = layer.archiveSize ?? (await measure(store.layers.archive(layer)));
    contents.set(layer.diffId, { size, read: () => store.layers.archive(layer) });
    described.push({ mediaType: MEDIA.layer, digest: layer.diffId, size });
  }
  const config = store.blobs.readWhole(image.id);
  contents.set(image.id, config);
  const ociManifest: Manifest = {
    schemaVersion: 2,
    mediaType: MEDIA.manifest,
    config: { mediaType: MEDIA.config, digest: image.id, size: config.length },
    layers: described,
  };
  const content = Buffer.from(JSON.stringify(ociManifest));
  const digest = sha256(content);
  contents.set(digest, content);
  return { top: { mediaType: MEDIA.manifest, digest, size: content.length }, layers: described };
}

/** Byte for byte, with all that is here of it. Undefined when the image itself is not here in the form that the index names. */
async function wholeIndex(
  context: ImageContext,
  image: Image,
  index: ImageIndex,
  contents: Contents,
  lease: Lease,
): Promise<Saved | undefined> {
  const { blobs } = context.store;
  const found = await indexHere(context, index, lease);
  const own = found.images.get(image.id);
  if (!own) return undefined;
  for (const { digest, size } of found.blobs) contents.set(digest, { size, read: () => blobs.read(digest) });
  return { top: { mediaType: index.mediaType, digest: index.digest, size: index.size }, layers: own };
}

function member(name: string, content: string | Buffer): Buffer {
  const bytes = Buffer.from(content);
  return Buffer.concat([
    tarHeader({ name, type: 'file', size: bytes.length }),
    bytes,
    Buffer.alloc(tarPadding(bytes.length)),
  ]);
}

async function* stream(
  name: string,
  size: number,
  content: AsyncIterable<Uint8Array>,
): AsyncGenerator<Uint8Array, void, void> {
  yield tarHeader({ name, type: 'file', size });
  yield* content;
  yield Buffer.alloc(tarPadding(size));
}

async function measure(content: AsyncIterable<Uint8Array>): Promise<number> {
  let size = 0;
  for await (const chunk of content) size += chunk.length;
  return size;
}
