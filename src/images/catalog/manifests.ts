// What an index names and how much of it is here: the manifests of `docker image inspect` and `docker images --tree`.
import type { Digest } from '../../base/ids.ts';
import { isAttestation, parseDocument, platformOf as platformIn } from '../../registry/client/index.ts';
import type { ManifestSummary } from '../../spec/docker/index.ts';
import type { Descriptor } from '../../spec/oci/index.ts';
import type { Image } from './catalog.ts';
import type { ImageContext } from './context.ts';
import { type Found, platformOf } from './find.ts';
import { type ImageIndex, type Member, partsOf } from './indexes.ts';
import { sizeOf } from './size.ts';

const UNKNOWN_PLATFORM = { architecture: 'unknown', os: 'unknown' };

/** Of the indexes that an image stands for; of an image without one, its own manifest, when it has one. */
export function manifestsOf(context: ImageContext, image: Image): ManifestSummary[] {
  const found = new Map<string, ManifestSummary>();
  for (const index of context.catalog.indexesOf(image)) {
    for (const descriptor of index.manifests) {
      const before = found.get(descriptor.digest);
      if (!before?.Available) found.set(descriptor.digest, summary(context, descriptor, memberOf(index, descriptor)));
    }
  }
  const own = found.size === 0 ? ownManifest(context, image) : undefined;
  if (own) return [summary(context, own, { kind: 'image', image: image.id })];
  return [...found.values()];
}

/** The manifest of an image: as its index or its name has it, else the one that it came with. */
export function manifestOf(
  context: ImageContext,
  image: Image,
  { index, manifest }: Pick<Found, 'index' | 'manifest'>,
): Descriptor | undefined {
  const part = index && partsOf(index).find((one) => one.image === image.id);
  return part?.descriptor ?? ownManifest(context, image, manifest);
}

/** The manifest that an image came with, described. */
function ownManifest({ store }: ImageContext, image: Image, manifest = image.manifest): Descriptor | undefined {
  if (!manifest || !store.blobs.has(manifest.digest)) return undefined;
  const { digest, mediaType } = manifest;
  return { mediaType, digest, size: store.blobs.size(digest), platform: platformOf(image) };
}

function memberOf(index: ImageIndex, { digest }: Descriptor): Member | undefined {
  return index.members.get(digest as Digest);
}

function summary(context: ImageContext, descriptor: Descriptor, member: Member | undefined): ManifestSummary {
  const { catalog, store, users } = context;
  const image = member?.kind === 'image' ? catalog.get(member.image) : undefined;
  const statements = member?.kind === 'statements' ? member.blobs : undefined;
  const content = image
    ? contentSize(context, descriptor)
    : (statements?.reduce((sum, digest) => sum + store.blobs.size(digest), descriptor.size) ?? 0);
  const unpacked = image ? sizeOf(store, image) : 0;
  const common = {
    ID: descriptor.digest,
    Descriptor: descriptor,
    Available: (image ?? statements) !== undefined,
    Size: { Content: content, Total: content + unpacked },
  };
  if (isAttestation(descriptor))
    return {
      ...common,
      Kind: 'attestation',
      AttestationData: { For: descriptor.annotations?.['vnd.docker.reference.digest'] ?? '' },
    };
  if (!image && !descriptor.platform) return { ...common, Kind: 'unknown' };
  const containers = image ? users.usersOf(image.id).map(({ id }) => id) : [];
  return {
    ...common,
    Kind: 'image',
    ImageData: {
      Platform: image ? platformOf(image) : descriptor.platform ? platformIn(descriptor) : UNKNOWN_PLATFORM,
      Size: { Unpacked: unpacked },
      Containers: containers.length > 0 ? containers : null,
    },
  };
}

/** Bytes of the blobs that are here: layers that are kept as files only have none. */
function contentSize({ store }: ImageContext, descriptor: Descriptor): number {
  const content = store.blobs.readWhole(descriptor.digest as Digest);
  const document = parseDocument(content, descriptor.mediaType);
  if (document.kind !== 'manifest') return 0;
  const blobs = new Set([descriptor.digest, document.config.digest, ...document.layers.map(({ digest }) => digest)]);
  return [...blobs].reduce((sum, digest) => sum + store.blobs.size(digest as Digest), 0);
}
