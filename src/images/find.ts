// The image that a text means: a name, a name with a digest, an id or the start of one.
import { notFound } from '../base/errors.ts';
import { formatPlatform, type Platform, platformMatches } from '../spec/oci/index.ts';
import type { Catalog, Image } from './catalog.ts';
import { familiarString, parseAnyReference, withDefaultTag } from './reference/index.ts';

/** Throws invalid for what is no reference, notFound `No such image: name:tag` or for another platform than the one asked for. */
export function findImage(catalog: Catalog, text: string, platform?: Platform): Image {
  const image = lookUp(catalog, text);
  if (platform) {
    const own = platformOf(image);
    if (!platformMatches(platform, own)) {
      throw notFound(
        `image with reference ${text} was found but its platform (${formatPlatform(own)}) does not match the specified platform (${formatPlatform(platform)})`,
      );
    }
  }
  return image;
}

export function platformOf(image: Image): Platform {
  const { os, architecture, variant } = image.file;
  return variant ? { os, architecture, variant } : { os, architecture };
}

function lookUp(catalog: Catalog, text: string): Image {
  const any = parseAnyReference(text);
  if ('id' in any) {
    const image = catalog.get(any.id);
    if (!image) throw notFound(`No such image: ${any.id}`);
    return image;
  }
  const { name } = any;
  const byDigest =
    name.digest === undefined ? undefined : { domain: name.domain, path: name.path, digest: name.digest };
  const image = catalog.resolve(byDigest ?? withDefaultTag(name)) ?? catalog.byPrefix(text);
  if (!image) throw notFound(`No such image: ${familiarString(withDefaultTag(name))}`);
  return image;
}
