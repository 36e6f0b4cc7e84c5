// How an image came to be, newest step first: `docker history`.
import { parseRfc3339 } from '../base/clock.ts';
import type { ImageHistoryItem } from '../spec/docker/index.ts';
import type { Platform } from '../spec/oci/index.ts';
import type { Image } from './catalog.ts';
import type { ImageContext } from './context.ts';
import { findImage } from './find.ts';
import { familiarString } from './reference/index.ts';

export function imageHistory(context: ImageContext, text: string, platform?: Platform): ImageHistoryItem[] {
  const image = findImage(context.catalog, text, platform);
  const items: ImageHistoryItem[] = [];
  let layer = 0;
  for (const step of image.file.history ?? []) {
    let size = 0;
    if (!step.empty_layer) {
      const chain = image.chains[layer];
      size = (chain && context.store.layers.get(chain)?.size) ?? 0;
      layer += 1;
    }
    const created = step.created === undefined ? undefined : parseRfc3339(step.created);
    items.unshift({
      Comment: step.comment ?? '',
      Created: created === undefined ? 0 : Number(created / 1_000_000_000n),
      CreatedBy: step.created_by ?? '',
      Id: '<missing>',
      Size: size,
      Tags: null,
    });
  }
  // steps that were images of their own on this machine are named, as far as the chain of parents goes
  let at: Image | undefined = image;
  for (const item of items) {
    item.Id = at.id;
    const tags = context.catalog.namesOf(at.id).filter((name) => name.digest === undefined);
    item.Tags = tags.length > 0 ? tags.map(familiarString) : null;
    at = at.parent === undefined ? undefined : context.catalog.get(at.parent);
    if (!at) break;
  }
  return items;
}
