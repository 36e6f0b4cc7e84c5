// A container's log, from a time, to a time, the last lines, and on as it is written.
import { parseRfc3339 } from '../../base/clock.ts';
import { notImplemented } from '../../base/errors.ts';
import { type LogLine, type PieceHead, readLog } from '../../runtime/index.ts';
import type { Container } from '../container/container.ts';
import type { EngineContext } from '../container/context.ts';
import { hasProcess } from '../lifecycle/index.ts';

export interface LogOptions {
  readonly stdout: boolean;
  readonly stderr: boolean;
  /** Nanoseconds since 1970. */
  readonly since: bigint | undefined;
  readonly until: bigint | undefined;
  /** The last N lines. */
  readonly tail: number | undefined;
  readonly follow: boolean;
  /** Each line by itself, with its time; else those of one stream that follow each other come as one. */
  readonly eachLine: boolean;
  /** What goes before each piece where a stream of frames is wanted: they may then come as one. */
  readonly head?: PieceHead | undefined;
}

/** Throws when there is no log to read. */
export function checkReadable(container: Container): void {
  if (container.record.hostConfig.LogConfig.Type === 'none')
    throw notImplemented('configured logging driver does not support reading');
}

export async function* logBatches(
  context: EngineContext,
  container: Container,
  request: LogOptions,
  signal: AbortSignal,
): AsyncGenerator<LogLine[]> {
  const running = hasProcess(container.state.phase) || container.state.phase === 'starting';
  const left = new AbortController();
  const ended = request.follow && running ? container.nextStop(left.signal) : Promise.resolve();
  // who has left waits for nothing any more
  const finished = ended.catch(() => undefined);
  const follow = request.follow && (request.until === undefined || request.until > BigInt(Date.now()) * 1_000_000n);
  const stopper = new AbortController();
  const timer =
    follow && request.until !== undefined
      ? setTimeout(() => stopper.abort(), Math.max(0, Number(request.until / 1_000_000n) - Date.now()))
      : undefined;
  try {
    yield* readLog({
      file: context.paths.of(container.id).log,
      filter: { stdout: request.stdout, stderr: request.stderr, wantsTime: timeFilter(request) },
      merge: !request.eachLine,
      head: request.head,
      tail: request.tail,
      follow,
      rotation: container.logRotation,
      finished,
      signal: AbortSignal.any([signal, stopper.signal]),
    });
  } finally {
    left.abort();
    clearTimeout(timer);
  }
}

/** Lines that were written together have one time. */
function timeFilter({ since, until }: LogOptions): ((time: string) => boolean) | undefined {
  if (since === undefined && until === undefined) return undefined;
  let last = '';
  let wanted = false;
  return (time) => {
    if (time === last) return wanted;
    const nanos = parseRfc3339(time) ?? 0n;
    last = time;
    wanted = (since === undefined || nanos >= since) && (until === undefined || nanos <= until);
    return wanted;
  };
}
