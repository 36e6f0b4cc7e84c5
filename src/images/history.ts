// How an image came to be, newest step first: `docker history`.
import { parseRfc3339 } from '../base/clock.ts';
import type { ImageHistoryItem } from '../spec/docker/index.ts';
import type { Platform } from '../spec/oci/index.ts';
import type { ImageContext } from './catalog/context.ts';
import { findImage } from './catalog/find.ts';
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
  const line = [image];
  for (;;) {
    const above = context.catalog.get(line.at(-1)?.parent ?? image.id);
    if (!above || line.includes(above)) break;
    line.push(above);
  }
  for (const [at, row] of rowsOf(line.map(({ file }) => file.history?.length ?? 0)).entries()) {
    const [item, step] = [row === undefined ? undefined : items[row], line[at]];
    if (!item || !step) continue;
    item.Id = step.id;
    const tags = context.catalog.namesOf(step.id).filter((name) => name.digest === undefined);
    item.Tags = tags.length > 0 ? tags.map(familiarString) : null;
  }
  return items;
}

/**
 * Where an image and those that it was made from stand in its history, newest first: each has so many steps. A parent is on
 * the row of its own last step; one that has no fewer steps than what was made from it is on none.
 */
export function rowsOf(steps: readonly number[]): (number | undefined)[] {
  const [all = 0] = steps;
  let last = -1;
  return steps.map((count) => {
    const row = all - count;
    if (row <= last || row >= all) return undefined;
    last = row;
    return row;
  });
}
