// Numbers, durations, booleans and CSV in the forms that Go reads, with Go's errors, which Docker repeats. Pure.
import { parseBool as readBool } from './bool.ts';

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

/** Nanoseconds. */
export const GO_UNITS: Readonly<Record<string, bigint>> = {
  ns: 1n,
  us: 1_000n,
  µs: 1_000n,
  μs: 1_000n,
  ms: 1_000_000n,
  s: 1_000_000_000n,
  m: 60_000_000_000n,
  h: 3_600_000_000_000n,
};

/** Far more than any duration that Go holds is written with. */
const MAX_DURATION_CHARACTERS = 256;
const MAX_DURATION = 2n ** 63n - 1n;

/** Go's time.ParseDuration, in nanoseconds; `units` may be more than Go's. Throws in Go's words. */
export function parseGoDuration(text: string, units = GO_UNITS): bigint {
  const bad = (why: string): Error => new Error(`time: ${why}duration ${quote(text)}`);
  const body = text.replace(/^[+-]/, '');
  if (body === '0') return 0n;
  if (body === '' || body.length > MAX_DURATION_CHARACTERS) throw bad('invalid ');
  let total = 0n;
  let rest = body;
  while (rest !== '') {
    const number = /^(\d*)(?:\.(\d*))?/.exec(rest);
    if (!number || number[0] === '' || number[0] === '.') throw bad('invalid ');
    rest = rest.slice(number[0].length);
    const unit = /^[^\d.]+/.exec(rest)?.[0];
    if (unit === undefined) throw bad('missing unit in ');
    const scale = Object.hasOwn(units, unit) ? units[unit] : undefined;
    if (scale === undefined) throw new Error(`time: unknown unit ${quote(unit)} in duration ${quote(text)}`);
    rest = rest.slice(unit.length);
    const fraction = number[2] ?? '';
    total += BigInt(number[1] || '0') * scale;
    if (fraction !== '') total += (BigInt(fraction) * scale) / 10n ** BigInt(fraction.length);
    if (total > MAX_DURATION) throw bad('invalid ');
  }
  return text.startsWith('-') ? -total : total;
}

/** The same for texts that may be something else; undefined for those. */
export function goDurationIn(text: string): bigint | undefined {
  try {
    return parseGoDuration(text);
  } catch {
    return undefined;
  }
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
