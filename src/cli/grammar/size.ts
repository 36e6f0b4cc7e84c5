// Sizes as go-units reads them for flags: powers of 1024, with the errors that the help of a flag repeats.

const POWERS: Readonly<Record<string, number>> = { k: 1024, m: 1024 ** 2, g: 1024 ** 3, t: 1024 ** 4, p: 1024 ** 5 };

/** Bytes of `64m`, `1.5g`, `10 KiB`; throws with Docker's text. */
export function parseBytes(text: string): number {
  const match = /^(.*[0-9. ])([^0-9. ]*)$/s.exec(text);
  if (!match) throw new Error(`invalid size: '${text}'`);
  const number = (match[1] ?? '').replace(/ $/, '');
  if (!/^[+-]?(\d+(?:\.\d*)?|\.\d+)(e[+-]?\d+)?$/i.test(number)) {
    throw new Error(`strconv.ParseFloat: parsing ${JSON.stringify(number)}: invalid syntax`);
  }
  const size = Number(number);
  if (size < 0) throw new Error(`invalid size: '${text}'`);
  const suffix = (match[2] ?? '').toLowerCase();
  if (suffix === '' || suffix === 'b') return Math.trunc(size);
  const power = POWERS[suffix[0] ?? ''];
  if (power === undefined || !/^.(i?b)?$/.test(suffix))
    throw new Error(`invalid suffix: '${suffix.length > 3 ? match[2] : suffix}'`);
  return Math.trunc(size * power);
}
