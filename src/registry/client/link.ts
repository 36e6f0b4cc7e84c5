// The Link header of a page of tags: where the next page is (RFC 8288).

export const MAX_LINK_CHARACTERS = 8192;

/** The target of the link whose relation is `next`; undefined where there is none, or where the header is too long to be one. */
export function nextLink(header: string): string | undefined {
  if (header.length > MAX_LINK_CHARACTERS) return undefined;
  for (let open = header.indexOf('<'); open >= 0; ) {
    const close = header.indexOf('>', open);
    if (close < 0) return undefined;
    const next = header.indexOf('<', close);
    const parameters = header.slice(close + 1, next < 0 ? header.length : next);
    if (/^\s*;\s*rel="?next"?/.test(parameters)) return header.slice(open + 1, close) || undefined;
    open = next;
  }
  return undefined;
}
