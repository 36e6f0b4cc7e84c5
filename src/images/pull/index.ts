// An image from a registry: `docker pull`. Layers come side by side and are unpacked while they come.
import { invalid, messageOf } from '../../base/errors.ts';
import { type Digest, shortId } from '../../base/ids.ts';
import type { Credentials } from '../../registry/client/index.ts';
import { type Platform, platformMatches } from '../../spec/oci/index.ts';
import { chainsOf, type Lease } from '../../store/index.ts';
import type { Image } from '../catalog/catalog.ts';
import { emitNamed, type ImageContext } from '../catalog/context.ts';
import { parseImageFile } from '../catalog/file.ts';
import { otherPlatform, platformOf } from '../catalog/find.ts';
import type { Member } from '../catalog/indexes.ts';
import type { Say } from '../catalog/progress.ts';
import {
  familiarName,
  familiarString,
  fullName,
  fullString,
  type Reference,
  withDigest,
  withTag,
} from '../reference/index.ts';
import { remoteTags } from './describe.ts';
import { checkDigest, type Resolved, resolveImage } from './resolve.ts';
import { bringIndex } from './beside.ts';
import { pullError } from './refusal.ts';

export interface PullOptions {
  readonly platform?: Platform;
  readonly credentials: Credentials;
  readonly say: Say;
  readonly signal: AbortSignal;
}

/** Without tag and digest every tag of the repository is pulled. Failures before the first line have their own status. */
export async function pullImages(context: ImageContext, reference: Reference, options: PullOptions): Promise<void> {
  if (reference.digest !== undefined) checkDigest(reference.digest);
  const named = reference.tag !== undefined || reference.digest !== undefined;
  const wanted = named
    ? [reference]
    : (await remoteTags(context.registries, reference, options.credentials, options.signal)).map((tag) =>
        withTag(reference, tag),
      );
  const pulled: Pulled[] = [];
  for (const one of wanted) pulled.push(await pullOne(context, one, options));
  const newer = pulled.some(({ isNew }) => isNew);
  const shown = named ? familiarString(reference) : familiarName(reference);
  await options.say({
    status: newer ? `Status: Downloaded newer image for ${shown}` : `Status: Image is up to date for ${shown}`,
  });
  const [one] = pulled;
  if (named && one) await warnOfPlatform(one.image, reference, options);
}

interface Pulled {
  readonly image: Image;
  readonly isNew: boolean;
}

async function pullOne(context: ImageContext, reference: Reference, options: PullOptions): Promise<Pulled> {
  const { say, signal } = options;
  let resolved: Resolved;
  try {
    const id = reference.digest === undefined ? (reference.tag ?? 'latest') : fullString(reference);
    const onFound = (): Promise<void> | void => say({ status: `Pulling from ${reference.path}`, id });
    resolved = await resolveImage(context.registries, reference, { ...options, onFound });
  } catch (error) {
    throw signal.aborted ? error : pullError(error, reference);
  }
  const lease = context.store.leases.take();
  const stop = new AbortController();
  const beside = bringIndex(context, resolved, lease, AbortSignal.any([signal, stop.signal]));
  // it is waited for below
  beside.catch(() => undefined);
  let image: Image | undefined;
  try {
    image = (await present(context, resolved, lease)) ?? (await bring(context, reference, resolved, options, lease));
    const members = await beside;
    // it may have been removed while its manifest was written; from here on its name holds it
    if (!context.catalog.get(image.id)) image = await bring(context, reference, resolved, options, lease);
    // also what an earlier pull had left of it, when other ways brought the image
    for (const { digest } of resolved.manifest.document.layers) context.store.blobs.settle(digest as Digest);
    const isNew = await nameIt(context, reference, resolved, image, members, lease);
    emitNamed(context, 'pull', image, familiarString(reference), familiarName(reference));
    await say({ status: `Digest: ${resolved.top.digest}` });
    return { image, isNew };
  } catch (error) {
    throw signal.aborted ? error : pullError(error, reference);
  } finally {
    stop.abort();
    await Promise.allSettled([beside]);
    lease[Symbol.dispose]();
    if (!image) context.catalog.collect(false);
  }
}

/** Gives the image its names, as a part of its index where it has one. Whether there is something new. */
async function nameIt(
  context: ImageContext,
  reference: Reference,
  { top, indexes, manifest }: Resolved,
  image: Image,
  members: Map<Digest, Member>,
  lease: Lease,
): Promise<boolean> {
  const { catalog } = context;
  const byDigest = withDigest(reference, top.digest);
  const names = reference.tag !== undefined && reference.digest === undefined ? [reference, byDigest] : [byDigest];
  const before = catalog.indexOf(reference);
  const [index] = indexes;
  if (index) {
    const had = before?.digest === index.digest && before.members.has(manifest.digest);
    members.set(manifest.digest, { kind: 'image', image: image.id });
    await catalog.createIndex(index.content, index.document.mediaType, members, names, lease);
    return !had;
  }
  const isNew = before !== undefined || catalog.resolve(reference)?.id !== image.id;
  const own = { digest: manifest.digest, mediaType: manifest.document.mediaType };
  for (const name of names)
    if (catalog.resolve(name)?.id !== image.id || catalog.manifestOf(name)?.digest !== own.digest)
      catalog.tag(name, image.id, { manifest: own });
  return isNew;
}

/** The image, when it is here: its configuration names all the rest. */
async function present(context: ImageContext, { manifest }: Resolved, lease: Lease): Promise<Image | undefined> {
  const image = context.catalog.get(manifest.document.config.digest as Digest);
  if (image) lease.blobs.add(image.id);
  if (image) await keepManifest(context, image, manifest, lease);
  return image;
}

/** For the next push; whether the layers here are still those that it names is seen then. */
async function keepManifest(
  context: ImageContext,
  image: Image,
  { content, digest, document }: Resolved['manifest'],
  lease: Lease,
): Promise<void> {
  lease.blobs.add(digest);
  await context.store.blobs.put(content);
  context.catalog.setManifest(image.id, { digest, mediaType: document.mediaType });
}

async function bring(
  context: ImageContext,
  reference: Reference,
  resolved: Resolved,
  options: PullOptions,
  lease: Lease,
): Promise<Image> {
  const { say, signal } = options;
  const { manifest, config, remotes } = resolved;
  const file = parseImageFile(config);
  if (file.os !== 'linux')
    throw invalid(
      `image operating system "${file.os}" cannot be used on this platform: operating system is not supported`,
    );
  const diffIds = file.rootfs.diff_ids as Digest[];
  const { layers } = manifest.document;
  if (layers.length !== diffIds.length) throw invalid("layers from manifest don't match image configuration");
  const chains = chainsOf(diffIds);
  for (const chain of chains) lease.layers.add(chain);
  // a mistake in one layer ends the others
  const stop = new AbortController();
  const both = AbortSignal.any([signal, stop.signal]);
  const notified = new Notifier(say);
  const ready: Promise<unknown>[] = [];
  for (const [at, descriptor] of layers.entries()) {
    const [chain, diffId] = [chains[at], diffIds[at]] as [Digest, Digest];
    const id = shortId(descriptor.digest);
    if (context.store.layers.get(chain)) {
      notified.say({ status: 'Already exists', progressDetail: {}, id });
      ready.push(Promise.resolve());
      continue;
    }
    notified.say({ status: 'Pulling fs layer', progressDetail: {}, id });
    const parentReady = ready[at - 1] ?? Promise.resolve();
    const layer = context.transfers
      .get(
        { descriptor, diffId, chain, parent: chains[at - 1], parentReady: () => parentReady, remotes },
        ({ status, current, total }) =>
          notified.say({ status, progressDetail: current === undefined ? {} : { current, total: total ?? 0 }, id }),
        both,
      )
      .then(() => notified.say({ status: 'Pull complete', progressDetail: {}, id }));
    layer.catch((error: unknown) => stop.abort(error));
    ready.push(layer);
  }
  const ends = await Promise.allSettled(ready);
  await notified.flush();
  if (ends.some((end) => end.status === 'rejected'))
    throw stop.signal.reason ?? (ends.find((end) => end.status === 'rejected') as PromiseRejectedResult).reason;
  for (const { digest } of layers) context.sources.add(digest, fullName(reference));
  lease.blobs.add(manifest.digest);
  await context.store.blobs.put(manifest.content);
  const image = await context.catalog.create(config, undefined, lease);
  context.catalog.setManifest(image.id, { digest: manifest.digest, mediaType: manifest.document.mediaType });
  return image;
}

async function warnOfPlatform(image: Image, reference: Reference, { platform, say }: PullOptions): Promise<void> {
  if (!platform || platformMatches(platform, platformOf(image))) return;
  await say({ status: `WARNING: ${otherPlatform(familiarString(reference), image, platform)}` });
}

/** Messages of several layers in their order; a client that is gone ends nothing here, its signal does. */
class Notifier {
  readonly #say: Say;
  #tail: Promise<unknown> = Promise.resolve();

  constructor(say: Say) {
    this.#say = say;
  }

  say(message: Parameters<Say>[0]): void {
    this.#tail = this.#tail.then(() => this.#say(message)).catch((error: unknown) => messageOf(error));
  }

  async flush(): Promise<void> {
    await this.#tail;
  }
}
