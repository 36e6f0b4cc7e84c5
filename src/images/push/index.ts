// An image to a registry: `docker push`. What the registry has is not sent.
import { internal, invalid, notFound } from '../../base/errors.ts';
import { type Digest, shortId } from '../../base/ids.ts';
import { type Credentials, parseDocument, type Remote, retrying } from '../../registry/client/index.ts';
import { formatPlatform, type Platform, platformMatches } from '../../spec/oci/index.ts';
import type { Image } from '../catalog.ts';
import { emitNamed, type ImageContext } from '../context.ts';
import { platformOf } from '../find.ts';
import type { Say } from '../progress.ts';
import { Slots } from '../pull/slots.ts';
import { familiarName, familiarString, fullName, type Reference, withDigest } from '../reference/index.ts';
import { buildManifest, type ManifestOut } from './manifest.ts';
import { uploadBlob, type UploadEnd } from './upload.ts';

export interface PushOptions {
  readonly platform?: Platform;
  readonly credentials: Credentials;
  readonly say: Say;
  readonly signal: AbortSignal;
}

interface Blob {
  readonly digest: Digest;
  readonly size: number;
  /** As it is shown. */
  readonly id: string;
}

const EVERY_MS = 100;

/** Without a tag every tag of the repository is pushed. */
export async function pushImages(context: ImageContext, reference: Reference, options: PushOptions): Promise<void> {
  if (reference.digest !== undefined) throw invalid('cannot push a digest reference');
  const { say } = options;
  const chosen = choose(context, reference);
  await say({ status: `The push refers to repository [${fullName(reference)}]` });
  const { image: first } = chosen[0] ?? {};
  for (const { image } of chosen) {
    if (options.platform && !platformMatches(options.platform, platformOf(image)))
      throw notFound(
        `image with reference ${familiarString(reference)} was found but does not provide the specified platform (${formatPlatform(options.platform)})`,
      );
  }
  if (!first) return;
  const remote = await context.registries.writer(reference.domain, reference.path, options.credentials, options.signal);
  for (const { image, name } of chosen) await pushOne(context, remote, image, name, options);
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

async function pushOne(
  context: ImageContext,
  remote: Remote,
  image: Image,
  name: Reference,
  options: PushOptions,
): Promise<void> {
  const { store } = context;
  const { say, signal } = options;
  using lease = store.leases.take();
  lease.blobs.add(image.id);
  const layers = image.chains.map((chain) => {
    lease.layers.add(chain);
    const layer = store.layers.get(chain);
    if (!layer) throw internal(`layer ${chain} of ${image.id} is missing`);
    return layer;
  });
  for (const [at, layer] of layers.entries()) layers[at] = await store.layers.withArchive(layer, lease);
  const config = store.blobs.readWhole(image.id);
  const manifest =
    keptManifest(context, image) ??
    buildManifest(
      { digest: image.id, size: config.length },
      layers.map(({ blob }) => blob),
    );
  // layers that are the same are sent once
  const blobs = new Map<Digest, Blob>();
  for (const { blob, diffId } of layers)
    blobs.set(blob.digest, { digest: blob.digest, size: blob.size, id: shortId(diffId) });
  const queue = [...blobs.values()].toReversed();
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
  await send(context, remote, name, { digest: image.id, size: config.length, id: '' }, () => undefined, signal);
  const tag = name.tag ?? 'latest';
  await retrying(
    () => remote.putManifest(tag, manifest.mediaType, manifest.content, signal),
    context.registries.settings,
    signal,
  );
  context.catalog.tag(withDigest(name, manifest.digest), image.id);
  await say({ status: `${tag}: digest: ${manifest.digest} size: ${manifest.content.length}` });
  await say({ progressDetail: {}, aux: { Tag: tag, Digest: manifest.digest, Size: manifest.content.length } });
  emitNamed(context, 'push', image, familiarString(name), familiarName(name));
}

/** The manifest that the image was pulled with, when all it names is here as it was. */
function keptManifest(context: ImageContext, image: Image): ManifestOut | undefined {
  const { store } = context;
  if (!image.manifest || !store.blobs.has(image.manifest.digest)) return undefined;
  const { digest, mediaType } = image.manifest;
  const content = store.blobs.readWhole(digest);
  const document = parseDocument(content, mediaType);
  if (document.kind !== 'manifest' || document.config.digest !== image.id) return undefined;
  const same = image.chains.every((chain, at) => store.layers.get(chain)?.blob.digest === document.layers[at]?.digest);
  return same && document.layers.length === image.chains.length ? { content, mediaType, digest } : undefined;
}

async function send(
  context: ImageContext,
  remote: Remote,
  name: Reference,
  blob: Blob,
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
