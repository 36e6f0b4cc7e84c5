// What the builder needs of images: base images found, and the image of a build kept under its names.
import { BerthError, internal, invalid, isErrno } from '../base/errors.ts';
import { type Digest, sha256 } from '../base/ids.ts';
import type { BaseImage, BuiltIndex, BuiltPart } from '../builder/ports.ts';
import { type Descriptor, type ImageFile, MEDIA, type Platform } from '../spec/oci/index.ts';
import type { Lease } from '../store/index.ts';
import type { Image } from './catalog.ts';
import { emit, type ImageContext } from './context.ts';
import { findImage, platformOf } from './find.ts';
import type { Member } from './indexes.ts';
import { buildManifest } from './push/manifest.ts';
import { checkGiven, familiarString, parseReference, type Reference, withTag } from './reference/index.ts';
import { applyTag } from './tag.ts';
import { compactConfig, encodeImageFile } from './write.ts';

export function findBase(context: ImageContext, reference: string, platform: Platform): BaseImage | undefined {
  try {
    const { id, file, chains, manifest } = findImage(context.catalog, reference, platform);
    return { id, file, chains, ...(manifest ? { manifest: manifest.digest } : {}) };
  } catch (error) {
    if (error instanceof BerthError && error.kind === 'notFound') return undefined;
    throw error;
  }
}

export async function createBuilt(
  context: ImageContext,
  wish: {
    readonly file: ImageFile;
    readonly parent: Digest | undefined;
    readonly tags: readonly string[];
    /** What the build was asked for, and not a step on the way: it is told of. */
    readonly result: boolean;
    readonly lease: Lease;
  },
): Promise<Digest> {
  const references = wish.tags.map(tagOf);
  const config = compactConfig(wish.file.config ?? {});
  const content = encodeImageFile({ ...wish.file, config });
  const parent = wish.parent === undefined ? undefined : context.catalog.get(wish.parent)?.id;
  try {
    const image = await context.catalog.create(content, parent, wish.lease);
    if (wish.result) emit(context, 'create', image, image.id);
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
  wish: {
    readonly parts: readonly BuiltPart[];
    readonly tags: readonly string[];
    readonly annotations?: Readonly<Record<string, string>>;
    readonly lease: Lease;
  },
): Promise<BuiltIndex> {
  const { lease } = wish;
  const references = wish.tags.map(tagOf);
  const manifests: Descriptor[] = [];
  const statements: Descriptor[] = [];
  const members = new Map<Digest, Member>();
  const images: { id: Digest; manifest: Digest }[] = [];
  try {
    for (const part of wish.parts) {
      const { image, manifest } = await createPart(context, part, lease);
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
        mediaType: MEDIA.index,
        manifests: [...manifests, ...statements],
        ...(wish.annotations ? { annotations: wish.annotations } : {}),
      }),
    );
    const image = await context.catalog.createIndex(content, MEDIA.index, members, references, lease);
    emit(context, 'create', image, image.id);
    for (const reference of references) emit(context, 'tag', image, familiarString(reference));
    return { index: { mediaType: MEDIA.index, digest: sha256(content), size: content.length }, id: image.id, images };
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
  const content = encodeImageFile({ ...part.file, config: compactConfig(part.file.config ?? {}) });
  const parent = part.parent === undefined ? undefined : catalog.get(part.parent)?.id;
  const image = await catalog.create(content, parent, lease);
  const blobs = [];
  for (const chain of image.chains) {
    const layer = store.layers.get(chain);
    if (!layer) throw internal(`layer ${chain} is missing`);
    blobs.push((await store.layers.withArchive(layer, lease)).blob);
  }
  const made = buildManifest({ digest: image.id, size: content.length }, blobs, { oci: true });
  await putAll(context, [made.content], lease);
  catalog.setManifest(image.id, { digest: made.digest, mediaType: made.mediaType });
  const { digest, mediaType } = made;
  return { image, manifest: { mediaType, digest, size: made.content.length, platform: platformOf(image) } };
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
