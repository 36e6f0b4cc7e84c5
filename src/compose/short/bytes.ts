// A size with a unit -> bytes, with docker compose's words for what is none.
import { isDecimal } from '../value/value.ts';

const POWERS: Readonly<Record<string, number>> = { k: 1, m: 2, g: 3, t: 4, p: 5 };

export function parseSize(text: string): bigint {
  const end = Math.max(...Array.from('0123456789. ', (char) => text.lastIndexOf(char)));
  if (end < 0) throw new Error(`invalid size: '${text}'`);
  const number = text.slice(0, text[end] === ' ' ? end : end + 1);
  const suffix = text.slice(end + 1);
  if (!isDecimal(number)) throw new Error(`strconv.ParseFloat: parsing ${JSON.stringify(number)}: invalid syntax`);
  const size = Number(number);
  if (size < 0) throw new Error(`invalid size: '${text}'`);
  if (suffix === '') return BigInt(Math.trunc(size));
  const unit = suffix.toLowerCase();
  const power = POWERS[unit[0] ?? ''];
  const isKnown = unit === 'b' || (power !== undefined && /^.(?:b|ib)?$/.test(unit));
  if (!isKnown) throw new Error(`invalid suffix: '${unit.length > 3 ? suffix : unit}'`);
  return BigInt(Math.trunc(size * 1024 ** (power ?? 0)));
}
