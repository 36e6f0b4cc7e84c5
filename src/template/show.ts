// Prints values as Go's fmt does with %v, and knows which are empty.
import { GoDuration, goType, ownText } from './types.ts';

/** A struct without fields: it prints as `{}`. */
export class EmptyStruct {
  toString(): string {
    return '{}';
  }
}

/** Go's %v of a JSON-like value: `map[a:1 b:2]`, `[x y]`, `{v1 v2}` for what looks like a struct, `<nil>`. */
export function show(value: unknown): string {
  if (value === null || value === undefined) return '<nil>';
  if (typeof value === 'string') return value;
  if (typeof value === 'number') return showNumber(value);
  if (Array.isArray(value)) return `[${value.map(show).join(' ')}]`;
  if (value instanceof Map) return showMap(Array.from(value as Iterable<[string, unknown]>));
  if (value instanceof EmptyStruct || value instanceof GoDuration) return String(value);
  if (typeof value === 'object') {
    const own = ownText(value);
    if (own !== undefined) return own;
    const entries = Object.entries(value).filter(([, one]) => typeof one !== 'function');
    const isMap = goType(value)?.startsWith('map[') === true;
    const struct = !isMap && entries.length > 0 && entries.every(([key]) => /^[A-Z]\w*$/.test(key));
    return struct ? `{${entries.map(([, one]) => show(one)).join(' ')}}` : showMap(entries);
  }
  return typeof value === 'bigint' || typeof value === 'boolean' ? String(value) : typeof value;
}

function showMap(entries: [string, unknown][]): string {
  const sorted = entries.sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0));
  return `map[${sorted.map(([key, one]) => `${key}:${show(one)}`).join(' ')}]`;
}

/** Integers as they are, others in the shortest form; from 1e21 on with an exponent, as %v. */
export function showNumber(value: number): string {
  if (Number.isInteger(value) && Math.abs(value) < 1e21) return String(value);
  return String(value).replace(/e([+-])(\d)$/, 'e$10$2');
}

/** False for Go's empty values: false, 0, nil, and anything of length zero. */
export function truthy(value: unknown): boolean {
  if (value === null || value === undefined || value === false || value === 0 || value === 0n || value === '')
    return false;
  if (Array.isArray(value)) return value.length > 0;
  if (value instanceof Map) return value.size > 0;
  if (value instanceof GoDuration) return value.valueOf() !== 0;
  if (isRecord(value)) return !isMapLike(value) || Object.keys(value).length > 0;
  return true;
}

export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** An object that Go would hold as a map: empty, or with keys that are no exported names. */
function isMapLike(value: Record<string, unknown>): boolean {
  if (goType(value)?.startsWith('map[')) return true;
  const keys = Object.keys(value);
  return keys.length === 0 || !keys.every((key) => /^[A-Z]\w*$/.test(key));
}
