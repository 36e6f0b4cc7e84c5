// Lengths of time: the text of a file (`1w2d`, `1m30s`) -> nanoseconds -> text as Go writes it.
import { GO_UNITS, parseGoDuration } from '../../base/go-text.ts';

const UNITS = { ...GO_UNITS, d: 86_400_000_000_000n, w: 604_800_000_000_000n };

/** Nanoseconds; throws in the words of docker compose. Days and weeks are units here. */
export function parseDuration(text: string): bigint {
  return parseGoDuration(text, UNITS);
}

/** `1h2m3.5s`. */
export function formatDuration(ns: bigint): string {
  if (ns === 0n) return '0s';
  const sign = ns < 0n ? '-' : '';
  const size = ns < 0n ? -ns : ns;
  if (size < 1_000n) return `${sign}${size}ns`;
  if (size < 1_000_000n) return `${sign}${decimal(size, 3)}µs`;
  if (size < 1_000_000_000n) return `${sign}${decimal(size, 6)}ms`;
  const seconds = size / 1_000_000_000n;
  const hours = seconds / 3_600n;
  const minutes = (seconds / 60n) % 60n;
  const rest = decimal(size % 60_000_000_000n, 9);
  return `${sign}${hours > 0n ? `${hours}h` : ''}${hours > 0n || minutes > 0n ? `${minutes}m` : ''}${rest}s`;
}

function decimal(value: bigint, places: number): string {
  const text = String(value).padStart(places + 1, '0');
  let end = text.length;
  while (end > text.length - places && text[end - 1] === '0') end -= 1;
  const fraction = text.slice(text.length - places, end);
  return `${text.slice(0, -places)}${fraction === '' ? '' : `.${fraction}`}`;
}
