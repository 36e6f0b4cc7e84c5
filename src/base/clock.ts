// Time as a value: Docker's timestamps have nanoseconds, JavaScript's have milliseconds.
import { dropEnd } from './ends.ts';

/** Go's zero time, which Docker prints for "never". */
export const ZERO_TIME = '0001-01-01T00:00:00Z';

const MAX_DRIFT = 2_000_000n;
/** A clock that is set back by less than this stands still until it is made up for. */
const STEP = 1_000_000_000n;

const ticks = (): bigint => process.hrtime.bigint();
const wallClock = (): bigint => BigInt(Date.now()) * 1_000_000n;

let anchor = { wall: wallClock(), ticks: ticks() };
let last = 0n;

/** Wall clock in nanoseconds since 1970; follows the system clock, and goes back only when that was set back by a second. */
export function nowNanos(): bigint {
  const wall = wallClock();
  let now = anchor.wall + (ticks() - anchor.ticks);
  const drift = now - wall;
  if (drift < -MAX_DRIFT || drift > MAX_DRIFT) {
    anchor = { wall, ticks: ticks() };
    now = wall;
  }
  last = now < last && last - now < STEP ? last : now;
  return last;
}

/** RFC 3339 with nanoseconds, trailing zeros dropped, as Go's RFC3339Nano prints it. */
export function rfc3339(nanos: bigint = nowNanos()): string {
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
