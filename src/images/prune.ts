// Removes images that nobody needs: `docker image prune`.
import { nowNanos } from '../base/clock.ts';
import { BerthError, internal, messageOf } from '../base/errors.ts';
import type { Digest } from '../base/ids.ts';
import type { Filters, ImageDeleteItem, ImagePruneResponse } from '../spec/docker/index.ts';
import type { ImageContext } from './catalog/context.ts';
import { boolFilter, checkFilters, labelsMatch } from './filters.ts';
import { createdOf } from './list.ts';
import { fullString } from './reference/index.ts';
import { removeImage } from './remove.ts';
import { parseTimestamp } from './time.ts';

const ACCEPTED = ['dangling', 'label', 'label!', 'until'];

/** `dangling=false` also takes images with names that no container uses, and downloads that were not finished. */
export function pruneImages(context: ImageContext, filters: Filters): ImagePruneResponse {
  const { catalog, store } = context;
  checkFilters(filters, ACCEPTED);
  const danglingOnly = boolFilter(filters, 'dangling', true);
  const untils = filters.get('until') ?? [];
  if (untils.length > 1) throw internal('more than one until filter specified');
  const [until] = untils.map((text) => parseTimestamp(text, nowNanos()));
  const sizes = new Map([...store.layers.all().values()].map((layer) => [layer.chain as string, layer.size]));
  const held = new Set(store.leases.blobs());
  const chosen = [...catalog.all()].filter((image) => {
    // it is being made, and has no name yet
    if (held.has(image.id) || image.part) return false;
    const names = catalog.namesOf(image.id);
    if (names.length === 0 && catalog.children(image.id).length > 0) return false;
    if (danglingOnly && names.some((name) => name.tag !== undefined)) return false;
    const created = createdOf(image);
    if (until !== undefined && (created === undefined || created > until)) return false;
    const labels = image.file.config?.Labels;
    return labelsMatch(filters, 'label', labels) && !(filters.has('label!') && labelsMatch(filters, 'label!', labels));
  });
  const deleted: ImageDeleteItem[] = [];
  for (const image of chosen) {
    const names = catalog.namesOf(image.id).map(fullString);
    for (const text of names.length > 0 ? names : [image.id.slice('sha256:'.length)]) {
      try {
        deleted.push(...removeImage(context, text, {}));
      } catch (error) {
        // in use, or gone with an earlier one
        if (!(error instanceof BerthError && ['conflict', 'notFound'].includes(error.kind))) {
          context.log.warn(`failed to prune image ${text}: ${messageOf(error)}`);
        }
      }
    }
  }
  let reclaimed = 0;
  for (const item of deleted) reclaimed += sizes.get(item.Deleted ?? '') ?? 0;
  if (!danglingOnly && until === undefined && !filters.has('label')) reclaimed += store.blobs.dropPartials();
  context.sources.prune((blob) => store.blobs.has(blob as Digest));
  context.events({ type: 'image', action: 'prune', id: '', attributes: { reclaimed: String(reclaimed) } });
  return { ImagesDeleted: deleted.length > 0 ? deleted : null, SpaceReclaimed: reclaimed };
}
