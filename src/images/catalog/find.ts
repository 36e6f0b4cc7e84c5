// The image that a text means: a name, a name with a digest, an id or the start of one.
import { notFound } from '../../base/errors.ts';
import { formatPlatform, type Platform, platformMatches } from '../../spec/oci/index.ts';
import type { Catalog, Image, ManifestRef } from './catalog.ts';
import { choosePart, type ImageIndex, partsOf } from './indexes.ts';
import { familiarString, fullName, parseAnyReference, type Reference, withDefaultTag } from '../reference/index.ts';

/** What a text leads to: the image that stands for it, and the index when it is one. */
export interface Found {
  readonly image: Image;
  readonly index?: ImageIndex;
  /** What the name came with, without an index. */
  readonly manifest?: ManifestRef;
}

/**
 * With a platform, the image of it that the index has here. Throws invalid for what is no reference, notFound
 * `No such image: name:tag` or for a platform that is not here.
 */
export function findImage(catalog: Catalog, text: string, platform?: Platform): Image {
  const { image, index } = findWhole(catalog, text);
  if (!platform) return image;
  const part = index && choosePart(partsOf(index), platform, catalog);
  const chosen = part && catalog.get(part.image);
  if (chosen) return chosen;
  if (index && partsOf(index).length > 1) throw notFound(notProvided(text, platform));
  if (platformMatches(platform, platformOf(image))) return image;
  throw notFound(otherPlatform(text, image, platform));
}

export function otherPlatform(text: string, image: Image, platform: Platform): string {
  return `image with reference ${text} was found but its platform (${formatPlatform(platformOf(image))}) does not match the specified platform (${formatPlatform(platform)})`;
}

export function notProvided(text: string, platform: Platform): string {
  return `image with reference ${text} was found but does not provide the specified platform (${formatPlatform(platform)})`;
}

export function platformOf(image: Image): Platform {
  const { os, architecture, variant } = image.file;
  return variant ? { os, architecture, variant } : { os, architecture };
}

export function findWhole(catalog: Catalog, text: string): Found {
  const any = parseAnyReference(text);
  if ('id' in any) {
    const found = byId(catalog, any.id);
    if (!found) throw notFound(`No such image: ${any.id}`);
    return found;
  }
  const { name } = any;
  const byDigest =
    name.digest === undefined ? undefined : { domain: name.domain, path: name.path, digest: name.digest };
  const reference = byDigest ?? withDefaultTag(name);
  const image = catalog.resolve(reference);
  if (image) {
    const manifest = catalog.manifestOf(reference);
    return { ...whole(image, catalog.indexOf(reference)), ...(manifest ? { manifest } : {}) };
  }
  const found = byDigest ? memberOf(catalog, byDigest) : byId(catalog, text);
  if (!found) throw notFound(`No such image: ${familiarString(withDefaultTag(name))}`);
  return found;
}

function whole(image: Image, index: ImageIndex | undefined): Found {
  return index ? { image, index } : { image };
}

/** By the id of an image, the digest of an index or manifest, or the start of an id. */
function byId(catalog: Catalog, text: string): Found | undefined {
  const image = catalog.byPrefix(text);
  if (image) return whole(image, catalog.indexesOf(image)[0]);
  return catalog.byDocument(text.replace(/^sha256:/, ''));
}

/** `name@digest` of a manifest in an index that has this name. */
function memberOf(catalog: Catalog, reference: Reference): Found | undefined {
  const found = catalog.byDocument(reference.digest ?? '');
  if (!found) return undefined;
  const named = [...catalog.references()].some(
    ({ reference: own, index, image }) =>
      fullName(own) === fullName(reference) &&
      (image === found.image.id || (index !== undefined && catalog.hasPart(index, found.image))),
  );
  return named ? found : undefined;
}
