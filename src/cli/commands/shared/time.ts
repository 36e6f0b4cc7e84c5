// Reads the times that --since and --until take: seconds, dates, or how long ago.
import { dropEnd } from '../../../base/ends.ts';
import { messageOf } from '../../../base/errors.ts';
import { parseGoDuration } from '../../../base/go-text.ts';
import { Failure } from '../../grammar/index.ts';

/** `seconds.nanoseconds` since 1970, as the daemon wants it. Throws Error with Docker's text. */
export function timestamp(text: string, now = Date.now()): string {
  // a bare 0 is no duration but the epoch
  if (text === '0') return text;
  try {
    const ago = Number(parseGoDuration(text)) / 1e9;
    return (now / 1000 - ago).toFixed(9);
  } catch {
    // No duration; a date then.
  }
  if (/^-?\d+(\.\d+)?$/.test(text)) {
    const [seconds = '', fraction] = text.split('.');
    return fraction === undefined ? seconds : `${seconds}.${fraction.padEnd(9, '0').slice(0, 9)}`;
  }
  const match = /^(\d{4}-\d\d-\d\d)(?:T(\d\d(?::\d\d(?::\d\d(\.\d+)?)?)?)(Z|[+-]\d\d:\d\d)?)?(Z|[+-]\d\d:\d\d)?$/.exec(
    text,
  );
  if (!match) throw new Error(`failed to parse value as time or duration: ${JSON.stringify(text)}`);
  const clock = (match[2] ?? '00').replace(/\.\d+$/, '');
  const full = [...clock.split(':'), '00', '00'].slice(0, 3).join(':');
  const ms = Date.parse(`${match[1]}T${full}${match[4] ?? match[5] ?? ''}`);
  if (Number.isNaN(ms)) throw new Error(`failed to parse value as time or duration: ${JSON.stringify(text)}`);
  return `${ms / 1000}.${(match[3] ?? '.').slice(1).padEnd(9, '0').slice(0, 9)}`;
}

/** `--since` or `--until` as the daemon wants it; nothing where it was not given. Throws Failure. */
export function timeFlag<Name extends 'since' | 'until'>(name: Name, text: string): { readonly [K in Name]?: string } {
  if (text === '') return {};
  try {
    return { [name]: timestamp(text) } as { [K in Name]: string };
  } catch (error) {
    throw new Failure(`invalid value for "${name}": ${messageOf(error)}`);
  }
}

const two = (value: number): string => String(value).padStart(2, '0');

/** Go's time.Time.String of whole seconds in local time: `2024-01-02 03:04:05 +0000 UTC`. */
export function goTime(seconds: number): string {
  const date = new Date(seconds * 1000);
  const offset = -date.getTimezoneOffset();
  const zone = `${offset < 0 ? '-' : '+'}${two(Math.floor(Math.abs(offset) / 60))}${two(Math.abs(offset) % 60)}`;
  const name = offset === 0 ? 'UTC' : (/\(([A-Z]{2,5})\)/.exec(date.toString())?.[1] ?? zone.replace(/00$/, ''));
  const day = `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}`;
  return `${day} ${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())} ${zone} ${name}`;
}

/** Go's time.Time.String of an RFC 3339 time as it is: `2024-01-02 03:04:05.678 +0000 UTC`. */
export function goTimeOf(rfc3339: string): string {
  const match = /^(\d{4}-\d\d-\d\d)T(\d\d:\d\d:\d\d)(\.\d+)?(?:Z|([+-]\d\d):(\d\d))$/.exec(rfc3339);
  if (!match) return rfc3339;
  const zone = match[4] === undefined ? '+0000 UTC' : `${match[4]}${match[5]} ${match[4]}${match[5]}`;
  return `${match[1]} ${match[2]}${dropEnd(dropEnd(match[3] ?? '', '0'), '.')} ${zone}`;
}
