// The log format that the monitor writes: `<RFC 3339 time> <stdout|stderr> <F|P> <text>`, P for a piece of a line. Pure.
import type { Channel } from '../monitor/console.ts';

export interface LogLine {
  /** RFC 3339 as written, with the host's offset; that of the line's first piece. Of several lines, that of the first. */
  readonly time: string;
  readonly channel: Channel;
  /** The text with its newline; without one when the line goes on in the next piece. */
  readonly data: Buffer;
  /** False for what continues a line of its stream. */
  readonly begins: boolean;
  /** Many pieces, each behind its head. */
  readonly headed?: true;
}

/** What a reader wants before each piece, in place of what the monitor wrote there: written where that stood. */
export interface PieceHead {
  /** At most `PREFIX`. */
  readonly bytes: number;
  write(buffer: Buffer, at: number, channel: Channel, length: number): void;
}

export interface LineFilter {
  readonly stdout: boolean;
  readonly stderr: boolean;
  /** Whether a line of that time is wanted; undefined is always. A line's first piece decides for all of it. */
  readonly wantsTime?: ((time: string) => boolean) | undefined;
}

/** What stands before the text of each piece: its length is fixed. */
export const PREFIX = 45;
const TIME = 35;
const NEWLINE = 10;
const SPACE = 32;
const [F, P, S, O] = [0x46, 0x50, 0x73, 0x6f];
/** Texts shorter than this are moved faster by a loop than by a call. */
const SHORT = 48;

/** One piece as the monitor would write it. `time` is RFC 3339 in UTC, with as many digits of the second as it has. */
export function logPiece(time: string, channel: Channel, text: Uint8Array, whole: boolean): Buffer {
  const [second = '', fraction = ''] = time.replace(/Z$/, '').split('.');
  const head = `${second}.${fraction.padEnd(9, '0')}+00:00 ${channel} ${whole ? 'F' : 'P'} `;
  return Buffer.concat([Buffer.from(head), text, Buffer.from([NEWLINE])]);
}

/** Whether a piece begins at `at`; a torn one (power loss) does not look like it. */
export function isPiece(buffer: Buffer, at: number, end: number): boolean {
  const tag = buffer[at + TIME + 8];
  return (
    end - at > PREFIX - 1 &&
    (tag === F || tag === P) &&
    buffer[at + TIME] === SPACE &&
    buffer[at + TIME + 1] === S &&
    buffer[at + TIME + 7] === SPACE &&
    buffer[at + TIME + 9] === SPACE
  );
}

export const endsLine = (buffer: Buffer, at: number): boolean => buffer[at + TIME + 8] === F;
export const channelAt = (buffer: Buffer, at: number): Channel => (buffer[at + TIME + 4] === O ? 'stdout' : 'stderr');
export const timeAt = (buffer: Buffer, at: number): string => buffer.toString('latin1', at, at + TIME);

/** Takes pieces in their order and gives what passes a filter; it remembers which lines are open. */
export class LineParser {
  readonly #filter: LineFilter;
  readonly #merge: boolean;
  readonly #head: PieceHead | undefined;
  readonly #open: Record<Channel, { time: string; wanted: boolean } | undefined> = {
    stdout: undefined,
    stderr: undefined,
  };

  /**
   * For readers that need no times: with `merge`, lines of one stream that follow each other come as one; with `head`, all pieces come
   * as one, each behind a head.
   */
  constructor(filter: LineFilter, merge: boolean, head?: PieceHead) {
    this.#filter = filter;
    this.#merge = merge && filter.wantsTime === undefined;
    this.#head = filter.wantsTime === undefined ? head : undefined;
  }

  /** The lines of `buffer`, which it may overwrite and whose last byte is a newline. */
  parse(buffer: Buffer): LogLine[] {
    if (this.#head) return this.#headed(buffer, this.#head);
    return this.#merge ? this.#merged(buffer) : this.#single(buffer);
  }

  #single(buffer: Buffer): LogLine[] {
    const lines: LogLine[] = [];
    let time = '';
    for (let at = 0, end = 0; at < buffer.length; at = end) {
      end = buffer.indexOf(NEWLINE, at) + 1 || buffer.length;
      if (!isPiece(buffer, at, end)) continue;
      const channel = channelAt(buffer, at);
      if (!this.#filter[channel]) continue;
      const whole = endsLine(buffer, at);
      let open = this.#open[channel];
      const begins = open === undefined;
      if (!open) {
        const written = timeAt(buffer, at);
        if (written !== time) time = written;
        open = { time, wanted: this.#filter.wantsTime?.(time) ?? true };
      }
      this.#open[channel] = whole ? undefined : open;
      if (open.wanted)
        lines.push({ time: open.time, channel, begins, data: buffer.subarray(at + PREFIX, whole ? end : end - 1) });
    }
    return lines;
  }

  /** As `#merged`, each text behind its head: no piece costs an object. */
  #headed(buffer: Buffer, head: PieceHead): LogLine[] {
    let to = 0;
    for (let at = 0, end = 0; at < buffer.length; at = end) {
      end = buffer.indexOf(NEWLINE, at) + 1 || buffer.length;
      if (!isPiece(buffer, at, end)) continue;
      const channel = channelAt(buffer, at);
      if (!this.#filter[channel]) continue;
      const start = at + PREFIX;
      const stop = endsLine(buffer, at) ? end : end - 1;
      head.write(buffer, to, channel, stop - start);
      buffer.copyWithin(to + head.bytes, start, stop);
      to += head.bytes + stop - start;
    }
    return to === 0 ? [] : [{ time: '', channel: 'stdout', begins: true, headed: true, data: buffer.subarray(0, to) }];
  }

  /** Moves each text to the end of the one before, inside the buffer. */
  #merged(buffer: Buffer): LogLine[] {
    const lines: LogLine[] = [];
    let channel: Channel | undefined;
    let from = 0;
    let to = 0;
    const flush = (): void => {
      if (channel && to > from) lines.push({ time: '', channel, begins: true, data: buffer.subarray(from, to) });
    };
    for (let at = 0, end = 0; at < buffer.length; at = end) {
      end = buffer.indexOf(NEWLINE, at) + 1 || buffer.length;
      if (!isPiece(buffer, at, end)) continue;
      const own = channelAt(buffer, at);
      if (!this.#filter[own]) continue;
      const start = at + PREFIX;
      const stop = endsLine(buffer, at) ? end : end - 1;
      if (own !== channel) {
        flush();
        channel = own;
        from = start;
        to = stop;
      } else if (stop - start < SHORT) for (let one = start; one < stop; one += 1) buffer[to++] = buffer[one] ?? 0;
      else {
        buffer.copyWithin(to, start, stop);
        to += stop - start;
      }
    }
    flush();
    return lines;
  }
}
