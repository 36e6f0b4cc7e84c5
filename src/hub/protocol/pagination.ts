// Pages of sorted names: `n` and `last`, and the Link to the next one. Pure.
import { RegistryError } from '../model/index.ts';

/** More are never given at once, whatever a client asks for. */
export const MAX_PAGE = 1000;

export interface Page {
  /** undefined: the client did not say. */
  readonly size: number | undefined;
  /** Exclusive. */
  readonly last: string;
}

export function readPage(query: URLSearchParams): Page {
  const text = query.get('n');
  if (text !== null && text !== '' && !/^\d{1,15}$/.test(text))
    throw new RegistryError('PAGINATION_NUMBER_INVALID', { detail: { n: text } });
  return {
    size: text === null || text === '' ? undefined : Math.min(Number(text), MAX_PAGE),
    last: query.get('last') ?? '',
  };
}

/** The header that leads on; none when this was the last page. */
export function linkTo(
  path: string,
  size: number,
  last: string | undefined,
  extra: string = '',
): Record<string, string> {
  if (last === undefined) return {};
  return { Link: `<${path}?last=${encodeURIComponent(last)}&n=${size}${extra}>; rel="next"` };
}
