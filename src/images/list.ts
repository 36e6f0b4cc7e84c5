// Images as lists show them: `docker images`.
import { nowNanos, parseRfc3339 } from '../base/clock.ts';
import type { Digest } from '../base/ids.ts';
import type { Filters, ImageSummary } from '../spec/docker/index.ts';
import type { Catalog, Image } from './catalog/catalog.ts';
import type { ImageContext } from './catalog/context.ts';
import { boolFilter, checkFilters, labelsMatch } from './filters.ts';
import { findImage } from './catalog/find.ts';
import { manifestsOf } from './catalog/manifests.ts';
import { familiarMatch, familiarString } from './reference/index.ts';
import { byLength, chainsOf, sizeOfChains, type Weigh } from './catalog/size.ts';
import { parseTimestamp } from './time.ts';

const ACCEPTED = ['dangling', 'label', 'before', 'since', 'reference', 'until'];

export interface ListOptions {
  /** Also images without a name that others were made from. */
  readonly all?: boolean;
  readonly filters?: Filters;
  readonly sharedSize?: boolean;
  /** How large a layer is said to be; the sum of its files when not given. */
  readonly weigh?: Weigh;
  /** With what the indexes name. */
  readonly manifests?: boolean;
}

/** Newest first. `Containers` is counted; SharedSize is -1 unless asked for. */
export function listImages(context: ImageContext, options: ListOptions): ImageSummary[] {
  const { catalog } = context;
  const weigh = options.weigh ?? byLength(context.store);
  const filters = options.filters ?? new Map<string, string[]>();
  checkFilters(filters, ACCEPTED);
  const danglingOnly = boolFilter(filters, 'dangling', false);
  const { before, since } = bounds(context, filters);
  const references = filters.get('reference') ?? [];
  const parents = new Set([...catalog.all()].map((image) => image.parent));
  // a step on the way to another image is not listed, and shares nothing with it that counts
  const hidden = ({ id }: Image): boolean => !options.all && parents.has(id) && catalog.namesOf(id).length === 0;
  const uses = options.sharedSize ? layerUses(catalog, hidden) : undefined;
  const found: { summary: ImageSummary; created: bigint }[] = [];
  for (const image of catalog.all()) {
    // it is shown with the image that stands for its index
    if (image.part) continue;
    const created = createdOf(image);
    if (danglingOnly && parents.has(image.id)) continue;
    if (before !== undefined && (created === undefined || created >= before)) continue;
    if (since !== undefined && (created === undefined || created <= since)) continue;
    if (!labelsMatch(filters, 'label', image.file.config?.Labels)) continue;
    const names = catalog
      .namesOf(image.id)
      .filter((name) => references.length === 0 || references.some((pattern) => familiarMatch(pattern, name)));
    if (names.length === 0) {
      if (!options.all && parents.has(image.id)) continue;
      if ((filters.has('dangling') && !danglingOnly) || filters.has('reference')) continue;
    }
    const tags = names.filter((name) => name.digest === undefined).map(familiarString);
    if (danglingOnly && tags.length > 0) continue;
    const [index] = catalog.indexesOf(image);
    const chains = [...chainsOf(catalog.wholeOf(image))];
    const summary: ImageSummary = {
      Containers: catalog.wholeOf(image).flatMap(({ id }) => context.users.usersOf(id)).length,
      Created: created === undefined ? 0 : Number(created / 1_000_000_000n),
      Id: image.id,
      Labels: image.file.config?.Labels ?? null,
      ParentId: image.parent ?? '',
      RepoDigests: names.filter((name) => name.digest !== undefined).map(familiarString),
      RepoTags: tags,
      SharedSize: uses
        ? sizeOfChains(
            chains.filter((chain) => (uses.get(chain) ?? 0) > 1),
            weigh,
          )
        : -1,
      Size: sizeOfChains(chains, weigh),
      ...(index ? { Descriptor: { mediaType: index.mediaType, digest: index.digest, size: index.size } } : {}),
      ...(options.manifests ? { Manifests: manifestsOf(context, image) } : {}),
    };
    found.push({ summary, created: created ?? 0n });
  }
  return found
    .sort((a, b) => (a.created === b.created ? 0 : a.created < b.created ? 1 : -1))
    .map(({ summary }) => summary);
}

export function createdOf(image: Image): bigint | undefined {
  return image.file.created === undefined ? undefined : parseRfc3339(image.file.created);
}

/** The earliest of `before` and `until`, the latest of `since`. */
function bounds(context: ImageContext, filters: Filters): { before: bigint | undefined; since: bigint | undefined } {
  const now = nowNanos();
  const timeOf = (text: string): bigint | undefined => createdOf(findImage(context.catalog, text));
  let before: bigint | undefined;
  let since: bigint | undefined;
  for (const at of [
    ...(filters.get('before') ?? []).map(timeOf),
    ...(filters.get('until') ?? []).map((text) => parseTimestamp(text, now)),
  ]) {
    if (at !== undefined && (before === undefined || at < before)) before = at;
  }
  for (const at of (filters.get('since') ?? []).map(timeOf))
    if (at !== undefined && (since === undefined || at > since)) since = at;
  return { before, since };
}

/** How many images of the list stand on each layer; the parts of an index count as one. */
function layerUses(catalog: Catalog, hidden: (image: Image) => boolean): Map<Digest, number> {
  const uses = new Map<Digest, number>();
  for (const image of catalog.all()) {
    if (image.part || hidden(image)) continue;
    for (const chain of chainsOf(catalog.wholeOf(image))) uses.set(chain, (uses.get(chain) ?? 0) + 1);
  }
  return uses;
}
