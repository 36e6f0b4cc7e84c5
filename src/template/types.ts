// What Go knows of values and JSON does not: the types that errors and %T name, which objects are maps, what prints as text.
import { goDuration } from '../base/units.ts';

const TYPES = new WeakMap<object, string>();
const TEXTS = new WeakMap<object, string>();
const SOURCES = new WeakMap<object, object>();

/** Of this Go type from now on. A type that begins with `map[` has no fields: what is missing in it prints `<no value>`. */
export function typed<T extends object>(value: T, type: string): T {
  TYPES.set(value, type);
  return value;
}

/** Prints as this text, as what has a String method in Go. */
export function shownAs<T extends object>(value: T, text: string): T {
  TEXTS.set(value, text);
  return value;
}

/** Has the JSON of this object, whose names differ from those of its fields. */
export function writtenAs<T extends object>(value: T, source: object): T {
  SOURCES.set(value, source);
  return value;
}

export const sourceOf = (value: object): object | undefined => SOURCES.get(value);

export const goType = (value: unknown): string | undefined =>
  typeof value === 'object' && value !== null ? TYPES.get(value) : undefined;

export const ownText = (value: object): string | undefined => TEXTS.get(value);

/** Nanoseconds that print as `1m30s`. */
export class GoDuration extends Number {
  override toString(): string {
    return goDuration(this.valueOf() / 1e6);
  }
}
