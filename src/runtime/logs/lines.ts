// The log format that the monitor writes: `<RFC 3339 time> <stdout|stderr> <F|P> <text>`, P for a piece of a line.
import type { Channel } from '../monitor/console.ts';

export interface LogLine {
  /** RFC 3339 as written, with the host's offset. */
  readonly time: string;
  readonly channel: Channel;
  /** The text with its newline; without one when the line goes on in the next piece. */
  readonly data: Buffer;
}

const NEWLINE = 10;
const SPACE = 32;

/** Whole lines of `buffer`, and how many bytes they took; a torn line (power loss) is skipped. */
export function parseLog(buffer: Buffer): { lines: LogLine[]; used: number } {
  const lines: LogLine[] = [];
  let used = 0;
  for (let end = buffer.indexOf(NEWLINE); end >= 0; end = buffer.indexOf(NEWLINE, used)) {
    const line = parseLine(buffer.subarray(used, end + 1));
    if (line) lines.push(line);
    used = end + 1;
  }
  return { lines, used };
}

function parseLine(raw: Buffer): LogLine | undefined {
  const afterTime = raw.indexOf(SPACE);
  const afterChannel = raw.indexOf(SPACE, afterTime + 1);
  if (afterTime < 20 || afterChannel < 0 || raw[afterChannel + 2] !== SPACE) return undefined;
  const channel = raw.toString('latin1', afterTime + 1, afterChannel);
  if (channel !== 'stdout' && channel !== 'stderr') return undefined;
  const partial = raw[afterChannel + 1] === 0x50;
  return {
    time: raw.toString('latin1', 0, afterTime),
    channel,
    data: raw.subarray(afterChannel + 3, partial ? raw.length - 1 : raw.length),
  };
}
