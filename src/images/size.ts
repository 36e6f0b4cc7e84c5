// How much images hold together: the layers of all of them, each counted once.
import type { Digest } from '../base/ids.ts';
import { diskSizeOf, type Layer, type Store } from '../store/index.ts';
import type { Image } from './catalog.ts';

/** Sum of the sizes of the files, as Docker counts. */
export function sizeOf(store: Store, ...images: readonly Image[]): number {
  return sizeOfChains(store, chainsOf(images), false);
}

export function chainsOf(images: readonly Image[]): Set<Digest> {
  return new Set(images.flatMap(({ chains }) => chains));
}

/** `onDisk`: with the archives that are kept beside the files. */
export function sizeOfChains(store: Store, chains: Iterable<Digest>, onDisk: boolean): number {
  const weigh = onDisk ? diskSizeOf : ({ size }: Layer): number => size;
  let sum = 0;
  for (const chain of chains) {
    const layer = store.layers.get(chain);
    if (layer) sum += weigh(layer);
  }
  return sum;
}
