// Finds where the last N lines of a log begin: from the end, in pieces, in flat memory.
import { channelAt, endsLine, isPiece, type LineFilter, timeAt } from './lines.ts';
import type { LogSource } from './source.ts';

const STEP = 256 * 1024;
/** A piece is never longer; what is, is no log. */
const MAX_PIECE = 1024 * 1024;
const NEWLINE = 10;

export interface TailStart {
  /** Sources before this one are not read. */
  readonly index: number;
  /** Lines that pass the filter and are still not to be shown: a compressed file cannot be read from its middle. */
  readonly skip: number;
}

/** Positions the sources, oldest first. Pieces of one line count as one. */
export async function seekTail(
  sources: readonly LogSource[],
  count: number,
  filter: LineFilter,
  signal: AbortSignal,
): Promise<TailStart> {
  const counter = new LineCounter(count, filter);
  for (let index = sources.length - 1; index >= 0; index -= 1) {
    const source = sources[index];
    if (!source || signal.aborted) break;
    if (source.compressed) {
      const before = counter.left;
      const lines = await countForward(source, filter, signal);
      source.seek(0);
      if (lines >= before) return { index, skip: lines - before };
      counter.left = before - lines;
      continue;
    }
    const position = await seekBackward(source, counter, signal);
    if (position !== undefined) {
      source.seek(position);
      return { index, skip: 0 };
    }
  }
  return { index: 0, skip: 0 };
}

class LineCounter {
  left: number;
  readonly #filter: LineFilter;
  #first = true;

  constructor(count: number, filter: LineFilter) {
    this.left = count;
    this.#filter = filter;
  }

  /** True when the piece at `at`, seen from the end, no longer belongs to the wanted lines. */
  reached(buffer: Buffer, at: number): boolean {
    if (!this.#filter[channelAt(buffer, at)]) return false;
    // the last piece of all is the end of a line, also of one that goes on
    const ends = endsLine(buffer, at) || this.#first;
    if (!ends) return false;
    if (this.#filter.wantsTime && !this.#filter.wantsTime(timeAt(buffer, at))) return false;
    this.#first = false;
    if (this.left === 0) return true;
    this.left -= 1;
    return false;
  }
}

/** Where the wanted lines begin; undefined when all of the file belongs to them. */
async function seekBackward(source: LogSource, counter: LineCounter, signal: AbortSignal): Promise<number | undefined> {
  let end = source.size;
  let later: Buffer = Buffer.alloc(0);
  let torn = true;
  if (counter.left === 0) return end;
  while (end > 0 && !signal.aborted) {
    const from = Math.max(0, end - STEP);
    const part = await source.at(from, end - from);
    const buffer = later.length === 0 ? part : Buffer.concat([part, later]);
    let stop = buffer.length;
    if (torn) {
      // what comes after the last newline is being written
      stop = buffer.lastIndexOf(NEWLINE) + 1;
      torn = stop === 0;
    }
    while (stop > 0) {
      const before = stop < 2 ? -1 : buffer.lastIndexOf(NEWLINE, stop - 2);
      if (before < 0 && from > 0) break;
      const start = before + 1;
      if (isPiece(buffer, start, stop) && counter.reached(buffer, start)) return from + stop;
      stop = start;
    }
    later = stop > MAX_PIECE ? Buffer.alloc(0) : Buffer.from(buffer.subarray(0, torn ? buffer.length : stop));
    end = from;
  }
  return undefined;
}

async function countForward(source: LogSource, filter: LineFilter, signal: AbortSignal): Promise<number> {
  let lines = 0;
  for await (const chunk of source.chunks()) {
    if (signal.aborted) break;
    for (let at = 0, end = 0; at < chunk.length; at = end) {
      end = chunk.indexOf(NEWLINE, at) + 1 || chunk.length;
      if (!isPiece(chunk, at, end) || !endsLine(chunk, at) || !filter[channelAt(chunk, at)]) continue;
      if (filter.wantsTime?.(timeAt(chunk, at)) ?? true) lines += 1;
    }
  }
  return lines;
}
