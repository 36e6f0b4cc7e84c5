// Numbers and texts as header blocks and PAX records hold them.
import { INVALID, TarError } from './entry.ts';

const ZERO = 48;

/** Octal digits, or a big-endian number when the first bit is set; negative and above 2^53 is refused by the caller's limits. */
export function number(block: Buffer, offset: number, length: number): number {
  const first = block[offset] ?? 0;
  if (first & 0x80) {
    const negative = (first & 0x40) !== 0;
    let value = negative ? (first & 0x7f) - 0x80 : first & 0x7f;
    for (let i = offset + 1; i < offset + length; i += 1) value = value * 256 + (block[i] ?? 0);
    if (!Number.isSafeInteger(value)) throw new TarError(INVALID);
    return value;
  }
  let value = 0;
  let digits = false;
  for (let i = offset; i < offset + length; i += 1) {
    const byte = block[i] ?? 0;
    if (byte >= ZERO && byte < ZERO + 8) {
      value = value * 8 + byte - ZERO;
      digits = true;
    } else if (byte === 0 || byte === 32) {
      if (digits) break;
    } else throw new TarError(INVALID);
  }
  return value;
}

export function text(block: Buffer, offset: number, length: number): string {
  let end = offset;
  while (end < offset + length && block[end] !== 0) end += 1;
  return block.toString('latin1', offset, end);
}

/** A number in decimal digits. */
export function whole(value: string): number {
  const result = Number(value);
  if (!/^\d+$/.test(value) || !Number.isSafeInteger(result)) throw new TarError(INVALID);
  return result;
}
