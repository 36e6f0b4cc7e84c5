// Lengths of time: the text of a file (`1w2d`, `1m30s`) -> nanoseconds -> text as Go writes it.

const UNITS: Readonly<Record<string, bigint>> = {
  ns: 1n,
  us: 1_000n,
  µs: 1_000n,
  μs: 1_000n,
  ms: 1_000_000n,
  s: 1_000_000_000n,
  m: 60_000_000_000n,
  h: 3_600_000_000_000n,
  d: 86_400_000_000_000n,
  w: 604_800_000_000_000n,
};

/** Nanoseconds; throws in the words of docker compose. Days and weeks are units here. */
export function parseDuration(text: string): bigint {
  const refuse = (): never => {
    throw new Error(`time: invalid duration ${JSON.stringify(text)}`);
  };
  const body = text.replace(/^[+-]/, '');
  if (body === '0') return 0n;
  if (body === '') return refuse();
  let total = 0n;
  let rest = body;
  while (rest !== '') {
    const part = /^(\d*)(?:\.(\d*))?([^\d.]+)?/.exec(rest);
    const [all = '', whole = '', fraction = '', unit] = part ?? [];
    if (whole === '' && fraction === '') return refuse();
    if (unit === undefined) throw new Error(`time: missing unit in duration ${JSON.stringify(text)}`);
    const scale = UNITS[unit];
    if (scale === undefined)
      throw new Error(`time: unknown unit ${JSON.stringify(unit)} in duration ${JSON.stringify(text)}`);
    total +=
      BigInt(whole || '0') * scale +
      (fraction === '' ? 0n : (BigInt(fraction) * scale) / 10n ** BigInt(fraction.length));
    if (total > 2n ** 63n - 1n) return refuse();
    rest = rest.slice(all.length);
  }
  return text.startsWith('-') ? -total : total;
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
