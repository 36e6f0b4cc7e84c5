// What may go from the store: pure reachability, with a reason for whatever is kept or goes.
import type { Digest } from '../base/ids.ts';

export interface Reachability {
  /** Top layers that are needed: of images, of containers, of work in progress. */
  readonly roots: Iterable<Digest>;
  /** Blobs that are needed for themselves: image configurations, and what is being written. */
  readonly blobRoots: Iterable<Digest>;
  readonly layers: ReadonlyMap<Digest, { readonly parent?: Digest; readonly blob: { readonly digest: Digest } }>;
  readonly blobs: Iterable<Digest>;
}

export interface Garbage {
  /** Chain IDs, upper layers before those they lie on. */
  readonly layers: readonly Digest[];
  readonly blobs: readonly Digest[];
}

export function findGarbage({ roots, blobRoots, layers, blobs }: Reachability): Garbage {
  const kept = new Set<Digest>();
  for (const root of roots) {
    for (
      let chain: Digest | undefined = root;
      chain !== undefined && !kept.has(chain);
      chain = layers.get(chain)?.parent
    ) {
      kept.add(chain);
    }
  }
  const depth = (chain: Digest): number => {
    let count = 0;
    for (let at: Digest | undefined = chain; at !== undefined; at = layers.get(at)?.parent) count += 1;
    return count;
  };
  const gone = [...layers.keys()]
    .filter((chain) => !kept.has(chain))
    .map((chain) => ({ chain, depth: depth(chain) }))
    .sort((a, b) => b.depth - a.depth || (a.chain < b.chain ? -1 : 1))
    .map(({ chain }) => chain);
  const keptBlobs = new Set<Digest>(blobRoots);
  for (const chain of kept) {
    const blob = layers.get(chain)?.blob.digest;
    if (blob !== undefined) keptBlobs.add(blob);
  }
  return { layers: gone, blobs: [...blobs].filter((digest) => !keptBlobs.has(digest)) };
}
