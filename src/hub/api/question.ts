// What a search asks, from the words of its query. Pure but for the time that it is given.
import { RegistryError } from '../model/index.ts';
import { type Question, SORTS } from '../search/index.ts';

const UNITS = { h: 3_600_000, d: 24 * 3_600_000, w: 7 * 24 * 3_600_000, y: 365 * 24 * 3_600_000 } as const;
const SIZES = { '': 1, k: 1e3, m: 1e6, g: 1e9 } as const;

/** `now` in milliseconds since 1970. Throws for values that are none, with what is wanted. */
export function readQuestion(query: URLSearchParams, now: number): Question {
  const text = (name: string): string => query.get(name) ?? '';
  const sort = SORTS.find((one) => one === text('sort'));
  if (text('sort') !== '' && !sort) throw unfit(`sort is one of ${SORTS.join(', ')}`);
  const maxSize = bytes('max-size', text('max-size'));
  const minSize = bytes('min-size', text('min-size'));
  const since = age(text('pushed-within'), now);
  const stars = text('stars');
  if (stars !== '' && !/^\d{1,9}$/.test(stars)) throw unfit('stars is a number');
  return {
    text: text('q'),
    platform: text('platform'),
    label: text('label'),
    base: text('base'),
    ...(maxSize === undefined ? {} : { maxSize }),
    ...(minSize === undefined ? {} : { minSize }),
    ...(since === undefined ? {} : { since }),
    ...(stars === '' ? {} : { minStars: Number(stars) }),
    ...(sort ? { sort } : {}),
  };
}

function bytes(name: string, text: string): number | undefined {
  if (text === '') return undefined;
  const match = /^(\d{1,15})([kmg]?)b?$/i.exec(text);
  const unit = match?.[2]?.toLowerCase() as keyof typeof SIZES | undefined;
  if (unit === undefined) throw unfit(`${name} is a number of bytes: 500m`);
  return Number(match?.[1]) * SIZES[unit];
}

function age(text: string, now: number): number | undefined {
  if (text === '') return undefined;
  const match = /^(\d{1,6})([hdwy])$/.exec(text);
  if (!match) throw unfit('pushed-within is a time: 12h, 30d, 2w, 1y');
  return now - Number(match[1]) * UNITS[match[2] as keyof typeof UNITS];
}

function unfit(message: string): RegistryError {
  return new RegistryError('UNSUPPORTED', { status: 400, message });
}
