// What of an image goes to a registry: the documents, and the blobs that they name.
import { internal } from '../../base/errors.ts';
import { type Digest, shortId } from '../../base/ids.ts';
import { parseDocument } from '../../registry/client/index.ts';
import type { Descriptor } from '../../spec/oci/index.ts';
import type { Layer, Lease } from '../../store/index.ts';
import type { Image, ManifestRef } from '../catalog/catalog.ts';
import type { ImageContext } from '../catalog/context.ts';
import type { ImageIndex } from '../catalog/indexes.ts';
import { buildManifest, type ManifestOut } from './manifest.ts';

export interface BlobOut {
  readonly digest: Digest;
  readonly size: number;
  /** As it is shown; what is sent unseen has none. */
  readonly id: string;
}

export interface Outgoing {
  readonly layers: readonly BlobOut[];
  /** Configurations and statements, after the layers. */
  readonly small: readonly BlobOut[];
  /** By digest, after the blobs. */
  readonly manifests: readonly ManifestOut[];
  /** Under the name, after all the rest. */
  readonly top: ManifestOut;
}

/**
 * One image: with the manifest that its name came with, when all it names is here as it was or the manifest is `there`, where it
 * goes; or else with that of the image, or a new one.
 */
export async function imageOut(
  context: ImageContext,
  image: Image,
  own: ManifestRef | undefined,
  there: (manifest: ManifestRef) => Promise<boolean>,
  lease: Lease,
): Promise<Outgoing> {
  const { store } = context;
  for (const manifest of [own, image.manifest]) {
    const kept = manifest && (await manifestOut(context, image, manifest, lease));
    if (kept) return { ...kept, manifests: [], top: kept.manifest };
    if (!manifest || manifest !== own || !store.blobs.has(own.digest) || !(await there(own))) continue;
    return { layers: [], small: [], manifests: [], top: { ...own, content: store.blobs.readWhole(own.digest) } };
  }
  const layers: Layer[] = [];
  for (const layer of layersOf(context, image, lease)) layers.push(await store.layers.withArchive(layer, lease));
  const config = { digest: image.id, size: store.blobs.size(image.id) };
  const top = buildManifest(
    config,
    layers.map(({ blob }) => blob),
  );
  const blobs = layers.map(({ blob, diffId }) => ({ digest: blob.digest, size: blob.size, id: shortId(diffId) }));
  return { layers: blobs, small: [{ ...config, id: '' }], manifests: [], top };
}

/**
 * A whole index, byte for byte. What it names and is not here must be `there`, where it goes. Undefined when something is
 * neither here nor there.
 */
export async function indexOut(
  context: ImageContext,
  index: ImageIndex,
  there: (manifest: ManifestRef) => Promise<boolean>,
  lease: Lease,
): Promise<Outgoing | undefined> {
  const { catalog, store } = context;
  const layers: BlobOut[] = [];
  const small: BlobOut[] = [];
  const manifests: ManifestOut[] = [];
  const take = (digest: Digest, mediaType: string): void => {
    lease.blobs.add(digest);
    manifests.push({ digest, mediaType, content: store.blobs.readWhole(digest) });
  };
  for (const descriptor of index.manifests) {
    const digest = descriptor.digest as Digest;
    const member = index.members.get(digest);
    if (member?.kind === 'statements') {
      for (const blob of member.blobs) small.push({ digest: blob, size: store.blobs.size(blob), id: '' });
      for (const blob of member.blobs) lease.blobs.add(blob);
      take(digest, descriptor.mediaType);
      continue;
    }
    const image = member?.kind === 'image' ? catalog.get(member.image) : undefined;
    const out = image && (await manifestOut(context, image, { digest, mediaType: descriptor.mediaType }, lease));
    if (out) {
      layers.push(...out.layers);
      small.push(...out.small);
      take(digest, descriptor.mediaType);
    } else if (!(await there({ digest, mediaType: descriptor.mediaType }))) return undefined;
  }
  for (const [digest, { kind }] of index.members) {
    if (kind !== 'index') continue;
    const { mediaType = '' } = JSON.parse(store.blobs.readWhole(digest).toString()) as { mediaType?: string };
    take(digest, mediaType);
  }
  const content = store.blobs.readWhole(index.digest);
  return { layers, small, manifests, top: { digest: index.digest, mediaType: index.mediaType, content } };
}

/** What is here of an index, byte for byte: all blobs, and by image the layers as its manifest names them. */
export async function indexHere(
  context: ImageContext,
  index: ImageIndex,
  lease: Lease,
): Promise<{ readonly blobs: readonly BlobOut[]; readonly images: ReadonlyMap<Digest, readonly Descriptor[]> }> {
  const images = new Map<Digest, readonly Descriptor[]>();
  const out = await indexOut(context, index, () => Promise.resolve(true), lease);
  const of = ({ digest, content }: ManifestOut): BlobOut => ({ digest, size: content.length, id: '' });
  for (const { digest, mediaType, content } of out?.manifests ?? []) {
    const member = index.members.get(digest);
    const document = member?.kind === 'image' ? parseDocument(content, mediaType) : undefined;
    if (member?.kind === 'image' && document?.kind === 'manifest') images.set(member.image, document.layers);
  }
  return { images, blobs: out ? [...out.layers, ...out.small, ...out.manifests.map(of), of(out.top)] : [] };
}

/** The manifest of an image as it is kept, with blobs that have its digests. Undefined when one is not here in that form. */
async function manifestOut(
  context: ImageContext,
  image: Image,
  { digest, mediaType }: ManifestRef,
  lease: Lease,
): Promise<{ layers: BlobOut[]; small: BlobOut[]; manifest: ManifestOut } | undefined> {
  const { store } = context;
  lease.blobs.add(digest);
  if (!store.blobs.has(digest)) return undefined;
  const content = store.blobs.readWhole(digest);
  const document = parseDocument(content, mediaType);
  if (document.kind !== 'manifest' || document.config.digest !== image.id) return undefined;
  const stack = layersOf(context, image, lease);
  if (document.layers.length !== stack.length) return undefined;
  const layers: BlobOut[] = [];
  for (const [at, descriptor] of document.layers.entries()) {
    const layer = stack[at];
    if (!layer) return undefined;
    const blob = await blobOf(context, layer, descriptor.digest as Digest, lease);
    if (!blob) return undefined;
    layers.push({ ...blob, id: shortId(layer.diffId) });
  }
  const config = { digest: image.id, size: store.blobs.size(image.id), id: '' };
  return { layers, small: [config], manifest: { digest, mediaType, content } };
}

/** The archive of a layer with exactly this digest, made when it is the plain one. */
async function blobOf(
  { store }: ImageContext,
  layer: Layer,
  digest: Digest,
  lease: Lease,
): Promise<{ digest: Digest; size: number } | undefined> {
  lease.blobs.add(digest);
  if (store.blobs.has(digest)) return { digest, size: store.blobs.size(digest) };
  if (digest !== layer.diffId) return undefined;
  const whole = await store.layers.withArchive(layer, lease, { form: 'none' });
  return whole.blob.digest === digest ? { digest, size: whole.blob.size } : undefined;
}

function layersOf({ store }: ImageContext, image: Image, lease: Lease): Layer[] {
  lease.blobs.add(image.id);
  return image.chains.map((chain) => {
    lease.layers.add(chain);
    const layer = store.layers.get(chain);
    if (!layer) throw internal(`layer ${chain} of ${image.id} is missing`);
    return layer;
  });
}
