// The clock: Docker's timestamps have nanoseconds, JavaScript's have milliseconds.
import { formatRfc3339 } from './timestamp.ts';

export { parseRfc3339, ZERO_TIME } from './timestamp.ts';

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

/** Now, as RFC 3339 with nanoseconds, trailing zeros dropped; or a given moment. */
export function rfc3339(nanos: bigint = nowNanos()): string {
  return formatRfc3339(nanos);
}
