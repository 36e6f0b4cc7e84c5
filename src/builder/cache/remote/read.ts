// A cache that others have made, from its manifest: BuildKit's own kind, or the one that stands in an image's configuration.
import { invalid } from '../../../base/errors.ts';
import { type Digest, isDigest, sha256 } from '../../../base/ids.ts';
import { type Descriptor, type ImageFile, MEDIA } from '../../../spec/oci/index.ts';
import type { CacheRemote } from '../../model/ports.ts';
import {
  type CacheEntry,
  type CacheLayer,
  CONFIG_TYPE,
  decodeConfig,
  decodeInline,
  DIFF_ID,
  INLINE_KEY,
} from './config.ts';
import { checked } from './imports.ts';

export const NO_CACHE = 'the image holds no cache: build it with --cache-to type=inline';
const MAX_MANIFEST = 8 * 1024 * 1024;
const MAX_CONFIG = 32 * 1024 * 1024;
/** Images of an index that are looked into. */
const MAX_IMAGES = 50;

/** Throws what is wrong with it; nothing of it was trusted then. */
export async function readCache(
  remote: CacheRemote,
  digest: Digest | undefined,
  signal: AbortSignal,
): Promise<CacheEntry[]> {
  const top = await manifestOf(remote, digest, signal);
  if (!top.manifests) return readManifest(remote, top, signal);
  const config = top.manifests.find(({ mediaType }) => mediaType === CONFIG_TYPE);
  // the older way: layers and configuration are the members of an index
  if (config)
    return readConfig(
      remote,
      config,
      top.manifests.filter((one) => one !== config),
      signal,
    );
  const images = top.manifests.filter(
    ({ annotations }) => annotations?.['vnd.docker.reference.type'] !== 'attestation-manifest',
  );
  const entries: CacheEntry[] = [];
  for (const image of images.slice(0, MAX_IMAGES))
    entries.push(
      ...(await readManifest(remote, await manifestOf(remote, digestOf(image), signal), signal, images.length > 1)),
    );
  return entries;
}

interface Fields {
  readonly config?: Descriptor;
  readonly layers?: readonly Descriptor[];
  readonly manifests?: readonly Descriptor[];
}

async function manifestOf(remote: CacheRemote, digest: Digest | undefined, signal: AbortSignal): Promise<Fields> {
  const content = await remote.manifest(digest, signal);
  if (content.length > MAX_MANIFEST) throw invalid('the manifest of the cache is too large');
  if (digest !== undefined && sha256(content) !== digest) throw invalid(`manifest ${digest} is damaged`);
  const value = json(content, 'manifest') as Fields | null;
  if (typeof value !== 'object' || value === null) throw invalid('the manifest of the cache is no object');
  const list = (name: 'layers' | 'manifests'): { [P in typeof name]?: readonly Descriptor[] } =>
    Array.isArray(value[name]) ? { [name]: value[name].filter(isDescriptor) } : {};
  return { ...(isDescriptor(value.config) ? { config: value.config } : {}), ...list('layers'), ...list('manifests') };
}

function isDescriptor(value: unknown): value is Descriptor {
  const { digest, size, mediaType } = (value ?? {}) as Partial<Descriptor>;
  return (
    typeof digest === 'string' && isDigest(digest) && typeof mediaType === 'string' && Number.isSafeInteger(size ?? -1)
  );
}

async function readManifest(
  remote: CacheRemote,
  { config, layers = [] }: Fields,
  signal: AbortSignal,
  mayLack = false,
): Promise<CacheEntry[]> {
  if (!config) throw invalid('the manifest names no configuration');
  if (config.mediaType === CONFIG_TYPE) return readConfig(remote, config, layers, signal);
  const text = await small(remote, config, signal);
  const file = json(text, 'configuration') as InlineFile | null;
  const inline = file?.[INLINE_KEY];
  if (inline === undefined && mayLack) return [];
  if (inline === undefined) throw invalid(NO_CACHE);
  const diffIds = file?.rootfs?.diff_ids ?? [];
  return decodeInline(
    inline,
    layers.flatMap((layer, at) => layerOf(layer, diffIds[at])),
    timesOf(file ?? {}),
  );
}

type InlineFile = Partial<ImageFile> & { readonly [INLINE_KEY]?: unknown };

/** When each layer was made, as the image's history says. */
function timesOf({ history }: InlineFile): (string | undefined)[] {
  const lines = Array.isArray(history) ? history : [];
  return lines.filter((line) => line?.empty_layer !== true).map((line) => line?.created);
}

async function readConfig(
  remote: CacheRemote,
  config: Descriptor,
  layers: readonly Descriptor[],
  signal: AbortSignal,
): Promise<CacheEntry[]> {
  const known = layers.flatMap((layer) => layerOf(layer, layer.annotations?.[DIFF_ID]));
  return decodeConfig(await small(remote, config, signal), new Map(known.map((layer) => [layer.digest, layer])));
}

/** None without a diff ID: what it holds could not be told before it is here. */
function layerOf({ digest, size, mediaType }: Descriptor, diffId: string | undefined): CacheLayer[] {
  return diffId !== undefined && isDigest(diffId) ? [{ digest: digest as Digest, size, mediaType, diffId }] : [];
}

async function small(remote: CacheRemote, config: Descriptor, signal: AbortSignal): Promise<Buffer> {
  if (config.size > MAX_CONFIG) throw invalid(`a cache configuration of ${config.size} bytes is not taken`);
  const digest = digestOf(config);
  const chunks = await Array.fromAsync(checked(remote.blob(digest, signal), { digest, size: config.size }));
  return Buffer.concat(chunks);
}

function digestOf({ digest }: Descriptor): Digest {
  return digest as Digest;
}

function json(content: Buffer, what: string): unknown {
  try {
    return JSON.parse(content.toString());
  } catch (error) {
    throw invalid(`the ${what} of the cache is no JSON`, { cause: error });
  }
}

/** The cache in the configuration of an image that is here. */
export function readLocalImage(file: ImageFile): CacheEntry[] | undefined {
  const inline = (file as InlineFile)[INLINE_KEY];
  if (inline === undefined) return undefined;
  const layers = file.rootfs.diff_ids.map((diffId) => ({
    digest: diffId as Digest,
    size: 0,
    mediaType: MEDIA.layer,
    diffId: diffId as Digest,
  }));
  return decodeInline(inline, layers, timesOf(file));
}
