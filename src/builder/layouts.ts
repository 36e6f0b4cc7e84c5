// Named contexts that are images in OCI layout: each is loaded from the client's directory, and is an image like others from then on.
import { invalid, notFound } from '../base/errors.ts';
import { isDigest } from '../base/ids.ts';
import { packTar, TAR_TRAILER, tarHeader, tarPadding } from '../host/sandbox/index.ts';
import {
  type Descriptor,
  formatPlatform,
  type Index,
  type Manifest,
  MEDIA,
  type Platform,
  platformMatches,
} from '../spec/oci/index.ts';
import { processorLevel } from '../host/processor.ts';
import type { BuilderContext } from './services/context.ts';
import { readBelow } from './context/read.ts';
import { internalStep } from './model/internal-step.ts';
import type { BuildRequest, BuildSink, NamedContext, ReadBlob } from './model/request.ts';

/** An index of images above this is refused. */
const MAX_INDEX_BYTES = 4 * 1024 * 1024;
/** An index in an index is unusual, more than this is an attack. */
const MAX_DEPTH = 4;
const TAG = 'org.opencontainers.image.ref.name';

type Layout = Extract<NamedContext, { kind: 'oci-layout' }>;

/** The contexts of a request with images in place of layouts. Throws notFound for a layout without the image. */
export async function withoutLayouts(
  context: BuilderContext,
  { contexts = new Map() }: BuildRequest,
  platform: Platform,
  build: string,
  sink: BuildSink,
  signal: AbortSignal,
): Promise<ReadonlyMap<string, NamedContext>> {
  const found = new Map(contexts);
  for (const [name, one] of contexts) {
    if (one.kind !== 'oci-layout' && one.kind !== 'oci-blobs') continue;
    const step = `load ${name} from an OCI layout for ${formatPlatform(platform)}`;
    const reference = await internalStep(sink, build, step, async (report) => {
      if (one.kind === 'oci-blobs') {
        const archive = archiveOfBlobs(one.read, one.digest, platform, signal);
        return context.images.load(archive, platform, signal);
      }
      await using tree = await one.source.sync({ exclude: [] }, report, signal);
      return context.images.load(
        archiveOf(tree.directory, chosen(tree.directory, name, one), signal),
        platform,
        signal,
      );
    });
    found.set(name, { kind: 'image', reference });
  }
  return found;
}

/** By digest or tag; without either the latest one, or the only one. */
function chosen(directory: string, name: string, { reference }: Layout): Descriptor {
  const text = readBelow(directory, 'index.json', MAX_INDEX_BYTES);
  if (!text) throw invalid(`the context ${name} is no OCI layout: it has no index.json`);
  let index: Partial<Index> | null;
  try {
    index = JSON.parse(Buffer.from(text).toString()) as Partial<Index> | null;
  } catch (error) {
    throw invalid(`the context ${name} is no OCI layout: its index.json can't be read`, { cause: error });
  }
  const manifests = Array.isArray(index?.manifests) ? index.manifests : [];
  const wanted = reference || 'latest';
  const found =
    manifests.find(({ digest, annotations }) => digest === wanted || annotations?.[TAG] === wanted) ??
    (reference === '' && manifests.length === 1 ? manifests[0] : undefined);
  if (!found) throw notFound(`could not find image ${wanted} in the OCI layout of the context ${name}`);
  return found;
}

/** Its files with an index of the one image, without a name: what the layout calls it is no name here. */
async function* archiveOf(
  directory: string,
  { mediaType, digest, size }: Descriptor,
  signal: AbortSignal,
): AsyncGenerator<Uint8Array, void, void> {
  const bytes = Buffer.from(JSON.stringify({ schemaVersion: 2, manifests: [{ mediaType, digest, size }] }));
  yield tarHeader({ name: 'index.json', type: 'file', size: bytes.length });
  yield Buffer.concat([bytes, Buffer.alloc(tarPadding(bytes.length))]);
  const without = ['index.json', 'manifest.json', 'repositories'];
  yield* packTar(directory, { whiteouts: 'literal', without }, signal);
}

/** The documents from `digest` down to one image for the platform, and its layers. */
async function* archiveOfBlobs(
  read: ReadBlob,
  digest: string,
  platform: Platform,
  signal: AbortSignal,
): AsyncGenerator<Uint8Array, void, void> {
  let top: Descriptor | undefined;
  let next: Descriptor | undefined = { mediaType: '', digest, size: 0 };
  for (let depth = 0; next && depth < MAX_DEPTH; depth += 1) {
    const bytes = await document(read, next.digest, signal);
    const content = JSON.parse(bytes.toString()) as Partial<Index & Manifest> & { mediaType?: string };
    const mediaType = content.mediaType ?? (content.manifests ? MEDIA.index : MEDIA.manifest);
    top ??= { mediaType, digest, size: bytes.length };
    yield member(next.digest, bytes);
    next = content.manifests?.find(
      (one) =>
        one.annotations?.['vnd.docker.reference.type'] === undefined &&
        (!one.platform || platformMatches(platform, one.platform, processorLevel())),
    );
    if (content.manifests) continue;
    for (const blob of [...(content.config ? [content.config] : []), ...(content.layers ?? [])]) {
      if (!Number.isSafeInteger(blob.size) || blob.size < 0) throw invalid(`${blob.digest} has no size`);
      yield tarHeader({ name: blobName(blob.digest), type: 'file', size: blob.size });
      yield* exactly(read(blob.digest, signal), blob.size);
      yield Buffer.alloc(tarPadding(blob.size));
    }
  }
  if (!top) throw notFound(`no image ${digest}`);
  const index = Buffer.from(JSON.stringify({ schemaVersion: 2, manifests: [top] }));
  yield tarHeader({ name: 'index.json', type: 'file', size: index.length });
  yield Buffer.concat([index, Buffer.alloc(tarPadding(index.length)), TAR_TRAILER]);
}

function blobName(digest: string): string {
  if (!isDigest(digest)) throw invalid(`invalid digest ${JSON.stringify(digest)}`);
  return `blobs/${digest.replace(':', '/')}`;
}

function member(digest: string, bytes: Buffer): Buffer {
  const head = tarHeader({ name: blobName(digest), type: 'file', size: bytes.length });
  return Buffer.concat([head, bytes, Buffer.alloc(tarPadding(bytes.length))]);
}

async function document(read: ReadBlob, digest: string, signal: AbortSignal): Promise<Buffer> {
  const parts: Uint8Array[] = [];
  let size = 0;
  for await (const part of read(digest, signal)) {
    size += part.length;
    if (size > MAX_INDEX_BYTES) throw invalid(`${digest} is larger than ${MAX_INDEX_BYTES} bytes`);
    parts.push(part);
  }
  return Buffer.concat(parts);
}

/** A client that gives more or less than was said would write members of its own into the archive. */
async function* exactly(source: AsyncIterable<Uint8Array>, size: number): AsyncGenerator<Uint8Array, void, void> {
  let rest = size;
  for await (const part of source) {
    rest -= part.length;
    if (rest < 0) break;
    yield part;
  }
  if (rest !== 0) throw invalid('a layer of the OCI layout has another size than its manifest says');
}
