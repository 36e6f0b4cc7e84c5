// Images as one archive that both Docker and OCI tools read: `docker save`.
import { notFound } from '../base/errors.ts';
import type { Digest } from '../base/ids.ts';
import { sha256 } from '../base/ids.ts';
import { TAR_TRAILER, tarHeader, tarPadding } from '../host/confined/index.ts';
import {
  type Descriptor,
  formatPlatform,
  type Manifest,
  MEDIA,
  type Platform,
  platformMatches,
} from '../spec/oci/index.ts';
import type { Layer } from '../store/index.ts';
import type { Image } from './catalog.ts';
import { emit, type ImageContext } from './context.ts';
import { platformOf } from './find.ts';
import {
  familiarName,
  familiarString,
  fullName,
  fullString,
  isNameOnly,
  parseAnyReference,
  type Reference,
} from './reference/index.ts';

export interface SaveOptions {
  readonly platform?: Platform;
  readonly signal?: AbortSignal;
}

interface Chosen {
  readonly image: Image;
  readonly names: Reference[];
}

/** Throws notFound before anything is written. The same images give the same bytes. */
export function saveImages(
  context: ImageContext,
  names: readonly string[],
  options: SaveOptions,
): AsyncIterable<Uint8Array> {
  const chosen = choose(context, names);
  for (const { image } of chosen) {
    if (options.platform && !platformMatches(options.platform, platformOf(image))) {
      throw notFound(`no suitable export target found for platform ${formatPlatform(options.platform)}`);
    }
  }
  return write(context, chosen);
}

function choose(context: ImageContext, names: readonly string[]): Chosen[] {
  const { catalog } = context;
  const chosen = new Map<Digest, Chosen>();
  const add = (image: Image, name?: Reference): void => {
    const entry = chosen.get(image.id) ?? { image, names: [] };
    chosen.set(image.id, entry);
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
      add(image);
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
        if (found) add(found, reference);
      }
      if (tags.length > 0) continue;
    }
    const image = catalog.resolve(name);
    if (image) add(image, name);
    else {
      const byId = catalog.byPrefix(text);
      if (!byId) throw missing;
      add(byId);
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
  const small = new Map<string, Buffer>();
  const layers = new Map<Digest, Layer>();
  for (const { image } of chosen) {
    lease.blobs.add(image.id);
    for (const chain of image.chains) {
      const layer = store.layers.get(chain);
      if (!layer) throw notFound(`layer ${chain} of ${image.id} is missing`);
      lease.layers.add(chain);
      layers.set(layer.diffId, layer);
    }
  }
  // sizes go before contents in a tar, and of compressed layers they are known only after reading
  const sizes = new Map<Digest, number>();
  for (const [diffId, layer] of layers)
    sizes.set(diffId, layer.archiveSize ?? (await measure(store.layers.archive(layer))));
  const manifest: unknown[] = [];
  const index: Descriptor[] = [];
  const repositories: Record<string, Record<string, string>> = {};
  for (const { image, names } of chosen) {
    const config = store.blobs.readWhole(image.id);
    small.set(image.id, config);
    const described = image.file.rootfs.diff_ids.map((digest) => ({
      mediaType: MEDIA.layer as string,
      digest,
      size: sizes.get(digest as Digest) ?? 0,
    }));
    const ociManifest: Manifest = {
      schemaVersion: 2,
      mediaType: MEDIA.manifest,
      config: { mediaType: MEDIA.config, digest: image.id, size: config.length },
      layers: described,
    };
    const content = Buffer.from(JSON.stringify(ociManifest));
    const digest = sha256(content);
    small.set(digest, content);
    const own: Descriptor = { mediaType: MEDIA.manifest, digest, size: content.length };
    for (const name of names) {
      index.push({
        ...own,
        annotations: {
          'io.containerd.image.name': fullString(name),
          'org.opencontainers.image.ref.name': name.tag ?? '',
        },
      });
      const top = image.file.rootfs.diff_ids.at(-1);
      if (top) (repositories[familiarName(name)] ??= {})[name.tag ?? ''] = top.slice('sha256:'.length);
    }
    if (names.length === 0) index.push(own);
    const parent = chosen.find((other) => other.image.id === image.parent)?.image.id;
    manifest.push({
      Config: blobPath(image.id),
      RepoTags: names.length > 0 ? names.map(familiarString) : null,
      Layers: image.file.rootfs.diff_ids.map(blobPath),
      ...(parent ? { Parent: parent } : {}),
      LayerSources: Object.fromEntries(described.map((descriptor) => [descriptor.digest, descriptor])),
    });
  }
  yield tarHeader({ name: 'blobs/', type: 'directory' });
  yield tarHeader({ name: `${BLOBS}/`, type: 'directory' });
  for (const digest of [...small.keys(), ...layers.keys()].sort()) {
    const content = small.get(digest);
    const layer = layers.get(digest as Digest);
    if (content) yield member(blobPath(digest), content);
    else if (layer) yield* stream(blobPath(digest), sizes.get(digest as Digest) ?? 0, store.layers.archive(layer));
  }
  yield member('index.json', JSON.stringify({ schemaVersion: 2, mediaType: MEDIA.index, manifests: index }));
  yield member('manifest.json', `${JSON.stringify(manifest)}\n`);
  yield member('oci-layout', '{"imageLayoutVersion": "1.0.0"}');
  if (Object.keys(repositories).length > 0) yield member('repositories', `${JSON.stringify(repositories)}\n`);
  yield TAR_TRAILER;
  for (const { image } of chosen) emit(context, 'save', image, image.id);
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
