// What the builder needs of images: base images found, and the image of a build kept under its names.
import { BerthError, invalid, isErrno } from '../base/errors.ts';
import type { Digest } from '../base/ids.ts';
import type { BaseImage } from '../builder/ports.ts';
import type { ImageFile, Platform } from '../spec/oci/index.ts';
import type { Lease } from '../store/index.ts';
import type { ImageContext } from './context.ts';
import { findImage } from './find.ts';
import { parseReference, type Reference, withTag } from './reference/index.ts';
import { applyTag } from './tag.ts';
import { compactConfig, encodeImageFile } from './write.ts';

export function findBase(context: ImageContext, reference: string, platform: Platform): BaseImage | undefined {
  try {
    const { id, file, chains } = findImage(context.catalog, reference, platform);
    return { id, file, chains };
  } catch (error) {
    if (error instanceof BerthError && error.kind === 'notFound') return undefined;
    throw error;
  }
}

export async function createBuilt(
  context: ImageContext,
  wish: {
    readonly file: ImageFile;
    readonly parent: Digest | undefined;
    readonly tags: readonly string[];
    readonly lease: Lease;
  },
): Promise<Digest> {
  const references = wish.tags.map(tagOf);
  const config = compactConfig(wish.file.config ?? {});
  const content = encodeImageFile({ ...wish.file, config });
  const parent = wish.parent === undefined ? undefined : context.catalog.get(wish.parent)?.id;
  try {
    const image = await context.catalog.create(content, parent, wish.lease);
    for (const reference of references) applyTag(context, image, reference);
    return image.id;
  } catch (error) {
    if (isErrno(error, 'ENOSPC')) throw new BerthError('exhausted', 'no space left on device', { cause: error });
    throw error;
  }
}

/** Throws invalid for what is no name with a tag. */
export function tagOf(text: string): Reference {
  const reference = parseReference(text);
  if (reference.digest !== undefined) throw invalid('build tag cannot contain a digest');
  return reference.tag === undefined ? withTag(reference, 'latest') : reference;
}
