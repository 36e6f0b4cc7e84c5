// Query parameters as Docker reads them, by the kinds of the route table.
import { invalid } from '../base/errors.ts';
import type { Filters, ParamKind, Query, Route, RouteId } from '../spec/docker/index.ts';

export function readQuery<Id extends RouteId>(route: Route, search: URLSearchParams): Query<Id> {
  const values: Record<string, unknown> = {};
  for (const [name, kind] of Object.entries(route.query ?? {})) {
    if (search.has(name)) values[name] = readValue(name, kind, search);
  }
  return values as Query<Id>;
}

function readValue(name: string, kind: ParamKind, search: URLSearchParams): unknown {
  const text = search.get(name) ?? '';
  switch (kind) {
    case 'bool':
      return !['', '0', 'no', 'false', 'none'].includes(text.trim().toLowerCase());
    case 'int': {
      if (text === '') return undefined;
      if (!/^[+-]?\d+$/.test(text)) throw invalid(`strconv.ParseInt: parsing "${text}": invalid syntax`);
      if (!Number.isSafeInteger(Number(text))) throw invalid(`strconv.ParseInt: parsing "${text}": value out of range`);
      return Number(text);
    }
    case 'bytes':
      if (text === '') return undefined;
      if (!/^[+-]?\d+$/.test(text)) {
        const reason = `strconv.Atoi: parsing ${JSON.stringify(text)}: invalid syntax`;
        throw invalid(`${name} is in bytes and expects an integer, got ${text}: ${reason}`);
      }
      return Number(text);
    case 'text':
      return text;
    case 'list':
      return search.getAll(name).flatMap((value) => value.split(','));
    case 'texts':
      return search.getAll(name);
    case 'filters':
      return readFilters(text);
  }
}

/** Both forms of a filters object: `{"label":["a"]}` and the older `{"label":{"a":true}}`. */
export function readFilters(text: string): Filters {
  const filters = new Map<string, string[]>();
  if (text === '') return filters;
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw invalid('invalid filter');
  }
  if (value === null) return filters;
  if (typeof value !== 'object' || Array.isArray(value)) throw invalid('invalid filter');
  for (const [key, request] of Object.entries(value)) {
    if (Array.isArray(request) && request.every((one) => typeof one === 'string')) filters.set(key, request);
    else if (typeof request === 'object' && request !== null && !Array.isArray(request)) {
      const entries = Object.entries(request as Record<string, unknown>);
      if (!entries.every(([, on]) => typeof on === 'boolean')) throw invalid('invalid filter');
      filters.set(
        key,
        entries.filter(([, on]) => on === true).map(([one]) => one),
      );
    } else throw invalid('invalid filter');
  }
  return filters;
}
