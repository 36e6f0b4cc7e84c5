// What may go from the store: pure reachability, with a reason for whatever is kept or goes.
import type { Digest } from '../base/ids.ts';

/** Something that is needed for itself, and by whom: `image debian:bookworm`, `work in progress`. */
export interface Root {
  readonly digest: Digest;
  readonly by: string;
}

export interface Reachability {
  /** Top layers that are needed: of images, of containers, of work in progress. */
  readonly roots: Iterable<Root>;
  /** Blobs that are needed for themselves: image configurations, and what is being written. */
  readonly blobRoots: Iterable<Root>;
  readonly layers: ReadonlyMap<Digest, { readonly parent?: Digest; readonly blob: { readonly digest: Digest } }>;
  readonly blobs: Iterable<Digest>;
}

export interface Decision {
  readonly kind: 'layer' | 'blob';
  /** A layer's chain ID, a blob's digest. */
  readonly digest: Digest;
  readonly keep: boolean;
  readonly why: string;
}

const UNUSED = 'nothing needs it';

/** Layers first, upper ones before those they lie on; then blobs, in the order given. */
export function planCollection({ roots, blobRoots, layers, blobs }: Reachability): Decision[] {
  const kept = new Map<Digest, string>();
  for (const { digest, by } of roots) {
    let why = by;
    for (let chain: Digest | undefined = digest; chain !== undefined && !kept.has(chain); ) {
      kept.set(chain, why);
      why = `below ${chain}`;
      chain = layers.get(chain)?.parent;
    }
  }
  const depth = (chain: Digest): number => {
    let count = 0;
    for (let at: Digest | undefined = chain; at !== undefined; at = layers.get(at)?.parent) count += 1;
    return count;
  };
  const layerDecisions = [...layers.keys()]
    .map((chain) => ({ chain, depth: depth(chain) }))
    .sort((a, b) => b.depth - a.depth || (a.chain < b.chain ? -1 : 1))
    .map(({ chain }) => decision('layer', chain, kept.get(chain)));
  const keptBlobs = new Map<Digest, string>();
  for (const { digest, by } of blobRoots) keptBlobs.set(digest, by);
  for (const chain of kept.keys()) {
    const blob = layers.get(chain)?.blob.digest;
    if (blob !== undefined && !keptBlobs.has(blob)) keptBlobs.set(blob, `archive of layer ${chain}`);
  }
  return [...layerDecisions, ...[...blobs].map((digest) => decision('blob', digest, keptBlobs.get(digest)))];
}

function decision(kind: Decision['kind'], digest: Digest, why: string | undefined): Decision {
  return { kind, digest, keep: why !== undefined, why: why ?? UNUSED };
}

/** One line each, for people. */
export function collectionText(plan: readonly Decision[]): string {
  return plan
    .map(({ kind, digest, keep, why }) => `${keep ? 'keep  ' : 'remove'}  ${kind} ${digest}  # ${why}\n`)
    .join('');
}
