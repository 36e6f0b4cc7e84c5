// The cache of a build for others: records of its steps and the layers of their results, as a manifest in BuildKit's format.
import { sha256, type Digest } from '../../../base/ids.ts';
import { type Descriptor, MEDIA } from '../../../spec/oci/index.ts';
import type { Layer, Lease } from '../../../store/index.ts';
import type { BuilderContext } from '../../services/context.ts';
import type { CacheRemote } from '../../model/ports.ts';
import { Limit } from '../../model/limit.ts';
import { type CacheEntry, type CacheLayer, CONFIG_TYPE, DIFF_ID, encodeConfig, encodeInline } from './config.ts';

/** A step of a build as a cache tells of it. */
export interface Known {
  readonly id: string;
  readonly keys: readonly string[];
  readonly chain: Digest | undefined;
  readonly created: string | undefined;
}

export interface WriteRequest {
  readonly steps: readonly Known[];
  /** Results that are kept: all of them, or those that lie in these chains. */
  readonly results: 'all' | ReadonlySet<Digest>;
  /** Layers and configuration as members of an index, as older BuildKit took it. */
  readonly asIndex: boolean;
}

/** Layers that are written at a time. */
const UPLOADS = 4;

export interface Told {
  (name: string, current: number, total: number): void;
}

/** Gives the descriptor of the manifest. */
export async function writeCache(
  context: BuilderContext,
  remote: CacheRemote,
  request: WriteRequest,
  notified: Told,
  signal: AbortSignal,
): Promise<Descriptor> {
  using lease = context.store.leases.take();
  const archived = new Map<Digest, Promise<Layer>>();
  const layerOf = async (layer: Layer): Promise<CacheLayer> => {
    const work = archived.get(layer.chain) ?? withArchive(context, layer, lease);
    archived.set(layer.chain, work);
    const { blob, diffId } = await work;
    return { digest: blob.digest, size: blob.size, mediaType: blob.mediaType, diffId };
  };
  const entries = await entriesOf(context, request, layerOf);
  const { text, layers } = encodeConfig(entries);
  const config = { mediaType: CONFIG_TYPE, digest: sha256(text), size: text.length };
  const described = layers.map(
    ({ mediaType, digest, size, diffId }): Descriptor => ({
      mediaType,
      digest,
      size,
      annotations: { [DIFF_ID]: diffId },
    }),
  );
  const lanes = new Limit(UPLOADS);
  await Promise.all(
    layers.map((layer) =>
      lanes.run(async () => {
        notified(`writing layer ${layer.digest}`, 0, layer.size);
        if (!(await remote.has(layer.digest, signal)))
          await remote.put({ ...layer, from: { path: context.store.blobs.path(layer.digest) } }, signal);
        notified(`writing layer ${layer.digest}`, layer.size, layer.size);
      }, signal),
    ),
  );
  notified(`writing config ${config.digest}`, 0, config.size);
  if (!(await remote.has(config.digest, signal))) await remote.put({ ...config, from: { bytes: text } }, signal);
  const mediaType = request.asIndex ? MEDIA.index : MEDIA.manifest;
  const manifest = Buffer.from(
    JSON.stringify({
      schemaVersion: 2,
      mediaType,
      ...(request.asIndex ? { manifests: [...described, config] } : { config, layers: described }),
    }),
  );
  const digest = sha256(manifest);
  notified(`writing cache manifest ${digest}`, 0, manifest.length);
  await remote.publish(manifest, mediaType, signal);
  return { mediaType, digest, size: manifest.length };
}

async function withArchive({ store }: BuilderContext, layer: Layer, lease: Lease): Promise<Layer> {
  lease.layers.add(layer.chain);
  lease.blobs.add(layer.blob.digest);
  return store.layers.withArchive(layer, lease);
}

async function entriesOf(
  { store }: BuilderContext,
  { steps, results }: Pick<WriteRequest, 'steps' | 'results'>,
  layerOf: (layer: Layer) => Promise<CacheLayer>,
): Promise<CacheEntry[]> {
  const entries: CacheEntry[] = [];
  const notified = new Set<string>();
  for (const { id, keys, chain, created } of steps) {
    const kept = chain !== undefined && store.layers.get(chain) && (results === 'all' || results.has(chain));
    const stack = kept ? store.layers.stack(chain).toReversed() : undefined;
    const layers = stack && (await Promise.all(stack.map(layerOf)));
    for (const key of keys) {
      if (notified.has(key)) continue;
      notified.add(key);
      entries.push({
        key,
        id,
        ...(layers ? { layers } : {}),
        ...(created === undefined ? {} : { created }),
      });
    }
  }
  // what was done first does not show
  return entries.sort((a, b) => (a.key < b.key ? -1 : 1));
}

/** For the configuration of an image that stands on these chains. */
export async function inlineCache(
  context: BuilderContext,
  steps: readonly Known[],
  chain: Digest | undefined,
): Promise<string> {
  const results = chainsBelow(context, chain);
  const plain = async ({ diffId, size }: Layer): Promise<CacheLayer> => ({
    digest: diffId,
    size,
    mediaType: MEDIA.layer,
    diffId,
  });
  return encodeInline(await entriesOf(context, { steps, results }, plain));
}

/** A chain and those that it stands on. */
export function chainsBelow({ store }: BuilderContext, chain: Digest | undefined): ReadonlySet<Digest> {
  return new Set(chain === undefined ? [] : store.layers.stack(chain).map((layer) => layer.chain));
}
