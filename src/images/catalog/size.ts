// How much images hold together: the layers of all of them, each counted once.
import type { Digest } from '../../base/ids.ts';
import type { Store } from '../../store/index.ts';
import type { Image } from './catalog.ts';

/** Bytes of a layer. */
export type Weigh = (chain: Digest) => number;

/** Sum of the sizes of the files, as Docker counts. */
export function sizeOf(store: Store, ...images: readonly Image[]): number {
  return sizeOfChains(chainsOf(images), byLength(store));
}

/** By what the files say, wherever they lie. */
export function byLength(store: Store): Weigh {
  return (chain) => store.layers.get(chain)?.size ?? 0;
}

export function chainsOf(images: readonly Image[]): Set<Digest> {
  return new Set(images.flatMap(({ chains }) => chains));
}

export function sizeOfChains(chains: Iterable<Digest>, weigh: Weigh): number {
  let sum = 0;
  for (const chain of chains) sum += weigh(chain);
  return sum;
}
