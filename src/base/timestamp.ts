// Docker's timestamps: nanoseconds since 1970 as text and back. Pure.
import { dropEnd } from './ends.ts';

/** Go's zero time, which Docker prints for "never". */
export const ZERO_TIME = '0001-01-01T00:00:00Z';

/** RFC 3339 with nanoseconds, trailing zeros dropped, as Go's RFC3339Nano prints it. */
export function formatRfc3339(nanos: bigint): string {
  const seconds = nanos / 1_000_000_000n;
  const rest = nanos % 1_000_000_000n;
  const head = new Date(Number(seconds) * 1000).toISOString().slice(0, 19);
  const fraction = rest === 0n ? '' : `.${dropEnd(rest.toString().padStart(9, '0'), '0')}`;
  return `${head}${fraction}Z`;
}

/** Nanoseconds since 1970 of an RFC 3339 time; undefined when the text is none. */
export function parseRfc3339(text: string): bigint | undefined {
  const match = /^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.(\d{1,9})\d*)?(Z|[+-]\d\d:\d\d)$/.exec(text);
  if (!match) return undefined;
  const ms = Date.parse(`${match[1]}${match[3]}`);
  if (Number.isNaN(ms)) return undefined;
  return BigInt(ms) * 1_000_000n + BigInt((match[2] ?? '').padEnd(9, '0') || '0');
}
