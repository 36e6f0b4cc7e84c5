// An image to a registry: `docker push`. What the registry has is not sent.
import { internal, invalid, notFound } from '../../base/errors.ts';
import type { Digest } from '../../base/ids.ts';
import { type Credentials, RefusedError, type Remote, retrying } from '../../registry/client/index.ts';
import type { Platform } from '../../spec/oci/index.ts';
import type { Lease } from '../../store/index.ts';
import type { Image, ManifestRef } from '../catalog/catalog.ts';
import { emitNamed, type ImageContext } from '../catalog/context.ts';
import { findImage, findWhole, platformOf } from '../catalog/find.ts';
import type { Origin } from '../catalog/image.ts';
import type { ImageIndex } from '../catalog/indexes.ts';
import { manifestOf } from '../catalog/manifests.ts';
import type { Say } from '../catalog/progress.ts';
import { Slots } from '../transfers/slots.ts';
import { familiarName, familiarString, fullName, fullString, type Reference, withDigest } from '../reference/index.ts';
import { dockerForm, type ManifestOut } from './manifest.ts';
import { type BlobOut, imageOut, indexOut } from './outgoing.ts';
import { uploadBlob, type UploadEnd } from './upload.ts';

export interface PushOptions {
  readonly platform?: Platform;
  readonly credentials: Credentials;
  readonly say: Say;
  readonly signal: AbortSignal;
}

const EVERY_MS = 100;

/** Without a tag every tag of the repository is pushed. */
export async function pushImages(context: ImageContext, reference: Reference, options: PushOptions): Promise<void> {
  if (reference.digest !== undefined) throw invalid('cannot push a digest reference');
  const { platform, say } = options;
  // before the first line, so that it is the request that fails
  if (platform && reference.tag !== undefined) findImage(context.catalog, familiarString(reference), platform);
  await say({ status: `The push refers to repository [${fullName(reference)}]` });
  const chosen = choose(context, reference).map(({ image, name }) => ({
    ...chooseWhat(context, image, name, options),
    name,
  }));
  try {
    await pushAll(context, reference, chosen, options);
  } catch (error) {
    // the docker CLI would take another kind of words for a reason to go on
    if (error instanceof RefusedError && error.message.endsWith(NO_PASSWORD))
      throw internal(NO_PASSWORD, { cause: error });
    throw error;
  }
}

const NO_PASSWORD = 'no basic auth credentials';

async function pushAll(
  context: ImageContext,
  reference: Reference,
  chosen: readonly (What & { readonly name: Reference })[],
  options: PushOptions,
): Promise<void> {
  const remote = await context.registries.writer(reference.domain, reference.path, options.credentials, options.signal);
  for (const { name, ...what } of chosen) await pushOne(context, remote, what, name, options);
}

function choose(context: ImageContext, reference: Reference): { image: Image; name: Reference }[] {
  const { catalog } = context;
  if (reference.tag !== undefined) {
    const image = catalog.resolve(reference);
    if (image) return [{ image, name: reference }];
  }
  const all = [...catalog.references()].filter(
    (one) => fullName(one.reference) === fullName(reference) && one.reference.digest === undefined,
  );
  if (all.length === 0) throw notFound(`An image does not exist locally with the tag: ${familiarName(reference)}`);
  if (reference.tag !== undefined) throw notFound(`tag does not exist: ${familiarString(reference)}`);
  return all
    .sort((a, b) => ((a.reference.tag ?? '') < (b.reference.tag ?? '') ? -1 : 1))
    .flatMap((one) => {
      const image = catalog.get(one.image);
      return image ? [{ image, name: one.reference }] : [];
    });
}

interface What {
  readonly image: Image;
  /** Goes with the image, as a whole. */
  readonly index: ImageIndex | undefined;
  /** What the image goes with alone. */
  readonly manifest: ManifestRef | undefined;
}

/** With a platform one image goes, without one the index that the name leads to. */
function chooseWhat(context: ImageContext, image: Image, name: Reference, { platform }: PushOptions): What {
  const whole = findWhole(context.catalog, fullString(name));
  const of = (one: Image): ManifestRef | undefined => {
    const found = manifestOf(context, one, whole);
    return found && { digest: found.digest as Digest, mediaType: found.mediaType };
  };
  if (!platform) return { image, index: whole.index, manifest: of(image) };
  const chosen = findImage(context.catalog, familiarString(name), platform);
  return { image: chosen, index: undefined, manifest: of(chosen) };
}

async function pushOne(
  context: ImageContext,
  remote: Remote,
  { image, index, manifest }: What,
  name: Reference,
  options: PushOptions,
): Promise<void> {
  const { say, signal } = options;
  const { settings } = context.registries;
  using lease = context.store.leases.take();
  const there = (one: ManifestRef): Promise<boolean> => isThere(context, remote, one, signal);
  const whole = index && (await indexOut(context, index, there, lease));
  const out = whole ?? (await imageOut(context, image, manifest, there, lease));
  const { layers, small, manifests } = out;
  await sendLayers(context, remote, name, layers, options);
  for (const blob of new Map(small.map((one) => [one.digest, one])).values())
    await send(context, remote, name, blob, () => undefined, signal);
  for (const { digest, mediaType, content } of manifests)
    await retrying(() => remote.putManifest(digest, mediaType, content, signal), settings, signal);
  const tag = name.tag ?? 'latest';
  const top = await putTop(remote, tag, out.top, (act) => retrying(act, settings, signal), signal);
  // a part of an index needs no name of its own
  if (!image.part) await remember(context, image, name, top, whole && index, lease);
  if (index && !whole) await sayInstead(context, index, image, top, say);
  await say({ status: `${tag}: digest: ${top.digest} size: ${top.content.length}` });
  await say({ progressDetail: {}, aux: { Tag: tag, Digest: top.digest, Size: top.content.length } });
  emitNamed(context, 'push', image, familiarString(name), familiarName(name));
}

/** What the registry took: the manifest as it is, or Docker's kind of it where the registry does not know OCI's. */
async function putTop(
  remote: Remote,
  tag: string,
  top: ManifestOut,
  often: (act: () => Promise<void>) => Promise<void>,
  signal: AbortSignal,
): Promise<ManifestOut> {
  try {
    await often(() => remote.putManifest(tag, top.mediaType, top.content, signal));
    return top;
  } catch (error) {
    const other = isUnknownKind(error) ? dockerForm(top) : undefined;
    if (!other) throw error;
    await often(() => remote.putManifest(tag, other.mediaType, other.content, signal));
    return other;
  }
}

/** A registry of before OCI says one of these of a manifest whose kind it does not know. */
function isUnknownKind(error: unknown): boolean {
  if (!(error instanceof RefusedError)) return false;
  return error.status === 415 || ['MANIFEST_INVALID', 'UNSUPPORTED', 'TAG_INVALID'].includes(error.code);
}

/** A next push of the name sends the same; a name that led to an index while one image of it was sent still does. */
async function remember(
  { catalog, store }: ImageContext,
  image: Image,
  name: Reference,
  { digest, mediaType, content }: ManifestOut,
  index: ImageIndex | undefined,
  lease: Lease,
): Promise<void> {
  const origin: Origin = index ? { index: index.digest } : { manifest: { digest, mediaType } };
  if (!index) {
    lease.blobs.add(digest);
    await store.blobs.put(content);
    if (catalog.resolve(name)?.id === image.id && !catalog.indexOf(name)) catalog.setOrigin(name, origin);
  }
  // it may have been removed meanwhile
  if (catalog.get(image.id)) catalog.tag(withDigest(name, digest), image.id, origin);
}

/** Whether the repository has a manifest already. */
async function isThere(
  context: ImageContext,
  remote: Remote,
  { digest }: ManifestRef,
  signal: AbortSignal,
): Promise<boolean> {
  try {
    await retrying(() => remote.manifest(digest, signal), context.registries.settings, signal);
    return true;
  } catch (error) {
    if (signal.aborted) throw error;
    return false;
  }
}

/** In the shape that the docker CLI makes its note of. */
async function sayInstead(
  context: ImageContext,
  index: ImageIndex,
  image: Image,
  { digest, mediaType, content }: ManifestOut,
  say: Say,
): Promise<void> {
  await say({
    progressDetail: {},
    aux: {
      manifestPushedInsteadOfIndex: true,
      originalIndex: { mediaType: index.mediaType, digest: index.digest, size: index.size },
      selectedManifest: { mediaType, digest, size: content.length, platform: platformOf(image) },
    },
  });
}

async function sendLayers(
  context: ImageContext,
  remote: Remote,
  name: Reference,
  layers: readonly BlobOut[],
  { say, signal }: PushOptions,
): Promise<void> {
  // layers that are the same are sent once
  const queue = [...new Map(layers.map((blob) => [blob.digest, blob])).values()].toReversed();
  for (const { id } of queue) await say({ status: 'Preparing', progressDetail: {}, id });
  const slots = new Slots(context.registries.settings.maxUploads);
  const stop = new AbortController();
  const both = AbortSignal.any([signal, stop.signal]);
  const work = queue.map(async (blob) => {
    if (slots.full) await say({ status: 'Waiting', progressDetail: {}, id: blob.id });
    const free = await slots.take(both);
    try {
      await say({
        status: endWords(await send(context, remote, name, blob, say, both)),
        progressDetail: {},
        id: blob.id,
      });
    } finally {
      free();
    }
  });
  for (const one of work) one.catch((error: unknown) => stop.abort(error));
  await Promise.allSettled(work);
  if (stop.signal.aborted) throw stop.signal.reason;
}

async function send(
  context: ImageContext,
  remote: Remote,
  name: Reference,
  blob: BlobOut,
  say: Say,
  signal: AbortSignal,
): Promise<UploadEnd> {
  let last = 0;
  const end = await uploadBlob({
    digest: blob.digest,
    size: blob.size,
    path: context.store.blobs.path(blob.digest),
    remote,
    sources: context.sources.of(blob.digest, name.domain),
    settings: context.registries.settings,
    onProgress: (current) => {
      const now = Date.now();
      if (now - last < EVERY_MS && current < blob.size) return;
      last = now;
      void Promise.resolve(
        say({ status: 'Pushing', progressDetail: { current, total: blob.size }, id: blob.id }),
      ).catch(() => undefined);
    },
    signal,
  });
  context.sources.add(blob.digest, fullName(name));
  return end;
}

function endWords(end: UploadEnd): string {
  if (end.kind === 'exists') return 'Layer already exists';
  return end.kind === 'mounted' ? `Mounted from ${end.from}` : 'Pushed';
}
