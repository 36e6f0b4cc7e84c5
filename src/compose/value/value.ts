// What a Compose file holds before it has a shape: YAML's values as Go has them, where 1 and 1.0 differ.

/** A mapping; made by `dict()`, so that no key of a file meets one of Object's. */
export interface Dict {
  [key: string]: Value;
}
/** Whole numbers are `number`, or `bigint` beyond what that holds exactly; all others are a `Float`. */
export type Value = null | boolean | string | number | bigint | Float | Timestamp | Dict | Value[];

/** A number that Go holds as a float, for example `1.0`. */
export class Float {
  readonly value: number;
  readonly bits: 32 | 64;

  constructor(value: number, bits: 32 | 64 = 64) {
    this.value = bits === 32 ? Math.fround(value) : value;
    this.bits = bits;
  }
}

/** YAML's dates, which a Compose file may not hold. */
export class Timestamp {
  readonly text: string;

  constructor(text: string) {
    this.text = text;
  }
}

export function dict(entries?: Readonly<Record<string, Value>>): Dict {
  const made = Object.create(null) as Dict;
  return entries === undefined ? made : Object.assign(made, entries);
}

export function isDict(value: Value | undefined): value is Dict {
  return (
    typeof value === 'object' &&
    value !== null &&
    !Array.isArray(value) &&
    !(value instanceof Float) &&
    !(value instanceof Timestamp)
  );
}

export function has(mapping: Dict, key: string): boolean {
  return mapping[key] !== undefined;
}

export function clone<T extends Value>(value: T): T;
export function clone(value: Value): Value {
  if (Array.isArray(value)) return value.map((item) => clone(item));
  if (!isDict(value)) return value;
  const copy = dict();
  for (const key in value) copy[key] = clone(value[key] as Value);
  return copy;
}

/** True when both hold the same; the order of keys does not matter. */
export function same(a: Value | undefined, b: Value | undefined): boolean {
  if (a === b) return true;
  if (Array.isArray(a))
    return Array.isArray(b) && a.length === b.length && a.every((item, index) => same(item, b[index]));
  if (a instanceof Float) return b instanceof Float && Object.is(a.value, b.value);
  if (a instanceof Timestamp) return b instanceof Timestamp && a.text === b.text;
  if (!isDict(a) || !isDict(b)) return false;
  const keys = Object.keys(a);
  return keys.length === Object.keys(b).length && keys.every((key) => has(b, key) && same(a[key], b[key]));
}

/** Names in an order that does not depend on where they stood: that of their bytes. */
export function sortedKeys(mapping: Readonly<Record<string, unknown>>): string[] {
  return Object.keys(mapping).sort(byBytes);
}

/** The order of UTF-8, in which Go compares; that of UTF-16 differs where surrogates meet what lies above them. */
export function byBytes(a: string, b: string): number {
  const end = Math.min(a.length, b.length);
  for (let at = 0; at < end; at += 1) {
    const [x, y] = [a.charCodeAt(at), b.charCodeAt(at)];
    if (x !== y) return rank(x) - rank(y);
  }
  return a.length - b.length;
}

function rank(unit: number): number {
  if (unit < 0xd800) return unit;
  return unit < 0xe000 ? unit + 0x2000 : unit - 0x800;
}

/** As fmt.Sprint writes a value. */
export function sprint(value: Value | undefined): string {
  if (value === null || value === undefined) return '<nil>';
  if (value instanceof Float) return shortest(value, 'general');
  if (value instanceof Timestamp) return value.text;
  if (Array.isArray(value)) return `[${value.map((item) => sprint(item)).join(' ')}]`;
  if (isDict(value))
    return `map[${sortedKeys(value)
      .map((key) => `${key}:${sprint(value[key])}`)
      .join(' ')}]`;
  return String(value);
}

/** The name that Go gives a value's type in messages. */
export function typeName(value: Value | undefined): string {
  if (value === null || value === undefined) return '<nil>';
  if (value instanceof Float) return `float${value.bits}`;
  if (value instanceof Timestamp) return 'time.Time';
  if (Array.isArray(value)) return '[]interface {}';
  if (typeof value === 'number') return 'int';
  if (typeof value === 'bigint') return 'uint64';
  if (typeof value === 'boolean') return 'bool';
  return typeof value === 'string' ? 'string' : 'map[string]interface {}';
}

/** The fewest digits that give the same number: `general` as %v, `json` as encoding/json. */
export function shortest(float: Float, style: 'general' | 'json'): string {
  const { value, bits } = float;
  if (Number.isNaN(value)) return 'NaN';
  if (!Number.isFinite(value)) return value > 0 ? '+Inf' : '-Inf';
  if (value === 0) return Object.is(value, -0) ? '-0' : '0';
  const [mantissa = '', power = '0'] = digitsOf(Math.abs(value), bits).split('e');
  const exponent = Number(power);
  const sign = value < 0 ? '-' : '';
  const digits = mantissa.replace('.', '');
  const limit = style === 'json' ? 21 : 6;
  const least = style === 'json' ? -6 : -4;
  if (exponent < least || exponent >= limit) {
    const size = String(Math.abs(exponent));
    // encoding/json writes 1e-7 for 1e-07
    const padded = style === 'json' && exponent < 0 ? size : size.padStart(2, '0');
    return `${sign}${digits[0]}${digits.length > 1 ? `.${digits.slice(1)}` : ''}e${exponent < 0 ? '-' : '+'}${padded}`;
  }
  if (exponent < 0) return `${sign}0.${'0'.repeat(-exponent - 1)}${digits}`;
  const whole = digits.slice(0, exponent + 1).padEnd(exponent + 1, '0');
  const rest = digits.slice(exponent + 1);
  return `${sign}${whole}${rest === '' ? '' : `.${rest}`}`;
}

/** `d.ddde±x` with the fewest digits. */
function digitsOf(value: number, bits: 32 | 64): string {
  if (bits === 64) return value.toExponential();
  for (let count = 0; count < 9; count += 1) {
    const text = value.toExponential(count);
    if (Math.fround(Number(text)) === value) return text;
  }
  return value.toExponential();
}

/** True for a decimal number, with a fraction or an exponent or without. */
export function isDecimal(text: string): boolean {
  return /^[-+]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][-+]?\d+)?$/.test(text);
}
