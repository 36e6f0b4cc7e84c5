// Sizes and durations in the forms that Docker reads and prints (docker/go-units, Go's time.Duration).

const BINARY: Record<string, number> = { b: 1, k: 1024, m: 1024 ** 2, g: 1024 ** 3, t: 1024 ** 4, p: 1024 ** 5 };

/** Bytes of `512`, `64m`, `1.5g`, `10 MiB`; undefined when the text is no size. Units are powers of 1024. */
export function parseBytes(text: string): number | undefined {
  const match = /^(\d+(?:\.\d+)?) ?(?:([bkmgtp])(?:i?b)?)?$/i.exec(text.trim());
  if (!match) return undefined;
  return Math.trunc(Number(match[1]) * (BINARY[(match[2] ?? 'b').toLowerCase()] ?? 1));
}

/** As `parseBytes` with go-units' rules to the letter; throws with its errors, which Docker repeats. */
export function readBytes(text: string): number {
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
  const power = BINARY[suffix[0] ?? ''];
  if (power === undefined || !/^.(i?b)?$/.test(suffix))
    throw new Error(`invalid suffix: '${suffix.length > 3 ? match[2] : suffix}'`);
  return Math.trunc(size * power);
}

function scaled(bytes: number, base: number, units: readonly string[], digits: number): string {
  let value = bytes;
  let unit = 0;
  while (value >= base && unit < units.length - 1) {
    value /= base;
    unit += 1;
  }
  return `${formatG(value, digits)}${units[unit] ?? ''}`;
}

/** Go's %.Ng: N significant digits, no trailing zeros. */
function formatG(value: number, digits: number): string {
  return String(Number(value.toPrecision(digits)));
}

/** `12.3MB`, powers of 1000 and three digits, as `docker images` prints sizes. */
export function humanSize(bytes: number, digits = 3): string {
  return scaled(bytes, 1000, ['B', 'kB', 'MB', 'GB', 'TB', 'PB', 'EB'], digits);
}

/** `1.5GiB`, powers of 1024 and four digits, as `docker stats` prints memory. */
export function bytesSize(bytes: number): string {
  return scaled(bytes, 1024, ['B', 'KiB', 'MiB', 'GiB', 'TiB', 'PiB'], 4);
}

/** "About an hour", "3 weeks": docker/go-units HumanDuration, used by `ps` and `images`. */
export function humanDuration(seconds: number): string {
  const minutes = Math.floor(seconds / 60);
  const hours = Math.floor(seconds / 3600 + 0.5);
  if (seconds < 1) return 'Less than a second';
  if (Math.floor(seconds) === 1) return '1 second';
  if (seconds < 60) return `${Math.floor(seconds)} seconds`;
  if (minutes === 1) return 'About a minute';
  if (minutes < 60) return `${minutes} minutes`;
  if (hours === 1) return 'About an hour';
  if (hours < 48) return `${hours} hours`;
  if (hours < 24 * 7 * 2) return `${Math.floor(hours / 24)} days`;
  if (hours < 24 * 30 * 2) return `${Math.floor(hours / 24 / 7)} weeks`;
  if (hours < 24 * 365 * 2) return `${Math.floor(hours / 24 / 30)} months`;
  return `${Math.floor(hours / 24 / 365)} years`;
}

/** `1h2m3.5s`, `50ms`, `0s`: Go's time.Duration as text, of milliseconds. */
export function goDuration(milliseconds: number): string {
  if (milliseconds === 0) return '0s';
  if (milliseconds < 1) return milliseconds < 0.001 ? `${milliseconds * 1e6}ns` : `${milliseconds * 1000}µs`;
  if (milliseconds < 1000) return `${milliseconds}ms`;
  const minutes = Math.floor(milliseconds / 60_000);
  const seconds = `${Number(((milliseconds % 60_000) / 1000).toFixed(9))}s`;
  if (minutes === 0) return seconds;
  return minutes < 60 ? `${minutes}m${seconds}` : `${Math.floor(minutes / 60)}h${minutes % 60}m${seconds}`;
}
