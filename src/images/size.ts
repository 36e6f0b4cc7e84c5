// How much images hold together: the sum of the file sizes of their layers, each counted once, as Docker counts.
import type { Store } from '../store/index.ts';
import type { Image } from './catalog.ts';

export function sizeOf(store: Store, ...images: readonly Image[]): number {
  let size = 0;
  for (const chain of new Set(images.flatMap(({ chains }) => chains))) size += store.layers.get(chain)?.size ?? 0;
  return size;
}
