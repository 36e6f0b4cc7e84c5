// A container's log as a stream of lines: the whole, the last N, or what comes from now on.
import { logFiles } from './files.ts';
import { follow } from './follow.ts';
import { type LineFilter, type LogLine, LineParser, type PieceHead } from './lines.ts';
import type { LogRotation } from './rotate.ts';
import { LogSource } from './source.ts';
import { seekTail } from './tail.ts';

export interface ReadOptions {
  /** The live file; the older ones lie beside it. */
  readonly file: string;
  readonly filter: LineFilter;
  /** Lines of one stream may come as one, without times. */
  readonly merge: boolean;
  /** All pieces may come as one, each behind this. */
  readonly head: PieceHead | undefined;
  /** The last N lines that pass the filter; undefined is all. */
  readonly tail: number | undefined;
  /** Goes on with what is written until `finished` resolves and the rest was read. */
  readonly follow: boolean;
  /** Who rotates the log meanwhile keeps for a follower what it has not read yet. */
  readonly rotation: LogRotation | undefined;
  readonly finished: Promise<unknown>;
  readonly signal: AbortSignal;
}

/** Yields batches, so that a flood does not cost a promise a line. With `head` each is good until the next one is asked for. */
export async function* readLog(options: ReadOptions): AsyncGenerator<LogLine[]> {
  // all are opened first: whatever is rotated meanwhile, each row comes once
  const sources = openAll(options.file);
  try {
    const { tail, filter, signal } = options;
    const parser = new LineParser(filter, options.merge, options.head);
    const start = tail === undefined ? { index: 0, skip: 0 } : await seekTail(sources, tail, filter, signal);
    let { skip } = start;
    for (const [index, source] of sources.entries()) {
      if (index < start.index) continue;
      const careful = skip > 0 ? new LineParser(filter, false) : undefined;
      for await (const chunk of source.chunks(options.head !== undefined && careful === undefined)) {
        if (signal.aborted) return;
        let lines = (careful ?? parser).parse(chunk);
        if (skip > 0) {
          const at = afterLines(lines, skip);
          skip -= lines.slice(0, at).filter(ends).length;
          lines = lines.slice(at);
        }
        if (lines.length > 0) yield lines;
      }
    }
    if (options.follow) yield* follow(sources, parser, options);
  } finally {
    for (const source of sources) source[Symbol.dispose]();
  }
}

const ends = (line: LogLine): boolean => line.data.at(-1) === 10;

/** How many pieces the first `count` lines have. */
function afterLines(lines: readonly LogLine[], count: number): number {
  let left = count;
  for (const [at, line] of lines.entries()) {
    if (ends(line)) left -= 1;
    if (left === 0) return at + 1;
  }
  return lines.length;
}

/** As often as files are renamed between their listing and their opening. */
const TRIES = 5;

function openAll(file: string, tries = TRIES): LogSource[] {
  const sources: LogSource[] = [];
  try {
    for (const entry of logFiles(file)) {
      const source = LogSource.open(entry);
      if (!source && tries > 1) {
        for (const one of sources) one[Symbol.dispose]();
        return openAll(file, tries - 1);
      }
      if (source && sources.some(({ identity }) => identity === source.identity)) source[Symbol.dispose]();
      else if (source) sources.push(source);
    }
  } catch (error) {
    for (const source of sources) source[Symbol.dispose]();
    throw error;
  }
  return sources;
}
