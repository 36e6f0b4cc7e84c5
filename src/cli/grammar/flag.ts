// The kinds of flags, with pflag's rules: how a text is read, what the help page says of it, what a bare flag means.
import { dropEnds } from '../../base/ends.ts';
import { parseBool as readBool } from '../../base/bool.ts';
import { parseBytes } from './size.ts';

/** One flag of a command. `read` gives the value after one more occurrence; it throws an Error with Go's wording. */
export interface Flag<T> {
  readonly short: string;
  /** the type word on the help page; '' for booleans */
  readonly word: string;
  readonly usage: string;
  readonly initial: T;
  readonly read: (before: T, text: string) => T;
  /** the value of the flag when none follows (booleans) */
  readonly bare?: string;
  /** `(default …)` on the help page, already in the form to print */
  readonly shown?: string;
  readonly hidden?: boolean;
  /** printed when the flag is used */
  readonly deprecated?: string;
  /** the oldest API version of a daemon that knows it */
  readonly since?: string;
  /** the value is kept under another flag's name */
  readonly aliasOf?: string;
}

// A flag of any type: T stands on both sides of `read`, so only this shape holds all of them.
export type AnyFlag = Omit<Flag<unknown>, 'read'> & { readonly read: (before: never, text: string) => unknown };
export type Flags = Readonly<Record<string, AnyFlag>>;

/** What the flags of a command are after parsing, by their names. */
export type Values<F extends Flags> = { readonly [K in keyof F]: F[K] extends Flag<infer T> ? T : never };

export interface Extra {
  readonly shown?: string;
  readonly hidden?: boolean;
  readonly deprecated?: string;
  readonly since?: string;
  readonly aliasOf?: string;
}

type Check = (text: string) => string;

export function bool(short: string, usage: string, initial = false, extra: Extra = {}): Flag<boolean> {
  return {
    short,
    word: '',
    usage,
    initial,
    bare: 'true',
    read: (_, text) => parseBool(text),
    ...(initial ? { shown: 'true' } : {}),
    ...extra,
  };
}

export function string(short: string, usage: string, initial = '', extra: Extra = {}): Flag<string> {
  return {
    short,
    word: 'string',
    usage,
    initial,
    read: (_, text) => text,
    ...(initial === '' ? {} : { shown: `"${initial}"` }),
    ...extra,
  };
}

export function int(short: string, usage: string, initial = 0, extra: Extra = {}): Flag<number> {
  return {
    short,
    word: 'int',
    usage,
    initial,
    read: (_, text) => parseInteger(text),
    ...(initial === 0 ? {} : { shown: String(initial) }),
    ...extra,
  };
}

export function uint(short: string, usage: string, bits: 16 | 64, extra: Extra = {}): Flag<number> {
  return {
    short,
    word: bits === 16 ? 'uint16' : 'uint',
    usage,
    initial: 0,
    read: (_, text) => parseUnsigned(text, bits),
    ...extra,
  };
}

export function list(
  short: string,
  usage: string,
  check: Check = (text) => text,
  extra: Extra = {},
): Flag<readonly string[]> {
  return { short, word: 'list', usage, initial: [], read: (before, text) => [...before, check(text)], ...extra };
}

/** pflag's stringSlice: comma separated, with the quotes of CSV, and repeatable. */
export function strings(short: string, usage: string, extra: Extra = {}): Flag<readonly string[]> {
  return {
    short,
    word: 'strings',
    usage,
    initial: [],
    read: (before, text) => (text === '' ? before : [...before, ...parseCsv(text)]),
    ...extra,
  };
}

export function map(
  short: string,
  usage: string,
  check: Check = (text) => text,
  extra: Extra = {},
): Flag<ReadonlyMap<string, string>> {
  return {
    short,
    word: 'map',
    usage,
    initial: new Map(),
    read: (before, text) => new Map([...before, cut(check(text), '=')]),
    shown: 'map[]',
    ...extra,
  };
}

/** pflag's stringToString: `name=value`, several with commas between them, and repeatable. */
export function pairs(short: string, usage: string, extra: Extra = {}): Flag<ReadonlyMap<string, string>> {
  return {
    short,
    word: 'stringToString',
    usage,
    initial: new Map(),
    read: (before, text) => {
      const fields = text.split('=').length > 2 ? parseCsv(text) : [dropEnds(text, '"')];
      for (const field of fields) if (!field.includes('=')) throw new Error(`${field} must be formatted as key=value`);
      return new Map([...before, ...fields.map((field) => cut(field, '='))]);
    },
    shown: '[]',
    ...extra,
  };
}

export function bytes(short: string, usage: string, extra: Extra & { readonly minusOne?: boolean } = {}): Flag<number> {
  const { minusOne, ...rest } = extra;
  return {
    short,
    word: 'bytes',
    usage,
    initial: 0,
    read: (_, text) => (minusOne && text === '-1' ? -1 : parseBytes(text)),
    ...rest,
  };
}

/** nanoseconds */
export function duration(short: string, usage: string, extra: Extra = {}): Flag<bigint> {
  return { short, word: 'duration', usage, initial: 0n, read: (_, text) => parseGoDuration(text), ...extra };
}

export type Filters = ReadonlyMap<string, readonly string[]>;

export function filter(short: string, usage: string, extra: Extra = {}): Flag<Filters> {
  return {
    short,
    word: 'filter',
    usage,
    initial: new Map(),
    read: (before, text) => {
      if (text === '') return before;
      if (!text.includes('=')) throw new Error('bad format of filter (expected name=value)');
      const [name, value] = cut(text, '=');
      const key = name.trim().toLowerCase();
      return new Map([...before, [key, [...(before.get(key) ?? []), value.trim()]]]);
    },
    ...extra,
  };
}

/** A flag whose value is read by a function of its own. */
export function custom<T>(
  word: string,
  short: string,
  usage: string,
  initial: T,
  read: (before: T, text: string) => T,
  extra: Extra = {},
): Flag<T> {
  return { short, word, usage, initial, read, ...extra };
}

/** `[before, after]` of the first separator; the whole text and '' when there is none. */
export function cut(text: string, separator: string): [string, string] {
  const at = text.indexOf(separator);
  return at < 0 ? [text, ''] : [text.slice(0, at), text.slice(at + separator.length)];
}

export function parseBool(text: string): boolean {
  const read = readBool(text);
  if (read !== undefined) return read;
  throw new Error(`strconv.ParseBool: parsing ${quote(text)}: invalid syntax`);
}

export function parseInteger(text: string, name = 'ParseInt'): number {
  const match = /^([+-]?)(0[xX][0-9a-fA-F_]+|0[bB][01_]+|0[oO]?[0-7_]*|[1-9][0-9_]*)$/.exec(text);
  if (!match) throw new Error(`strconv.${name}: parsing ${quote(text)}: invalid syntax`);
  const digits = (match[2] ?? '').replaceAll('_', '');
  const value = Number(/^0[0-7]+$/.test(digits) ? `0o${digits.slice(1)}` : digits) * (match[1] === '-' ? -1 : 1);
  if (Math.abs(value) > 2 ** 63) throw new Error(`strconv.${name}: parsing ${quote(text)}: value out of range`);
  return value;
}

export function parseUnsigned(text: string, bits: number): number {
  if (/^[+-]/.test(text)) throw new Error(`strconv.ParseUint: parsing ${quote(text)}: invalid syntax`);
  const value = parseInteger(text, 'ParseUint');
  if (value >= 2 ** bits) throw new Error(`strconv.ParseUint: parsing ${quote(text)}: value out of range`);
  return value;
}

const UNITS: Readonly<Record<string, bigint>> = {
  ns: 1n,
  us: 1_000n,
  µs: 1_000n,
  μs: 1_000n,
  ms: 1_000_000n,
  s: 1_000_000_000n,
  m: 60_000_000_000n,
  h: 3_600_000_000_000n,
};

/** Go's time.ParseDuration, in nanoseconds. */
export function parseGoDuration(text: string): bigint {
  const bad = (why: string): Error => new Error(`time: ${why}duration ${quote(text)}`);
  const body = text.replace(/^[+-]/, '');
  if (body === '0') return 0n;
  if (body === '') throw bad('invalid ');
  let total = 0n;
  let rest = body;
  while (rest !== '') {
    const number = /^(\d*)(?:\.(\d*))?/.exec(rest);
    if (!number || number[0] === '' || number[0] === '.') throw bad('invalid ');
    rest = rest.slice(number[0].length);
    const unit = /^[^\d.]+/.exec(rest)?.[0];
    if (unit === undefined) throw bad('missing unit in ');
    const scale = UNITS[unit];
    if (scale === undefined) throw new Error(`time: unknown unit ${quote(unit)} in duration ${quote(text)}`);
    rest = rest.slice(unit.length);
    const fraction = number[2] ?? '';
    total += BigInt(number[1] || '0') * scale;
    if (fraction !== '') total += (BigInt(fraction) * scale) / 10n ** BigInt(fraction.length);
  }
  return text.startsWith('-') ? -total : total;
}

/** Go's %q for text. */
export function quote(text: string): string {
  return JSON.stringify(text);
}

/** One CSV record, as encoding/csv reads it. */
export function parseCsv(text: string): string[] {
  if (text === '') throw new Error('EOF');
  const fields: string[] = [];
  let at = 0;
  for (;;) {
    if (text[at] === '"') {
      let field = '';
      at += 1;
      for (;;) {
        const end = text.indexOf('"', at);
        if (end < 0)
          throw new Error(`record on line 1; parse error on line 2, column 0: extraneous or missing " in quoted-field`);
        field += text.slice(at, end);
        at = end + 1;
        if (text[at] !== '"') break;
        field += '"';
        at += 1;
      }
      if (at < text.length && text[at] !== ',')
        throw new Error(`parse error on line 1, column ${at + 1}: extraneous or missing " in quoted-field`);
      fields.push(field);
    } else {
      const comma = text.indexOf(',', at);
      const field = text.slice(at, comma < 0 ? text.length : comma);
      const quoteAt = field.indexOf('"');
      if (quoteAt >= 0)
        throw new Error(`parse error on line 1, column ${at + quoteAt + 1}: bare " in non-quoted-field`);
      fields.push(field);
      at += field.length;
    }
    if (at >= text.length) return fields;
    at += 1;
  }
}
