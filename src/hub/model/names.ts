// The grammar of repositories and tags. Pure.
import { RegistryError } from './errors.ts';
import { type BlobDigest, parseDigest } from './digest.ts';

/** Longer names would not fit into a path, nor into a reference with a host before it. */
const MAX_NAME = 255;
const PART = /^[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*$/;

export function isRepositoryName(name: string): boolean {
  return name.length <= MAX_NAME && name.split('/').every((part) => PART.test(part));
}

export function isTag(tag: string): boolean {
  return /^[A-Za-z0-9_][A-Za-z0-9._-]{0,127}$/.test(tag);
}

export function checkName(name: string): string {
  if (!isRepositoryName(name)) throw new RegistryError('NAME_INVALID', { detail: name });
  return name;
}

export function checkDigest(text: string | null): BlobDigest {
  const digest = parseDigest(text ?? '');
  if (!digest)
    throw new RegistryError('DIGEST_INVALID', {
      message: text ? 'invalid checksum digest format' : 'digest missing',
      detail: text ?? undefined,
    });
  return digest;
}

/** What stands behind `manifests/`: a tag, or a digest. */
export type Reference =
  | { readonly kind: 'tag'; readonly tag: string }
  | { readonly kind: 'digest'; readonly digest: BlobDigest };

export function checkReference(text: string): Reference {
  if (text.includes(':')) return { kind: 'digest', digest: checkDigest(text) };
  if (!isTag(text)) throw new RegistryError('TAG_INVALID', { message: 'invalid tag', detail: text });
  return { kind: 'tag', tag: text };
}
