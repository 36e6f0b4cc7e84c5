// How much an image holds: the sum of the file sizes of its layers, as Docker counts.
import type { Store } from '../store/index.ts';
import type { Image } from './catalog.ts';

export function sizeOf(store: Store, image: Image): number {
  let size = 0;
  for (const chain of image.chains) size += store.layers.get(chain)?.size ?? 0;
  return size;
}
