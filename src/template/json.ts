// JSON as docker prints it: integers of any size kept, keys in order, indented where asked.
import { GoDuration, sourceOf } from './types.ts';

/** Parses JSON; integers that a double can't hold become bigint. */
export function parseJson(text: string): unknown {
  return JSON.parse(text, function (_key: string, value: unknown, context?: { source?: string }): unknown {
    if (typeof value !== 'number' || Number.isSafeInteger(value)) return value;
    const source = context?.source ?? '';
    return /^-?\d+$/.test(source) ? BigInt(source) : value;
  } as (this: unknown, key: string, value: unknown) => unknown);
}

/** A null that Go holds as an empty slice: it prints as `[]`, and as null in JSON. */
export class NilSlice extends Array<never> {}

/** A null that Go holds as an empty map: it prints as `map[]`, and as null in JSON. */
export class NilMap extends Map<never, never> {}

/** Marks a row of a list, whose JSON has its keys sorted and < > & escaped, as Go's own marshalling does. */
export const ROW = Symbol('row');

/** Compact JSON of a value; bigint is written as a number. Methods are left out. */
export function toJson(value: unknown): string {
  if (value === undefined || value === null || value instanceof NilSlice || value instanceof NilMap) return 'null';
  if (typeof value === 'bigint') return value.toString();
  if (value instanceof GoDuration) return String(value.valueOf());
  if (Array.isArray(value)) return `[${value.map(toJson).join(',')}]`;
  if (value instanceof Map) return toJson(Object.fromEntries(value as Map<string, unknown>));
  if (typeof value === 'object') {
    const source = sourceOf(value);
    if (source) return toJson(source);
    const entries = Object.entries(value).filter(([, one]) => one !== undefined && typeof one !== 'function');
    if (ROW in value) return rowJson(entries);
    return `{${entries.map(([key, one]) => `${JSON.stringify(key)}:${toJson(one)}`).join(',')}}`;
  }
  return JSON.stringify(value) ?? 'null';
}

const HTML: Readonly<Record<string, string>> = { '<': '\\u003c', '>': '\\u003e', '&': '\\u0026' };

function rowJson(entries: [string, unknown][]): string {
  const sorted = entries.sort(([a], [b]) => (a < b ? -1 : 1));
  return `{${sorted.map(([key, one]) => `${JSON.stringify(key)}:${toJson(one)}`).join(',')}}`.replace(
    /[<>&]/g,
    (mark) => HTML[mark] ?? mark,
  );
}

/** Go's json.Indent: the same JSON, spread over lines; numbers and order stay as they are. */
export function indentJson(text: string, indent = '    '): string {
  let out = '';
  let depth = 0;
  let opened = false;
  for (const token of text.match(/"(?:[^"\\]|\\.)*"|[{}[\],:]|[^\s{}[\],:"]+/g) ?? []) {
    if (token === '}' || token === ']') {
      depth -= 1;
      out += opened ? token : `\n${indent.repeat(depth)}${token}`;
      opened = false;
      continue;
    }
    if (opened) out += `\n${indent.repeat(depth)}`;
    opened = token === '{' || token === '[';
    if (opened) depth += 1;
    if (token === ',') out += `,\n${indent.repeat(depth)}`;
    else out += token === ':' ? ': ' : token;
  }
  return out;
}
