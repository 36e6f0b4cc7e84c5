// Sizes and times as people read them. Pure.
import type { Words } from './languages.ts';

/** `7.1 MB`, in powers of 1000 as Docker shows sizes. */
export function sizeText(bytes: number): string {
  const units = ['B', 'kB', 'MB', 'GB', 'TB'];
  let value = bytes;
  let unit = 0;
  while (value >= 999.5 && unit < units.length - 1) {
    value /= 1000;
    unit += 1;
  }
  return `${unit === 0 || value >= 99.5 ? Math.round(value) : value.toPrecision(value >= 9.95 ? 3 : 2)} ${units[unit]}`;
}

export function countText(count: number): string {
  if (count < 1000) return String(count);
  return count < 999_500 ? `${(count / 1000).toPrecision(3)}k` : `${(count / 1e6).toPrecision(3)}M`;
}

const MINUTE = 60_000;
const SPANS = [
  ['year', 365 * 24 * 60],
  ['month', 30 * 24 * 60],
  ['day', 24 * 60],
  ['hour', 60],
  ['minute', 1],
] as const;

/** Both in milliseconds since 1970. */
export function agoText(at: number, now: number, words: Words): string {
  const minutes = Math.floor((now - at) / MINUTE);
  for (const [unit, length] of SPANS) if (minutes >= length) return words.ago(Math.floor(minutes / length), unit);
  return words.agoNow;
}

export const shortDigest = (digest: string): string => digest.replace(/^sha(256|512):/, '').slice(0, 12);
