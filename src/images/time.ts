// Times in filters: a Unix time, a date, or how long ago.
import { internal } from '../base/errors.ts';
import { goDurationIn } from '../base/go-text.ts';

const DATE = /^(\d{4}-\d\d-\d\d)(?:T(\d\d)(?::(\d\d)(?::(\d\d)(\.\d+)?)?)?)?(Z|[+-]\d\d:\d\d)?$/;

/** Nanoseconds since 1970. `10m` is ten minutes before `now`; a date without a zone is local time. Throws as dockerd does. */
export function parseTimestamp(text: string, now: bigint): bigint {
  const duration = goDurationIn(text);
  // a bare number is a Unix time
  if (duration !== undefined && !/^[+-]?\d+$/.test(text)) return now - duration;
  const unix = /^(-?\d+)(?:\.(\d+))?$/.exec(text);
  if (unix) return BigInt(unix[1] ?? 0) * 1_000_000_000n + BigInt((unix[2] ?? '').slice(0, 9).padEnd(9, '0'));
  const date = DATE.exec(text);
  if (date) {
    const [, day = '', hour = '00', minute = '00', second = '00', fraction = '', zone = ''] = date;
    const ms = Date.parse(`${day}T${hour}:${minute}:${second}${zone}`);
    if (!Number.isNaN(ms)) return BigInt(ms) * 1_000_000n + BigInt(fraction.slice(1, 10).padEnd(9, '0') || '0');
  }
  throw internal(`failed to parse value as time or duration: "${text}"`);
}
