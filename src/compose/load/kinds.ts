// What a key of the canonical project holds: how it is read from the tree of a file, and how it is printed.
import { CastError, toBoolean, toInteger } from './interpolate.ts';
import { formatDuration, parseDuration } from './durations.ts';
import { parseSize } from '../short/bytes.ts';
import { splitWords } from '../../spec/docker/shorthand/index.ts';
import { type Dict, Float, isDict, sortedKeys, sprint, typeName, type Value } from '../value/value.ts';

export type Style = 'yaml' | 'json';

/** A mapping in the order in which it is to be printed; a `Dict` is printed by its keys' order. */
export class Ordered {
  readonly entries: readonly (readonly [string, Printed])[];

  constructor(entries: readonly (readonly [string, Printed])[]) {
    this.entries = entries;
  }
}
/** What the printers of YAML and JSON take. */
export type Printed = Value | Ordered | readonly Printed[] | { readonly [key: string]: Printed };

export interface Decoding {
  /** one fault a key: `'services[a].mem_limit' invalid size: 'junk'` */
  readonly faults: string[];
  readonly warn: (message: string) => void;
}

export interface Kind<T = unknown> {
  /** undefined when nothing is said */
  read(value: Value, at: string, how: Decoding): T | undefined;
  print(value: T, style: Style): Printed;
  /** what Go leaves out where a key may be left out */
  isZero(value: T, style: Style): boolean;
}

/** Calls a reader, and notes what it throws. */
function guarded<T>(read: (value: Value, how: Decoding, at: string) => T | undefined): Kind<T>['read'] {
  return (value, at, how) => {
    if (value === null) return undefined;
    try {
      return read(value, how, at);
    } catch (error) {
      how.faults.push(`'${at}' ${error instanceof Error ? error.message : String(error)}`);
      return undefined;
    }
  };
}

function mismatch(expected: string, value: Value): Error {
  return new Error(`expected type '${expected}', got unconvertible type '${typeName(value)}'`);
}

const asIs = (value: unknown): Printed => value as Printed;

export const text: Kind<string> = {
  read: guarded((value) => {
    if (typeof value === 'string') return value;
    if (typeof value === 'number') return String(value);
    throw mismatch('string', value);
  }),
  print: asIs,
  isZero: (value) => value === '',
};

function boolOf(keepsFalse: boolean): Kind<boolean> {
  return {
    read: guarded((value, { warn }) => {
      if (typeof value === 'boolean') return value;
      if (typeof value === 'string') return toBoolean(value, warn);
      throw mismatch('bool', value);
    }),
    print: asIs,
    isZero: (value) => !keepsFalse && !value,
  };
}
export const bool = boolOf(false);
/** false and nothing differ */
export const maybeBool = boolOf(true);

function intOf(keepsZero: boolean): Kind<number> {
  return {
    read: guarded((value) => {
      if (typeof value === 'number') return value;
      if (typeof value === 'bigint') return Number(value);
      if (value instanceof Float) return Math.trunc(value.value);
      if (typeof value === 'string') return toInteger(value, 'ParseInt');
      throw mismatch('int', value);
    }),
    print: asIs,
    isZero: (value) => !keepsZero && value === 0,
  };
}
export const int = intOf(false);
/** 0 and nothing differ */
export const maybeInt = intOf(true);
/** printed even when it is 0 */
export const plainInt = intOf(true);

function floatOf(bits: 32 | 64): Kind<number> {
  return {
    read: guarded((value) => {
      if (value instanceof Float) return new Float(value.value, bits).value;
      if (typeof value === 'number') return new Float(value, bits).value;
      if (typeof value === 'string') {
        const number = Number(value);
        if (value.trim() !== '' && !Number.isNaN(number)) return new Float(number, bits).value;
        throw new CastError(`strconv.ParseFloat: parsing ${JSON.stringify(value)}: invalid syntax`);
      }
      throw mismatch(`float${bits}`, value);
    }),
    print: (value) => new Float(value, bits),
    isZero: (value) => value === 0,
  };
}
export const float32 = floatOf(32);

function durationOf(keepsZero: boolean): Kind<string> {
  return {
    read: guarded((value) => formatDuration(parseDuration(sprint(value)))),
    print: asIs,
    isZero: (value) => !keepsZero && value === '0s',
  };
}
export const duration = durationOf(false);
export const maybeDuration = durationOf(true);

export const bytes: Kind<string> = {
  read: guarded((value) => {
    if (typeof value === 'number') return String(value);
    return typeof value === 'string' ? String(parseSize(value)) : undefined;
  }),
  print: asIs,
  isZero: (value) => value === '0',
};

export const fileMode: Kind<string> = {
  read: guarded((value) => {
    if (typeof value === 'number') return `0${value.toString(8)}`;
    if (typeof value !== 'string') throw new Error(`unexpected value type ${typeName(value)} for mode`);
    if (!/^[0-7]+$/.test(value)) throw new Error(`strconv.ParseInt: parsing ${JSON.stringify(value)}: invalid syntax`);
    return `0${Number.parseInt(value, 8).toString(8)}`;
  }),
  print: asIs,
  isZero: () => false,
};

/** A command: a text is split into words; an empty list is not nothing. */
export const command: Kind<readonly string[] | null> = {
  read: guarded((value) => {
    if (typeof value === 'string') return splitWords(value);
    return Array.isArray(value) ? value.map((item) => sprint(item)) : undefined;
  }),
  print: asIs,
  isZero: (value, style) => style === 'yaml' && value === null,
};

export const healthTest: Kind<readonly string[]> = {
  read: guarded((value) => {
    if (typeof value === 'string') return ['CMD-SHELL', value];
    if (Array.isArray(value)) return value.map((item) => sprint(item));
    throw new Error(`unexpected value type ${typeName(value)} for healthcheck.test`);
  }),
  print: asIs,
  isZero: (value) => value.length === 0,
};

/** A list of texts; one text is a list of one. */
export const texts: Kind<readonly string[]> = {
  read: guarded((value) => {
    if (typeof value === 'string') return [value];
    if (!Array.isArray(value)) throw new Error(`invalid type ${typeName(value)} for string list`);
    return value.map((item) => sprint(item));
  }),
  print: asIs,
  isZero: (value) => value.length === 0,
};

type Mapping = Readonly<Record<string, string>>;
type Variables = Readonly<Record<string, string | null>>;

function isEmpty(value: Readonly<Record<string, unknown>>): boolean {
  for (const _ in value) return false;
  return true;
}

/** Keys and texts; `key=value` in a list as well. */
export const mapping: Kind<Mapping> = {
  read: guarded((value) => {
    const made = Object.create(null) as Record<string, string>;
    if (isDict(value)) for (const key in value) made[key] = value[key] === null ? '' : sprint(value[key]);
    else if (Array.isArray(value)) for (const item of value) put(made, sprint(item));
    else throw new Error(`unexpected value type ${typeName(value)} for mapping`);
    return made;
  }),
  print: asIs,
  isZero: isEmpty,
};

function put(made: Record<string, string>, line: string): void {
  const at = line.indexOf('=');
  made[at < 0 ? line : line.slice(0, at)] = at < 0 ? '' : line.slice(at + 1);
}

/** Keys and texts, or keys alone. */
export const variables: Kind<Variables> = {
  read: guarded((value) => {
    const made = Object.create(null) as Record<string, string | null>;
    if (isDict(value)) for (const key in value) made[key] = value[key] === null ? null : sprint(value[key]);
    else if (Array.isArray(value))
      for (const item of value) {
        const line = sprint(item);
        const at = line.indexOf('=');
        const name = at < 0 ? line : line.slice(0, at);
        if (/\s$/.test(name)) throw new Error(`environment variable ${name} is declared with a trailing space`);
        made[name] = at < 0 ? null : line.slice(at + 1);
      }
    else throw new Error(`unexpected value type ${typeName(value)} for mapping`);
    return made;
  }),
  print: asIs,
  isZero: isEmpty,
};

/** Options that may be given more than once. */
export const multiOptions: Kind<Readonly<Record<string, readonly string[]>>> = {
  read: guarded((value) => {
    if (!isDict(value)) throw new Error(`invalid type ${typeName(value)} for options`);
    const made = Object.create(null) as Record<string, string[]>;
    for (const key in value) {
      const held = value[key] as Value;
      made[key] = (Array.isArray(held) ? held : [held]).map((item) => sprint(item));
    }
    return made;
  }),
  print: asIs,
  isZero: isEmpty,
};

/** `host=address`, sorted. */
export const hosts: Kind<readonly string[]> = {
  read: guarded((value) => {
    const list = new Map<string, string[]>();
    if (isDict(value))
      for (const host in value) {
        const held = value[host] as Value;
        list.set(host, Array.isArray(held) ? held.map((item) => sprint(item)) : [held === null ? '' : sprint(held)]);
      }
    else if (Array.isArray(value))
      for (const item of value) {
        const line = sprint(item);
        const at = line.includes('=') ? line.indexOf('=') : line.indexOf(':');
        if (at < 0) throw new Error(`invalid additional host, missing IP: ${line}`);
        const host = line.slice(0, at);
        list.set(host, [...(list.get(host) ?? []), ...line.slice(at + 1).split(',')]);
      }
    else throw new Error(`unexpected value type ${typeName(value)} for extra_hosts`);
    return [...list]
      .flatMap(([host, addresses]) => {
        if (host === '' || /[:=]/.test(host)) throw new Error(`bad host name '${host}'`);
        return addresses.map((address) => `${host}=${address.replace(/^\[(.+)\]$/, '$1')}`);
      })
      .sort();
  }),
  print: asIs,
  isZero: (value) => value.length === 0,
};

/** How many devices: `all` is -1. */
export const deviceCount: Kind<number> = {
  read: guarded((value) => {
    if (typeof value === 'number') return value;
    if (typeof value !== 'string') throw new Error(`invalid type ${typeName(value)} for device count`);
    if (value.toLowerCase() === 'all') return -1;
    if (!/^[-+]?\d+$/.test(value))
      throw new Error(`invalid value ${JSON.stringify(value)}, the only value allowed is 'all' or a number`);
    return Number(value);
  }),
  print: asIs,
  isZero: (value) => value === 0,
};

type Ulimit = number | { readonly soft?: number; readonly hard?: number };

export const ulimit: Kind<Ulimit> = {
  read: guarded((value): Ulimit => {
    if (typeof value === 'number') return value === 0 ? {} : value;
    if (!isDict(value)) throw new Error(`unexpected value type ${typeName(value)} for ulimit`);
    const part = (key: 'soft' | 'hard'): { soft?: number; hard?: number } => {
      const held = value[key];
      return typeof held === 'number' && held !== 0 ? { [key]: held } : {};
    };
    return { ...part('soft'), ...part('hard') };
  }),
  print: (value, style) => {
    if (typeof value === 'number') return value;
    if (style === 'yaml')
      return new Ordered([
        ['soft', value.soft ?? 0],
        ['hard', value.hard ?? 0],
      ]);
    return new Ordered(Object.entries(value));
  },
  isZero: () => false,
};

export function list<T>(of: Kind<T>): Kind<readonly T[]> {
  return {
    read: guarded((value, how, at) => {
      const items = Array.isArray(value) ? value : [value];
      return items.flatMap((item, index) => of.read(item, `${at}[${index}]`, how) ?? []);
    }),
    print: (value, style) => value.map((item) => of.print(item, style)),
    isZero: (value) => value.length === 0,
  };
}

/** Names to what they stand for; with `keepsNull` a name may stand alone. */
export function record<T>(of: Kind<T>, keepsNull = false): Kind<Readonly<Record<string, T | null>>> {
  return {
    read: guarded((value, how, at) => {
      if (!isDict(value)) throw new Error(`expected a map, got '${typeName(value)}'`);
      const made = Object.create(null) as Record<string, T | null>;
      for (const key of sortedKeys(value)) {
        const held = of.read(value[key] as Value, `${at}[${key}]`, how);
        if (held !== undefined) made[key] = held;
        else if (keepsNull) made[key] = null;
      }
      return made;
    }),
    print: (value, style) => {
      const made: Record<string, Printed> = Object.create(null) as Record<string, Printed>;
      for (const key in value) {
        const held = value[key];
        made[key] = held === null || held === undefined ? null : of.print(held, style);
      }
      return made;
    },
    isZero: isEmpty,
  };
}

export interface Field {
  readonly kind: Kind;
  /** its name in JSON, where that differs */
  readonly json?: string;
  /** printed though nothing is said: in JSON, or always; then with this value */
  readonly keep?: 'json' | 'always';
  readonly empty?: Printed;
}
export type Fields = Readonly<Record<string, Field | Kind>>;

type Struct = Readonly<Record<string, unknown>>;

/** Named keys, in the order in which Go has them. With `required` they are all there, with a value for what was not said. */
export function struct(fields: Fields, made: (value: Struct) => Struct = (value) => value): Kind<Struct> {
  const rows = Object.entries(fields).map(([key, field]) => ({ key, ...('kind' in field ? field : { kind: field }) }));
  const isZero = (value: Struct, style: Style): boolean =>
    value['extensions'] === undefined &&
    rows.every(({ key, json, kind }) => {
      const held = value[json ?? key];
      return held === undefined || held === null || kind.isZero(held, style);
    });
  return {
    read: guarded((value, how, at) => {
      if (!isDict(value)) throw new Error(`expected a map or struct, got "${typeName(value)}"`);
      const read: Record<string, unknown> = {};
      for (const { key, json, kind, keep, empty } of rows) {
        const source = value[key];
        const held = source === undefined ? undefined : kind.read(source, at === '' ? key : `${at}.${key}`, how);
        if (held !== undefined && !(keep === undefined && kind.isZero(held, 'yaml'))) read[json ?? key] = held;
        else if (keep !== undefined) read[json ?? key] = held ?? empty ?? null;
      }
      const extensions = extensionsOf(value);
      if (extensions !== undefined) read['extensions'] = extensions;
      return made(read);
    }),
    print: (value, style) => {
      const entries: [string, Printed][] = [];
      for (const { key, json, kind, keep } of rows) {
        const held = value[json ?? key];
        const isThere = held !== undefined && held !== null && !kind.isZero(held, style);
        const isKept = keep === 'always' || (keep === 'json' && style === 'json');
        if (!isThere && !isKept) continue;
        const printed = held === undefined || held === null ? null : kind.print(held, style);
        entries.push([style === 'json' ? (json ?? key) : key, printed]);
      }
      const extensions = value['extensions'] as Dict | undefined;
      if (style === 'yaml' && extensions !== undefined)
        for (const key of sortedKeys(extensions)) entries.push([key, extensions[key] as Value]);
      return new Ordered(entries);
    },
    isZero,
  };
}

function extensionsOf(value: Dict): Dict | undefined {
  let extensions: Dict | undefined;
  for (const key in value)
    if (key.startsWith('x-')) {
      extensions ??= Object.create(null) as Dict;
      extensions[key] = value[key] as Value;
    }
  return extensions;
}

/** A struct that stands in its place even when nothing is in it, and that only JSON then shows. */
export function embedded(kind: Kind<Struct>): Kind<Struct> {
  return { ...kind, isZero: (value, style) => style === 'yaml' && kind.isZero(value, style) };
}

/** A struct behind a pointer: it is printed when it is there. */
export function pointer(kind: Kind<Struct>): Kind<Struct> {
  return { ...kind, isZero: () => false };
}
