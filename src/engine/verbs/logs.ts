// A container's log, from a time, to a time, the last lines, and on as it is written.
import { existsSync, readdirSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { parseRfc3339 } from '../../base/clock.ts';
import { notImplemented } from '../../base/errors.ts';
import { type LogLine, readLog } from '../../runtime/index.ts';
import type { Container } from '../container.ts';
import type { EngineContext } from '../context.ts';
import { hasProcess } from '../lifecycle.ts';

export interface LogWish {
  readonly stdout: boolean;
  readonly stderr: boolean;
  /** Nanoseconds since 1970. */
  readonly since: bigint | undefined;
  readonly until: bigint | undefined;
  /** The last N lines. */
  readonly tail: number | undefined;
  readonly follow: boolean;
}

/** Throws when there is no log to read. */
export function checkReadable(container: Container): void {
  if (container.record.hostConfig.LogConfig.Type === 'none')
    throw notImplemented('configured logging driver does not support reading');
}

export async function* logBatches(
  context: EngineContext,
  container: Container,
  wish: LogWish,
  signal: AbortSignal,
): AsyncGenerator<LogLine[]> {
  const running = hasProcess(container.state.phase) || container.state.phase === 'starting';
  const left = new AbortController();
  const ended = running ? container.nextStop(left.signal) : Promise.resolve();
  // who has left waits for nothing any more
  const finished = ended.catch(() => undefined);
  const keep = (line: LogLine): boolean => {
    if (!wish[line.channel]) return false;
    if (wish.since === undefined && wish.until === undefined) return true;
    const time = parseRfc3339(line.time) ?? 0n;
    return (wish.since === undefined || time >= wish.since) && (wish.until === undefined || time <= wish.until);
  };
  const follow = wish.follow && (wish.until === undefined || wish.until > BigInt(Date.now()) * 1_000_000n);
  const stopper = new AbortController();
  const timer =
    follow && wish.until !== undefined
      ? setTimeout(() => stopper.abort(), Math.max(0, Number(wish.until / 1_000_000n) - Date.now()))
      : undefined;
  const either = AbortSignal.any([signal, stopper.signal]);
  try {
    const filtered = wish.since !== undefined || wish.until !== undefined || !wish.stdout || !wish.stderr;
    // with a filter, "the last lines" are the last of what passes it
    const files = logFiles(context.paths.of(container.id).log);
    if (wish.tail !== undefined && filtered && !follow) {
      const kept: LogLine[] = [];
      for await (const batch of readLog({ files, tail: undefined, follow: false, finished, signal: either }))
        kept.push(...batch.filter(keep));
      yield wish.tail === 0 ? [] : kept.slice(-wish.tail);
      return;
    }
    for await (const batch of readLog({ files, tail: wish.tail, follow, finished, signal: either })) {
      const kept = filtered ? batch.filter(keep) : batch;
      if (kept.length > 0) yield kept;
    }
  } finally {
    left.abort();
    clearTimeout(timer);
  }
}

/** Rotated files `container.log.2`, `container.log.1`, then the live one. */
function logFiles(live: string): string[] {
  const folder = dirname(live);
  if (!existsSync(folder)) return [live];
  const prefix = `${basename(live)}.`;
  const rotated = readdirSync(folder)
    .filter((name) => name.startsWith(prefix) && /^\d+$/.test(name.slice(prefix.length)))
    .sort((a, b) => Number(b.slice(prefix.length)) - Number(a.slice(prefix.length)));
  return [...rotated.map((name) => join(folder, name)), live];
}
