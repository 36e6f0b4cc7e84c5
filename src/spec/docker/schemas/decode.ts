// Reads JSON values into complete Go-like structs: wrong types are refused in the words of Go's encoding/json.
import { invalid } from '../../../base/errors.ts';

/** How a value of one type is read. `zero` makes what an absent or null value becomes. */
export interface Kind<T> {
  /** Go's name of the type, for messages. */
  readonly go: string;
  readonly zero: () => T | null | undefined;
  readonly read: (value: unknown, path: string) => T;
  /** Left out of the struct when empty, as `omitempty`. */
  readonly omit?: true;
  /** Field names of a struct, for tests. */
  readonly fields?: Readonly<Record<string, Kind<unknown>>>;
  readonly element?: Kind<unknown>;
}

/** A JSON value that has the wrong type. Status 400 with `invalid JSON: json: cannot unmarshal …`. */
function wrong(value: unknown, path: string, go: string): Error {
  const what = typeof value === 'number' || typeof value === 'bigint' ? 'number' : kindOf(value);
  return invalid(`invalid JSON: json: cannot unmarshal ${what} into ${place(path)} of type ${go}`);
}

function badNumber(value: number | bigint, path: string, go: string): Error {
  return invalid(`invalid JSON: json: cannot unmarshal number ${value} into ${place(path)} of type ${go}`);
}

function kindOf(value: unknown): string {
  if (Array.isArray(value)) return 'array';
  return typeof value === 'boolean' ? 'bool' : typeof value;
}

/** An element of a list is named by its path alone, a field is called one. */
function place(path: string): string {
  return /\.\d+$/.test(path) ? path : `Go struct field ${path}`;
}

const token = (name: string): string => name.replaceAll('~', '~0').replaceAll('/', '~1');

export const text = (go = 'string'): Kind<string> => ({
  go,
  zero: () => '',
  read: (value, path) => {
    if (typeof value !== 'string') throw wrong(value, path, go);
    return value;
  },
});

export const flag: Kind<boolean> = {
  go: 'bool',
  zero: () => false,
  read: (value, path) => {
    if (typeof value !== 'boolean') throw wrong(value, path, 'bool');
    return value;
  },
};

const RANGES: Record<string, readonly [bigint, bigint]> = {
  int: [-(2n ** 63n), 2n ** 63n - 1n],
  int64: [-(2n ** 63n), 2n ** 63n - 1n],
  'time.Duration': [-(2n ** 63n), 2n ** 63n - 1n],
  uint: [0n, 2n ** 64n - 1n],
  uint64: [0n, 2n ** 64n - 1n],
  'fs.FileMode': [0n, 2n ** 32n - 1n],
  uint16: [0n, 2n ** 16n - 1n],
};

/** Whole numbers in the range of a Go type. Beyond 2^53 the value is the nearest double, as JSON.parse has it. */
export const int = (
  go: 'int' | 'int64' | 'uint' | 'uint64' | 'uint16' | 'time.Duration' | 'fs.FileMode' = 'int64',
): Kind<number> => ({
  go,
  zero: () => 0,
  read: (value, path) => {
    if (typeof value !== 'number' && typeof value !== 'bigint') throw wrong(value, path, go);
    const [low, high] = RANGES[go] ?? [0n, 0n];
    if (typeof value === 'number' && !Number.isInteger(value)) throw badNumber(value, path, go);
    const exact = BigInt(value);
    // 2^63-1 and 2^64-1 have no double of their own: what a client wrote as such arrives one higher.
    if (exact < low || exact > high + (typeof value === 'number' && high > 2n ** 53n ? 1n : 0n))
      throw badNumber(value, path, go);
    return Number(value);
  },
});

export const list = <T>(element: Kind<T>, pointers = false): Kind<T[]> => ({
  go: `[]${pointers ? '*' : ''}${element.go}`,
  element,
  zero: () => null,
  read: (value, path) => {
    if (!Array.isArray(value)) throw wrong(value, path, `[]${pointers ? '*' : ''}${element.go}`);
    const items = value.map((one: unknown, index) =>
      one === null ? element.zero() : element.read(one, `${path}.${index}`),
    );
    return items.filter((one) => !pointers || one !== null) as T[];
  },
});

/** One string, or a list of them. */
export const strings: Kind<string[]> = {
  go: 'strslice.StrSlice',
  zero: () => null,
  read: (value) => {
    if (typeof value === 'string') return [value];
    if (Array.isArray(value) && value.every((one) => one === null || typeof one === 'string')) {
      return value.map((one: string | null) => one ?? '');
    }
    const what = typeof value === 'number' ? 'number' : kindOf(value);
    throw invalid(`invalid JSON: json: cannot unmarshal ${what} into Go value of type string`);
  },
};

export const map = <T>(element: Kind<T>, go = `map[string]${element.go}`): Kind<Record<string, T>> => ({
  go,
  element,
  zero: () => null,
  read: (value, path) => {
    if (typeof value !== 'object' || value === null || Array.isArray(value)) throw wrong(value, path, go);
    return Object.fromEntries(
      Object.entries(value).map(([key, one]) => [
        key,
        (one === null ? element.zero() : element.read(one, `${path}.${token(key)}`)) as T,
      ]),
    );
  },
});

/** `struct {}`: a set's value. */
export const unit: Kind<object> = {
  go: 'struct {}',
  zero: () => ({}),
  read: (value, path) => {
    if (typeof value !== 'object' || Array.isArray(value)) throw wrong(value, path, 'struct {}');
    return {};
  },
};

/** A fixed array: too long is cut, too short is filled up. */
export const pair = (element: Kind<number>): Kind<[number, number]> => ({
  go: `[2]${element.go}`,
  zero: () => [0, 0],
  read: (value, path) => {
    if (!Array.isArray(value)) throw wrong(value, path, `[2]${element.go}`);
    const at = (index: number): number => {
      const one: unknown = value[index];
      return one === undefined || one === null ? 0 : element.read(one, `${path}.${index}`);
    };
    return [at(0), at(1)];
  },
});

type Fields<T> = { readonly [K in keyof T]-?: Kind<NonNullable<T[K]>> };

/** A struct with every field set; keys are matched without regard to case, unknown ones are left aside. */
export const struct = <T extends object>(go: string, fields: Fields<T>): Kind<T> => {
  const table = fields as Readonly<Record<string, Kind<unknown>>>;
  const names = Object.keys(table);
  const folded = new Map(names.map((name) => [name.toLowerCase(), name]));
  const finish = (given: ReadonlyMap<string, unknown>): T => {
    const entries = names.map((name) => [name, given.has(name) ? given.get(name) : table[name]?.zero()] as const);
    return Object.fromEntries(
      entries.filter(([name, value]) => !(table[name]?.omit && isEmpty(value)) && value !== undefined),
    ) as T;
  };
  return {
    go,
    fields: table,
    zero: () => finish(new Map()),
    read: (value, at) => {
      if (typeof value !== 'object' || value === null || Array.isArray(value)) throw wrong(value, at, go);
      const given = new Map<string, unknown>();
      for (const [key, one] of Object.entries(value)) {
        const name = Object.hasOwn(table, key) ? key : folded.get(key.toLowerCase());
        const kind = name === undefined ? undefined : table[name];
        if (name === undefined || kind === undefined || one === null) continue;
        given.set(name, kind.read(one, `${at}.${name}`));
      }
      return finish(given);
    },
  };
};

function isEmpty(value: unknown): boolean {
  if (value === null || value === undefined || value === false || value === 0 || value === '') return true;
  if (Array.isArray(value)) return value.length === 0;
  return false;
}

/** Left out when empty: Go's `omitempty`. An empty map counts as empty. */
export const omit = <T>(kind: Kind<T>): Kind<T> => ({
  ...kind,
  omit: true,
  zero: () => undefined,
  read: (value, path) => {
    const got = kind.read(value, path);
    const hollow =
      kind.element !== undefined && typeof got === 'object' && got !== null && Object.keys(got).length === 0;
    return (hollow ? null : got) as T;
  },
});

/** A pointer: null when absent, and whatever was given otherwise, be it zero. */
export const pointer = <T>(kind: Kind<T>): Kind<T> => ({ ...kind, zero: () => null });

/** A pointer that is left out when absent. */
export const optional = <T>(kind: Kind<T>): Kind<T> => ({ ...kind, zero: () => undefined });

/** Reads a whole body; undefined is an empty one. `name` is Go's name of the outer struct as messages show it. */
export function decode<T>(kind: Kind<T>, body: unknown, name = ''): T {
  if (body === undefined || body === null || typeof body !== 'object' || Array.isArray(body)) {
    if (body === undefined || body === null) return kind.zero() as T;
    throw invalid(
      `invalid JSON: json: cannot unmarshal ${typeof body === 'number' ? 'number' : kindOf(body)} into Go value of type ${kind.go}`,
    );
  }
  return kind.read(body, name);
}
