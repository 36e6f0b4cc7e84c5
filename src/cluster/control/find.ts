// One object by id, by name, or by the beginning of its id, as clients name it. Pure.
import { internal, notFound } from '../../base/errors.ts';

export interface Named<T> {
  readonly noun: string;
  readonly all: readonly T[];
  readonly id: (object: T) => string;
  readonly name: (object: T) => string | undefined;
}

export function find<T>(reference: string, { noun, all, id, name }: Named<T>): T {
  const exact = all.find((one) => id(one) === reference);
  if (exact) return exact;
  const named = all.filter((one) => name(one) === reference);
  if (named.length > 1) throw internal(`${noun} ${reference} is ambiguous (${named.length} matches found)`);
  const [first] = named;
  if (first) return first;
  const begun = reference === '' ? [] : all.filter((one) => id(one).startsWith(reference));
  if (begun.length > 1) throw internal(`${noun} ${reference} is ambiguous (${begun.length} matches found)`);
  const [only] = begun;
  if (only) return only;
  throw notFound(`${noun} ${reference} not found`);
}

export type Filters = ReadonlyMap<string, readonly string[]>;

/** Any of the values, each by prefix; true without the filter. */
export function byPrefix(filters: Filters, key: string, value: string): boolean {
  const wanted = filters.get(key) ?? [];
  return wanted.length === 0 || wanted.some((one) => value.startsWith(one));
}

/** Every one of the labels, `key` or `key=value`. */
export function byLabels(filters: Filters, key: string, labels: Readonly<Record<string, string>> | undefined): boolean {
  return (filters.get(key) ?? []).every((wanted) => {
    const at = wanted.indexOf('=');
    const name = at === -1 ? wanted : wanted.slice(0, at);
    const value = labels?.[name];
    return value !== undefined && (at === -1 || value === wanted.slice(at + 1));
  });
}

export function oneOf(filters: Filters, key: string, value: string): boolean {
  const wanted = filters.get(key) ?? [];
  return wanted.length === 0 || wanted.includes(value);
}

/** Refuses filters that the list does not know. */
export function known(filters: Filters, names: readonly string[], fail: (text: string) => Error): void {
  for (const name of filters.keys()) if (!names.includes(name)) throw fail(`invalid filter '${name}'`);
}
