// An OCI layout: index to manifests to configurations and layers. An index in it is kept whole, with all that the archive has of it.
import { processorLevel } from '../../host/processor.ts';
import { invalid, notFound } from '../../base/errors.ts';
import { type Digest, isDigest, sha256 } from '../../base/ids.ts';
import { bestManifest, type Fields, isAttestation, readFields } from '../../registry/client/index.ts';
import { type Descriptor, formatPlatform, MEDIA, type Platform } from '../../spec/oci/index.ts';
import { type Archive, parseNamed } from './archive.ts';
import type { ToLoad } from './one.ts';

/** An index of the archive, and what of it is there. */
export interface IndexToLoad {
  readonly content: Buffer;
  readonly mediaType: string;
  readonly images: readonly { readonly digest: Digest; readonly item: ToLoad }[];
  readonly statements: readonly { readonly content: Buffer; readonly blobs: readonly Buffer[] }[];
  /** Indexes in the index. */
  readonly inner: readonly Buffer[];
  readonly names: readonly string[];
}

/** An index in an index is unusual, more than this is an attack. */
const MAX_DEPTH = 4;
const NAMES = ['io.containerd.image.name', 'org.opencontainers.image.ref.name'];
const INDEX_TYPES: readonly string[] = [MEDIA.index, MEDIA.dockerIndex];

/** Whether the archive has an index that Docker's manifest.json says nothing of. */
export async function hasIndexes(archive: Archive): Promise<boolean> {
  if (!archive.has('index.json')) return false;
  const index = (await archive.json('index.json')) as { manifests?: unknown } | null;
  if (!Array.isArray(index?.manifests)) return false;
  return index.manifests.some((one: Partial<Descriptor> | null) => INDEX_TYPES.includes(one?.mediaType ?? ''));
}

/** With a platform, images of it alone. */
export async function readOciLayout(
  archive: Archive,
  platform: Platform | undefined,
): Promise<(ToLoad | IndexToLoad)[]> {
  const index = readFields((await archive.json('index.json')) ?? {});
  const found: (ToLoad | IndexToLoad)[] = [];
  for (const descriptor of index.manifests ?? []) {
    const name = NAMES.map((key) => descriptor.annotations?.[key]).find((text) => text?.includes(':'));
    const names = name === undefined ? [] : [name];
    const document = await read(archive, descriptor);
    if (!document) throw invalid(`open ${blobPath(descriptor.digest)}: no such file or directory`);
    const one = document.value.manifests
      ? await readIndex(archive, descriptor, names, platform)
      : readManifest(descriptor, document, names);
    if (one) found.push(one);
    else if (document.value.manifests && platform)
      throw notFound(
        `image ${name ?? descriptor.digest} was loaded, but doesn't provide the requested platform (${formatPlatform(platform)})`,
      );
  }
  if (found.length === 0) throw invalid('the OCI layout holds no image for this platform');
  return found;
}

async function readIndex(
  archive: Archive,
  top: Descriptor,
  names: readonly string[],
  platform: Platform | undefined,
): Promise<IndexToLoad | undefined> {
  const inner: Buffer[] = [];
  const named: { descriptor: Descriptor; document: Read; item: ToLoad | undefined }[] = [];
  const walk = async (descriptor: Descriptor, depth: number): Promise<Buffer | undefined> => {
    if (depth > MAX_DEPTH) throw invalid('indexes are nested too deep');
    const document = await read(archive, descriptor);
    if (!document) return undefined;
    if (!document.value.manifests) {
      const there = allOf(document.value).every(({ digest }) => archive.has(blobPath(digest)));
      if (there) named.push({ descriptor, document, item: readManifest(descriptor, document, []) });
      return undefined;
    }
    for (const one of document.value.manifests) {
      const content = await walk(one, depth + 1);
      if (content) inner.push(content);
    }
    return document.content;
  };
  const content = await walk(top, 0);
  const whole = named.flatMap(({ descriptor, item }) =>
    item && !isAttestation(descriptor) ? [{ descriptor, item }] : [],
  );
  const chosen = platform
    ? [
        bestManifest(
          whole.map(({ descriptor }) => descriptor),
          platform,
          processorLevel(),
        ),
      ]
    : whole.map(({ descriptor }) => descriptor);
  const images = whole
    .filter(({ descriptor }) => chosen.includes(descriptor))
    .map(({ descriptor, item }) => ({ digest: descriptor.digest as Digest, item }));
  if (!content || images.length === 0) return undefined;
  const statements = [];
  for (const { descriptor, document } of named) {
    const about = descriptor.annotations?.['vnd.docker.reference.digest'];
    if (!isAttestation(descriptor) || !images.some(({ digest }) => digest === about)) continue;
    const blobs = [];
    for (const one of allOf(document.value)) blobs.push(await verified(archive, one.digest));
    statements.push({ content: document.content, blobs });
  }
  return { content, mediaType: typeOf(top, content), images, statements, inner, names };
}

/** What a manifest names. */
function allOf({ config, layers }: Fields): Descriptor[] {
  return [...(config ? [config] : []), ...(layers ?? [])];
}

function typeOf({ mediaType }: Descriptor, content: Buffer): string {
  const { mediaType: own } = JSON.parse(content.toString()) as { mediaType?: string };
  return own || mediaType;
}

/** Undefined for what is no image. */
function readManifest(descriptor: Descriptor, { value, content }: Read, names: readonly string[]): ToLoad | undefined {
  const { config, layers } = value;
  if (!config || !layers) throw invalid(`manifest ${descriptor.digest} is not one of an image`);
  if (config.mediaType !== MEDIA.config && !config.mediaType.startsWith('application/vnd.docker.container.image'))
    return undefined;
  return {
    config: blobPath(config.digest),
    layers: layers.map((layer) => blobPath(layer.digest)),
    names,
    parent: undefined,
    manifest: { content, mediaType: value.mediaType ?? descriptor.mediaType },
  };
}

interface Read {
  readonly value: Fields;
  readonly content: Buffer;
}

/** A small document whose digest is what the descriptor says; undefined when the archive does not have it. */
async function read(archive: Archive, { digest }: Descriptor): Promise<Read | undefined> {
  if (!archive.has(blobPath(digest))) return undefined;
  const content = await verified(archive, digest);
  return { value: readFields(parseNamed(digest, content)), content };
}

async function verified(archive: Archive, digest: string): Promise<Buffer> {
  const content = await archive.readWhole(blobPath(digest));
  if (sha256(content) !== digest) throw invalid(`the content of ${digest} has another digest`);
  return content;
}

function blobPath(digest: string): string {
  if (!isDigest(digest)) throw invalid(`unsupported digest ${digest}`);
  return `blobs/sha256/${digest.slice('sha256:'.length)}`;
}
