// The functions that templates may call: text/template's own and docker's.
import { toJson } from './json.ts';
import { show, truthy } from './show.ts';
import { GoDuration, goType } from './types.ts';

export type TemplateFunction = (...args: unknown[]) => unknown;

const text = (value: unknown): string => {
  if (typeof value === 'string') return value;
  throw new Error(`wrong type for value; expected string; got ${typeName(value)}`);
};

const list = (value: unknown): unknown[] => {
  if (value === null || value === undefined) return [];
  if (Array.isArray(value)) return value;
  throw new Error(`wrong type for value; expected []string; got ${typeName(value)}`);
};

export function typeName(value: unknown): string {
  if (value === null || value === undefined) return '<nil>';
  if (typeof value === 'number') return Number.isInteger(value) ? 'int' : 'float64';
  if (typeof value === 'bigint') return 'int64';
  if (typeof value === 'boolean') return 'bool';
  if (value instanceof GoDuration) return 'time.Duration';
  const known = goType(value);
  if (known !== undefined) return known;
  if (Array.isArray(value)) return '[]interface {}';
  return typeof value === 'object' ? 'map[string]interface {}' : typeof value;
}

function length(value: unknown): number {
  if (typeof value === 'string') return Buffer.byteLength(value);
  if (Array.isArray(value)) return value.length;
  if (value instanceof Map) return value.size;
  if (value === null || value === undefined) throw new Error('error calling len: len of nil pointer');
  if (typeof value === 'object') return Object.keys(value).length;
  throw new Error(`error calling len: len of type ${typeName(value)}`);
}

function index(item: unknown, ...keys: unknown[]): unknown {
  let at = item;
  for (const key of keys) {
    if (at === null || at === undefined) throw new Error('error calling index: index of untyped nil');
    if (Array.isArray(at) || typeof at === 'string') {
      const position = Number(key);
      if (typeof key !== 'number')
        throw new Error(`error calling index: cannot index slice/array with type ${typeName(key)}`);
      if (position < 0 || position >= at.length)
        throw new Error(`error calling index: index out of range: ${position}`);
      at = at[position];
    } else if (at instanceof Map) at = (at as Map<unknown, unknown>).get(key) ?? '';
    else if (typeof at === 'object') {
      const record = at as Record<string, unknown>;
      if (typeof key !== 'string')
        throw new Error(`error calling index: value has type ${typeName(key)}; should be string`);
      at = Object.hasOwn(record, key) ? record[key] : absent(record);
    } else throw new Error(`error calling index: can't index item of type ${typeName(at)}`);
  }
  return at;
}

function slice(value: unknown, ...bounds: unknown[]): unknown {
  if (typeof value !== 'string' && !Array.isArray(value))
    throw new Error(`can't slice item of type ${typeName(value)}`);
  const size = typeof value === 'string' ? Buffer.byteLength(value) : value.length;
  for (const bound of bounds) {
    if (typeof bound !== 'number') throw new Error(`cannot index slice/array with type ${typeName(bound)}`);
    if (bound < 0 || bound > size) throw new Error(`index out of range: ${bound}`);
  }
  const [from = 0, to = size] = bounds as number[];
  if (from > to) throw new Error(`invalid slice index: ${from} > ${to}`);
  return typeof value === 'string' ? Buffer.from(value).subarray(from, to).toString() : value.slice(from, to);
}

function jsEscape(mark: string): string {
  if (mark === '\\' || mark === "'" || mark === '"') return `\\${mark}`;
  return `\\u${mark.charCodeAt(0).toString(16).toUpperCase().padStart(4, '0')}`;
}

/** What a missing key gives: the zero value of a map of texts, else nothing. */
function absent(record: Record<string, unknown>): unknown {
  const type = goType(record);
  if (type !== undefined) return type === 'map[string]string' ? '' : undefined;
  const values = Object.values(record);
  return values.length > 0 && values.every((value) => typeof value === 'string') ? '' : undefined;
}

function compare(a: unknown, b: unknown): number {
  const number = (value: unknown): value is number | bigint | GoDuration =>
    typeof value === 'number' || typeof value === 'bigint' || value instanceof GoDuration;
  if (number(a) && number(b)) {
    const [one, other] = [a.valueOf(), b.valueOf()];
    return one < other ? -1 : one > other ? 1 : 0;
  }
  if (typeof a === 'string' && typeof b === 'string') return a < b ? -1 : a > b ? 1 : 0;
  throw new Error(`incompatible types for comparison: ${typeName(a)} and ${typeName(b)}`);
}

function equal(a: unknown, b: unknown): boolean {
  if ((a === null || a === undefined) && (b === null || b === undefined)) return true;
  if (typeof a === 'boolean' && typeof b === 'boolean') return a === b;
  if (a === null || a === undefined || b === null || b === undefined) return false;
  return compare(a, b) === 0;
}

const MAX_WIDTH = 1_000_000;

function blanks(count: unknown): string {
  const width = Number(count);
  if (width > MAX_WIDTH) throw new Error(`more than ${MAX_WIDTH} blanks`);
  return ' '.repeat(width);
}

export function printf(format: unknown, ...args: unknown[]): string {
  let at = 0;
  const out = text(format).replace(
    /%([-+# 0]*)([1-9]\d*)?(?:\.(\d+))?([a-zA-Z%])/g,
    (_, flags: string, width: string | undefined, digits: string | undefined, verb: string) => {
      if (verb === '%') return '%';
      if (at >= args.length) return `%!${verb}(MISSING)`;
      const arg = args[at++];
      // as Go's fmt: it takes the number for none
      if (Number(width ?? 0) > MAX_WIDTH) return '%!(BADWIDTH)';
      if (Number(digits ?? 0) > MAX_WIDTH) return '%!(BADPREC)';
      const plain = formatVerb(verb, arg, digits);
      const value = flags.includes('+') && verb === 'd' && Number(arg) >= 0 ? `+${plain}` : plain;
      const room = Number(width ?? 0);
      if (flags.includes('-')) return value.padEnd(room);
      return value.padStart(room, flags.includes('0') ? '0' : ' ');
    },
  );
  if (at >= args.length) return out;
  return `${out}%!(EXTRA ${args
    .slice(at)
    .map((one) => `${typeName(one)}=${show(one)}`)
    .join(', ')})`;
}

function formatVerb(verb: string, value: unknown, digits: string | undefined): string {
  switch (verb) {
    case 'q':
      return Array.isArray(value)
        ? `[${value.map((one) => JSON.stringify(show(one))).join(' ')}]`
        : JSON.stringify(show(value));
    case 'x':
      return typeof value === 'number' ? value.toString(16) : Buffer.from(show(value)).toString('hex');
    case 'X':
      return formatVerb('x', value, digits).toUpperCase();
    case 'o':
    case 'b':
      return typeof value === 'number' ? value.toString(verb === 'o' ? 8 : 2) : misfit(verb, value);
    case 'c':
      return typeof value === 'number' ? String.fromCodePoint(value) : misfit(verb, value);
    case 'U':
      return typeof value === 'number' ? `U+${value.toString(16).toUpperCase().padStart(4, '0')}` : misfit(verb, value);
    case 'e':
      return Number(value)
        .toExponential(Number(digits ?? 6))
        .replace(/e([+-])(\d)$/, 'e$10$2');
    case 'g':
      return shortest(Number(value));
    case 't':
      return typeof value === 'boolean' ? String(value) : misfit(verb, value);
    case 'f':
      return Number(value).toFixed(Number(digits ?? 6));
    case 'T':
      return typeName(value);
    case 'd':
      return typeof value === 'number' || typeof value === 'bigint' ? show(value) : misfit(verb, value);
    case 's':
      if (typeof value === 'number' || typeof value === 'boolean') return misfit(verb, value);
      return digits === undefined ? show(value) : show(value).slice(0, Number(digits));
    default:
      return show(value);
  }
}

const misfit = (verb: string, value: unknown): string => `%!${verb}(${typeName(value)}=${show(value)})`;

/** Go's %g: with an exponent below 1e-4 and from 1e21 on. */
function shortest(value: number): string {
  const size = Math.abs(value);
  const text = size !== 0 && size < 1e-4 ? value.toExponential() : String(value);
  return text.replace(/e([+-])(\d)$/, 'e$10$2');
}

/** `and` and `or` stop early, so execution handles them; they stand here for their names. */
export const FUNCTIONS: Readonly<Record<string, TemplateFunction>> = {
  and: (...values) => values.find((value) => !truthy(value)) ?? values.at(-1),
  or: (...values) => values.find(truthy) ?? values.at(-1),
  not: (value) => !truthy(value),
  len: length,
  index,
  slice,
  print: (...values) =>
    values
      .map(
        (value, i) =>
          (i > 0 && typeof value !== 'string' && typeof values[i - 1] !== 'string' ? ' ' : '') + show(value),
      )
      .join(''),
  println: (...values) => `${values.map(show).join(' ')}\n`,
  printf,
  html: (...values) =>
    values
      .map(show)
      .join('')
      .replace(
        /[&<>"']/g,
        (mark) => ({ '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&#34;', "'": '&#39;' })[mark] ?? mark,
      ),
  js: (...values) =>
    values
      .map(show)
      .join('')
      .replace(/[\\'"<>&=\p{Cc}]/gu, jsEscape),
  call: (...values) => values[0],
  urlquery: (...values) => encodeURIComponent(values.map(show).join('')).replaceAll('%20', '+'),
  eq: (first, ...others) => {
    if (others.length === 0) throw new Error('missing argument for comparison');
    return others.some((other) => equal(first, other));
  },
  ne: (a, b) => !equal(a, b),
  lt: (a, b) => compare(a, b) < 0,
  le: (a, b) => compare(a, b) <= 0,
  gt: (a, b) => compare(a, b) > 0,
  ge: (a, b) => compare(a, b) >= 0,
  json: (value) => toJson(value),
  split: (value, separator) => text(value).split(text(separator)),
  join: (values, separator) => list(values).map(show).join(text(separator)),
  title: (value) =>
    text(value).replace(
      /(^|[^\p{L}\p{N}_'])(\p{Ll})/gu,
      (_, before: string, letter: string) => before + letter.toUpperCase(),
    ),
  lower: (value) => text(value).toLowerCase(),
  upper: (value) => text(value).toUpperCase(),
  pad: (value, before, after) => (text(value) === '' ? '' : blanks(before) + text(value) + blanks(after)),
  truncate: (value, limit) => text(value).slice(0, Number(limit)),
};

/** At least so many arguments. */
export const LEAST: Readonly<Record<string, number>> = { and: 1, or: 1, call: 1, eq: 1, index: 1, slice: 1 };

/** How many arguments those functions take that take a fixed number of them. */
export const ARITY: Readonly<Record<string, number>> = {
  not: 1,
  len: 1,
  ne: 2,
  lt: 2,
  le: 2,
  gt: 2,
  ge: 2,
  json: 1,
  split: 2,
  join: 2,
  title: 1,
  lower: 1,
  upper: 1,
  pad: 3,
  truncate: 2,
};

/** In the header of a table the functions of docker hand the title through. */
export const HEADER_FUNCTIONS: Readonly<Record<string, TemplateFunction>> = {
  ...FUNCTIONS,
  json: (value) => value,
  split: (value) => value,
  join: (value) => value,
  title: (value) => value,
  lower: (value) => value,
  upper: (value) => value,
  pad: (value) => value,
  truncate: (value) => value,
};
