// Gives an image one more name.
import { invalid } from '../../base/errors.ts';
import type { Image } from './catalog.ts';
import { emit, type ImageContext } from './context.ts';
import { findWhole } from './find.ts';
import type { Origin } from './image.ts';
import { familiarString, type Reference, repoTagReference } from '../reference/index.ts';

export function tagImage(
  context: ImageContext,
  image: string,
  repo: string | undefined,
  tag: string | undefined,
): void {
  const reference = repoTagReference(repo, tag);
  // dockerd answers 200 and does nothing; saying so is kinder
  if (!reference) throw invalid('repository name must have at least one component');
  const found = findWhole(context.catalog, image);
  const { index, manifest } = found;
  applyTag(context, found.image, reference, index ? { index: index.digest } : manifest ? { manifest } : {});
}

/** With an index, the name is that of the index. */
export function applyTag(context: ImageContext, image: Image, reference: Reference, origin: Origin = {}): void {
  context.catalog.tag(reference, image.id, origin);
  emit(context, 'tag', image, familiarString(reference));
}
