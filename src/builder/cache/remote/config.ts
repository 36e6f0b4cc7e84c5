// A build cache as text, in BuildKit's format `application/vnd.buildkit.cacheconfig.v0`: layers, and which step each is the result of. Pure.
import { invalid } from '../../../base/errors.ts';
import { type Digest, isDigest } from '../../../base/digest.ts';

export const CONFIG_TYPE = 'application/vnd.buildkit.cacheconfig.v0';
/** The key in an image's configuration under which the cache of its own layers is. */
export const INLINE_KEY = 'moby.buildkit.cache.v0';
/** On the descriptor of a layer: the digest of its archive before compression. */
export const DIFF_ID = 'containerd.io/uncompressed';

const MAX_RECORDS = 20_000;
/** Overlayfs stacks no more. */
const MAX_DEPTH = 125;

/** A layer as it lies in a registry or directory. */
export interface CacheLayer {
  readonly digest: Digest;
  readonly size: number;
  readonly mediaType: string;
  readonly diffId: Digest;
}

/** What a step came to: one record a key. */
export interface CacheEntry {
  readonly key: string;
  /** What steps above know its result by; the key unless the step was done again without cache. */
  readonly id: string;
  /** Lowest first; undefined when only the step is told and its result is not kept. */
  readonly layers?: readonly CacheLayer[];
  readonly created?: string;
}

interface LayerText {
  readonly blob?: unknown;
  readonly parent?: unknown;
  readonly annotations?: { readonly diffID?: unknown; readonly size?: unknown; readonly mediaType?: unknown };
}

interface RecordText {
  readonly digest?: unknown;
  /** Ours: BuildKit leaves it out. */
  readonly id?: unknown;
  readonly layers?: unknown;
}

/** The layers once, parents before what stands on them. */
export function encodeConfig(entries: readonly CacheEntry[]): { text: Buffer; layers: CacheLayer[] } {
  const layers: { layer: CacheLayer; parent: number }[] = [];
  const places = new Map<string, number>();
  const placeOf = (stack: readonly CacheLayer[]): number => {
    let at = -1;
    for (const layer of stack) {
      const key = `${at} ${layer.digest}`;
      let place = places.get(key);
      if (place === undefined) {
        place = layers.length;
        places.set(key, place);
        layers.push({ layer, parent: at });
      }
      at = place;
    }
    return at;
  };
  const records = entries.map((entry) =>
    recordText(entry, entry.layers?.length ? placeOf(entry.layers) : undefined, true),
  );
  const text = JSON.stringify({
    layers: layers.map(({ layer, parent }) => ({
      blob: layer.digest,
      parent,
      annotations: { mediaType: layer.mediaType, diffID: layer.diffId, size: layer.size },
    })),
    records,
  });
  const once = new Map(layers.map(({ layer }) => [layer.digest, layer]));
  return { text: Buffer.from(text), layers: [...once.values()] };
}

/** For the configuration of an image: a result is as many of the image's own layers. Times are left out, so that the same build gives the same image. */
export function encodeInline(entries: readonly CacheEntry[]): string {
  const records = entries.map((entry) =>
    recordText(entry, entry.layers?.length ? entry.layers.length - 1 : undefined, false),
  );
  return Buffer.from(JSON.stringify(records)).toString('base64');
}

function recordText({ key, id, created }: CacheEntry, layer: number | undefined, timed: boolean): object {
  return {
    digest: `sha256:${key}`,
    ...(id === key ? {} : { id }),
    ...(layer === undefined
      ? {}
      : { layers: [{ layer, ...(timed && created !== undefined ? { createdAt: created } : {}) }] }),
  };
}

/** `known` are the layers that the manifest names, by digest: what it does not name is no result. Throws invalid. */
export function decodeConfig(text: Buffer, known: ReadonlyMap<string, CacheLayer>): CacheEntry[] {
  const value = parsed(text) as { layers?: unknown; records?: unknown } | null;
  const layers = (Array.isArray(value?.layers) ? value.layers : []) as LayerText[];
  const stackOf = (at: number): CacheLayer[] | undefined => {
    const stack: CacheLayer[] = [];
    for (let index = at; index >= 0; ) {
      const { blob, parent } = layers[index] ?? {};
      const layer = typeof blob === 'string' ? known.get(blob) : undefined;
      if (!layer || stack.length >= MAX_DEPTH) return undefined;
      stack.unshift(layer);
      // Go leaves out what is zero
      index = typeof parent === 'number' ? parent : 0;
    }
    return stack;
  };
  return recordsOf(value?.records, stackOf);
}

/** `layers` are the image's own, lowest first, and `times` when each was made. Throws invalid. */
export function decodeInline(
  encoded: unknown,
  layers: readonly CacheLayer[],
  times: readonly (string | undefined)[],
): CacheEntry[] {
  if (typeof encoded !== 'string') throw invalid('the inline cache is no text');
  const stackOf = (at: number): CacheLayer[] | undefined => (at < layers.length ? layers.slice(0, at + 1) : undefined);
  return recordsOf(parsed(Buffer.from(encoded, 'base64')), stackOf).map((entry) => {
    const created = entry.layers && times[entry.layers.length - 1];
    return created === undefined ? entry : { ...entry, created };
  });
}

function recordsOf(records: unknown, stackOf: (at: number) => readonly CacheLayer[] | undefined): CacheEntry[] {
  if (!Array.isArray(records)) return [];
  if (records.length > MAX_RECORDS) throw invalid(`a cache of more than ${MAX_RECORDS} records is not taken`);
  return (records as (RecordText | null)[]).flatMap((record): CacheEntry[] => {
    const { digest, id, layers } = record ?? {};
    if (typeof digest !== 'string' || !isDigest(digest)) return [];
    const key = digest.slice('sha256:'.length);
    const [first] = (Array.isArray(layers) ? layers : []) as ({ layer?: unknown; createdAt?: unknown } | null)[];
    const at = first ? (first.layer ?? 0) : undefined;
    const stack = typeof at === 'number' && Number.isInteger(at) && at >= 0 ? stackOf(at) : undefined;
    const created = first?.createdAt;
    return [
      {
        key,
        id: typeof id === 'string' && /^[0-9a-f]{64}$/.test(id) ? id : key,
        ...(stack ? { layers: stack } : {}),
        ...(typeof created === 'string' && /^\d{4}-\d\d-\d\dT[\d:.]+Z$/.test(created) ? { created } : {}),
      },
    ];
  });
}

function parsed(text: Buffer): unknown {
  try {
    return JSON.parse(text.toString());
  } catch (error) {
    throw invalid('the cache is no JSON', { cause: error });
  }
}
