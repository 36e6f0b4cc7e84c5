// The kinds of flags, with pflag's rules: how a text is read, what the help page says of it, what a bare flag means.
import { dropEnds } from '../../base/ends.ts';
import { cut, parseBool, parseCsv, parseGoDuration, parseInteger, parseUnsigned } from '../../base/go-text.ts';
import { readBytes as parseBytes } from '../../base/units.ts';

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
