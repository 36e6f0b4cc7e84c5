// Named contexts that are images in OCI layout: each is loaded from the client's directory, and is an image like others from then on.
import { invalid, notFound } from '../base/errors.ts';
import { packTar, tarHeader, tarPadding } from '../host/confined/index.ts';
import { type Descriptor, formatPlatform, type Index, type Platform } from '../spec/oci/index.ts';
import type { BuilderContext } from './context.ts';
import { readBelow } from './context/read.ts';
import { internalStep } from './internal-step.ts';
import type { BuildRequest, BuildSink, NamedContext } from './request.ts';

/** An index of images above this is refused. */
const MAX_INDEX_BYTES = 4 * 1024 * 1024;
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
    if (one.kind !== 'oci-layout') continue;
    const step = `load ${name} from an OCI layout for ${formatPlatform(platform)}`;
    const reference = await internalStep(sink, build, step, async (report) => {
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
