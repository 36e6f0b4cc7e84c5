// Whether a client has what it asks for already, by the entity tags that it sends. Pure.

/** `*` or a list of tags, weak ones among them: for reading, weak and strong are the same. */
export function matchesEtag(header: string | undefined, etag: string): boolean {
  if (header === undefined) return false;
  const plain = (tag: string): string => tag.trim().replace(/^W\//, '').replaceAll('"', '');
  return header.split(',').some((tag) => tag.trim() === '*' || plain(tag) === plain(etag));
}
