// What the builder needs of images: base images found, and the image of a build kept under its names.
import { BerthError, internal, invalid, isErrno, notImplemented } from '../base/errors.ts';
import { type Digest, sha256 } from '../base/ids.ts';
import type {
  Annotations,
  BaseImage,
  BuiltIndex,
  BuiltPart,
  LayerPacking,
  ManifestOptions,
} from '../builder/model/ports.ts';
import { type Descriptor, type ImageFile, MEDIA, type Platform } from '../spec/oci/index.ts';
import type { Layer, Lease } from '../store/index.ts';
import type { Image } from './catalog/catalog.ts';
import { emit, type ImageContext } from './catalog/context.ts';
import { findImage, platformOf } from './catalog/find.ts';
import type { Member } from './catalog/indexes.ts';
import { buildManifest } from './push/manifest.ts';
import { checkGiven, familiarString, parseReference, type Reference, withTag } from './reference/index.ts';
import { applyTag } from './catalog/tag.ts';
import { compactConfig, encodeImageFile } from './catalog/write.ts';

export function findBase(context: ImageContext, reference: string, platform: Platform): BaseImage | undefined {
  try {
    const { id, file, chains, manifest } = findImage(context.catalog, reference, platform);
    return { id, file, chains, ...(manifest ? { manifest: manifest.digest } : {}) };
  } catch (error) {
    if (error instanceof BerthError && error.kind === 'notFound') return undefined;
    throw error;
  }
}

/** The image that was made of the same parent with the same content, whenever that was; the newest of several. */
export function twinOf({ catalog }: ImageContext, file: ImageFile, parent: Digest | undefined): ImageFile | undefined {
  const step = file.history?.at(-1)?.created_by;
  return [...catalog.all()]
    .filter((image) => image.parent === parent && image.file.history?.length === file.history?.length)
    .filter((image) => image.file.history?.at(-1)?.created_by === step && timeless(image.file) === timeless(file))
    .map((image) => image.file)
    .sort((a, b) => ((a.created ?? '') < (b.created ?? '') ? 1 : -1))[0];
}

/** By the file itself, which never changes: a build asks for the same ones at each of its steps. */
const TIMELESS = new WeakMap<ImageFile, string>();

function timeless(image: ImageFile): string {
  const known = TIMELESS.get(image) ?? withoutTimes(image);
  TIMELESS.set(image, known);
  return known;
}

function withoutTimes(image: ImageFile): string {
  const { created: _, history, ...file } = image;
  const config = compactConfig(file.config ?? {});
  const rows = (history ?? []).map(({ created: _when, ...row }) => row);
  return JSON.stringify(ordered({ ...file, config, rows }));
}

/** Keys have no order: the same ones for the same content. */
function ordered(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(ordered);
  if (value === null || typeof value !== 'object') return value;
  const object = value as Readonly<Record<string, unknown>>;
  const sorted: Record<string, unknown> = {};
  for (const key of Object.keys(object).sort()) sorted[key] = ordered(object[key]);
  return sorted;
}

export async function createBuilt(
  context: ImageContext,
  request: {
    readonly file: ImageFile;
    readonly parent: Digest | undefined;
    readonly tags: readonly string[];
    /** What the build was asked for, and not a step on the way: it is told of. */
    readonly result: boolean;
    readonly lease: Lease;
  },
): Promise<Digest> {
  const references = request.tags.map(tagOf);
  const config = compactConfig(request.file.config ?? {});
  const content = encodeImageFile({ ...request.file, config });
  const parent = request.parent === undefined ? undefined : context.catalog.get(request.parent)?.id;
  try {
    const image = await context.catalog.create(content, parent, request.lease);
    if (request.result) emit(context, 'create', image, image.id);
    for (const reference of references) applyTag(context, image, reference);
    return image.id;
  } catch (error) {
    if (isErrno(error, 'ENOSPC')) throw new BerthError('exhausted', 'no space left on device', { cause: error });
    throw error;
  }
}

/** Some images of a build and what is said of them, as one index under its names. Answers the digests of what was written. */
export async function createBuiltIndex(
  context: ImageContext,
  request: {
    readonly parts: readonly BuiltPart[];
    readonly tags: readonly string[];
    readonly oci: boolean;
    readonly annotations?: Annotations | undefined;
    readonly lease: Lease;
  },
): Promise<BuiltIndex> {
  const { lease } = request;
  const mediaType = request.oci ? MEDIA.index : MEDIA.dockerIndex;
  const references = request.tags.map(tagOf);
  const manifests: Descriptor[] = [];
  const statements: Descriptor[] = [];
  const members = new Map<Digest, Member>();
  const images: { id: Digest; manifest: Digest }[] = [];
  try {
    for (const part of request.parts) {
      const { image, manifest } = await createPart(context, part, lease);
      if (!part.manifest.passing)
        context.catalog.setManifest(image.id, {
          digest: manifest.digest as Digest,
          mediaType: manifest.mediaType,
        });
      images.push({ id: image.id, manifest: manifest.digest as Digest });
      manifests.push(manifest);
      members.set(manifest.digest as Digest, { kind: 'image', image: image.id });
      const about = part.attest?.(manifest.digest as Digest);
      if (!about) continue;
      await putAll(context, [...about.blobs.values()], lease);
      statements.push(about.descriptor);
      const own = about.descriptor.digest as Digest;
      members.set(own, { kind: 'statements', blobs: [...about.blobs.keys()].filter((digest) => digest !== own) });
    }
    const content = Buffer.from(
      JSON.stringify({
        schemaVersion: 2,
        mediaType,
        manifests: [...manifests, ...statements],
        ...(request.annotations ? { annotations: request.annotations } : {}),
      }),
    );
    const image = await context.catalog.createIndex(content, mediaType, members, references, lease);
    emit(context, 'create', image, image.id);
    for (const reference of references) emit(context, 'tag', image, familiarString(reference));
    return { index: { mediaType, digest: sha256(content), size: content.length }, id: image.id, images };
  } catch (error) {
    if (isErrno(error, 'ENOSPC')) throw new BerthError('exhausted', 'no space left on device', { cause: error });
    throw error;
  }
}

/** One image of a build with a manifest of its own, under its names. */
export async function createBuiltSingle(
  context: ImageContext,
  { part, tags, lease }: { readonly part: BuiltPart; readonly tags: readonly string[]; readonly lease: Lease },
): Promise<BuiltIndex> {
  const references = tags.map(tagOf);
  try {
    const { image, manifest } = await createPart(context, part, lease);
    emit(context, 'create', image, image.id);
    // its names have the manifest, and not the image: that may be built once more, without what is said in it
    const { mediaType } = manifest;
    const origin = { manifest: { digest: manifest.digest as Digest, mediaType } };
    for (const reference of references) applyTag(context, image, reference, origin);
    return { index: manifest, id: image.id, images: [{ id: image.id, manifest: manifest.digest as Digest }] };
  } catch (error) {
    if (isErrno(error, 'ENOSPC')) throw new BerthError('exhausted', 'no space left on device', { cause: error });
    throw error;
  }
}

/** An image with its manifest, whose layers have archives from now on: the manifest names those. */
async function createPart(
  context: ImageContext,
  part: BuiltPart,
  lease: Lease,
): Promise<{ image: Image; manifest: Descriptor }> {
  const { catalog, store } = context;
  const { oci, annotations, descriptorAnnotations } = part.manifest;
  const content = encodeImageFile({ ...part.file, config: compactConfig(part.file.config ?? {}) });
  const parent = part.parent === undefined ? undefined : catalog.get(part.parent)?.id;
  const image = await catalog.create(content, parent, lease);
  const blobs = [];
  for (const chain of image.chains) {
    const layer = store.layers.get(chain);
    if (!layer) throw internal(`layer ${chain} is missing`);
    blobs.push(await archiveOf(store, layer, part.manifest, lease));
  }
  const made = buildManifest({ digest: image.id, size: content.length }, blobs, { oci, annotations });
  await putAll(context, [made.content], lease);
  const { digest, mediaType } = made;
  const described = descriptorAnnotations ? { annotations: { ...descriptorAnnotations } } : {};
  return {
    image,
    manifest: { mediaType, digest, size: made.content.length, platform: platformOf(image), ...described },
  };
}

/** As it is asked for; without a wish as the layer has it, or gets it for good. */
async function archiveOf(
  { layers }: ImageContext['store'],
  layer: Layer,
  { packing, passing }: ManifestOptions,
  lease: Lease,
): Promise<Layer['blob']> {
  if (!packing) return (await layers.withArchive(layer, lease)).blob;
  const isRight = (one: Layer): boolean => one.filesOnly !== true && (!packing.force || hasForm(one, packing.form));
  if (isRight(layer)) return layer.blob;
  if (passing) return layers.pack(layer, lease, packing);
  const now = await layers.withArchive(layer, lease, packing);
  if (isRight(now)) return now.blob;
  throw notImplemented(
    'force-compression is not implemented for images in the store: a layer is there with another compression',
  );
}

function hasForm({ blob }: Layer, form: LayerPacking['form']): boolean {
  const ending = form === 'none' ? '.tar' : form;
  return blob.mediaType.endsWith(ending);
}

async function putAll(context: ImageContext, contents: readonly Uint8Array[], lease: Lease): Promise<void> {
  for (const content of contents) {
    lease.blobs.add(sha256(content));
    await context.store.blobs.put(content);
  }
}

/** Throws invalid for what is no name with a tag. */
export function tagOf(text: string): Reference {
  const reference = parseReference(text);
  if (reference.digest !== undefined) throw invalid('build tag cannot contain a digest');
  checkGiven(reference);
  return reference.tag === undefined ? withTag(reference, 'latest') : reference;
}
