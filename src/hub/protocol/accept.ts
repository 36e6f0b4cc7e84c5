// Whether a client takes a type, by its Accept header. Pure.

/** Clients that ask for nothing in particular, or for JSON, take what there is. */
export function accepts(header: string | undefined, mediaType: string): boolean {
  if (header === undefined || header.trim() === '') return true;
  return header.split(',').some((part) => {
    const type = part.split(';', 1)[0]?.trim().toLowerCase() ?? '';
    return type === mediaType || type === '*/*' || type === 'application/*' || type === 'application/json';
  });
}
