// A container's log as a stream of lines: the whole, the last N, or what comes from now on.
import { existsSync, type FSWatcher, watch } from 'node:fs';
import { type FileHandle, open, stat } from 'node:fs/promises';
import { isErrno } from '../../base/errors.ts';
import { type LogLine, parseLog } from './lines.ts';

const CHUNK = 64 * 1024;

export interface ReadOptions {
  /** Rotated files, oldest first, the live one last. */
  readonly files: readonly string[];
  /** The last N lines; undefined is all. */
  readonly tail: number | undefined;
  /** Goes on with what is written until `finished` resolves and the rest was read. */
  readonly follow: boolean;
  readonly finished: Promise<unknown>;
  readonly signal: AbortSignal;
}

/** Yields batches, so that a flood does not cost a promise a line. */
export async function* readLog(options: ReadOptions): AsyncGenerator<LogLine[]> {
  const live = options.files.at(-1);
  if (live === undefined) return;
  const older: LogLine[][] = [];
  for (const file of options.files.slice(0, -1)) for await (const batch of readWhole(file)) older.push(batch);
  await using reader = await LiveReader.open(live);
  if (options.tail !== undefined) {
    const last = lastLines([...older.flat(), ...(await reader.rest()).flat()], options.tail);
    if (last.length > 0) yield last;
  } else {
    yield* older;
    yield* reader.batches();
  }
  if (options.follow) yield* follow(reader, live, options);
}

/** The last N whole lines; pieces of one line count as one. */
function lastLines(lines: LogLine[], count: number): LogLine[] {
  if (count <= 0) return [];
  let left = count;
  for (let at = lines.length - 1; at >= 0; at -= 1) {
    const before = lines[at - 1];
    if (before === undefined) return lines;
    if (before.data.at(-1) === 10) {
      left -= 1;
      if (left === 0) return lines.slice(at);
    }
  }
  return lines;
}

async function* readWhole(file: string): AsyncGenerator<LogLine[]> {
  await using reader = await LiveReader.open(file);
  yield* reader.batches();
}

class LiveReader implements AsyncDisposable {
  #handle: FileHandle | undefined;
  #rest: Buffer = Buffer.alloc(0);
  #position = 0;

  static async open(file: string): Promise<LiveReader> {
    const reader = new LiveReader();
    await reader.reopen(file);
    return reader;
  }

  /** Opens the file of that name again, from its start. A file that is not there reads as empty. */
  async reopen(file: string): Promise<void> {
    await this.#handle?.close();
    this.#handle = undefined;
    this.#position = 0;
    try {
      this.#handle = await open(file, 'r');
    } catch (error) {
      if (!isErrno(error, 'ENOENT')) throw error;
    }
  }

  get opened(): boolean {
    return this.#handle !== undefined;
  }

  /** True when the name now leads to another file than the one that is open (rotation). */
  async moved(file: string): Promise<boolean> {
    if (!this.#handle) return existsSync(file);
    const named = await stat(file).catch(() => undefined);
    if (!named) return false;
    const mine = await this.#handle.stat();
    return mine.ino !== named.ino || mine.dev !== named.dev;
  }

  /** What was written since the last call. */
  async *batches(): AsyncGenerator<LogLine[]> {
    if (!this.#handle) return;
    for (;;) {
      const chunk = Buffer.allocUnsafe(CHUNK);
      const { bytesRead } = await this.#handle.read(chunk, 0, CHUNK, this.#position);
      if (bytesRead === 0) return;
      this.#position += bytesRead;
      const fresh = chunk.subarray(0, bytesRead);
      const { lines, used } = parseLog(this.#rest.length === 0 ? fresh : Buffer.concat([this.#rest, fresh]));
      const whole = this.#rest.length + bytesRead;
      this.#rest =
        used === whole
          ? Buffer.alloc(0)
          : this.#rest.length === 0
            ? Buffer.from(fresh.subarray(used))
            : Buffer.concat([this.#rest, fresh]).subarray(used);
      if (lines.length > 0) yield lines;
    }
  }

  async rest(): Promise<LogLine[][]> {
    return Array.fromAsync(this.batches());
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#handle?.close();
  }
}

async function* follow(reader: LiveReader, file: string, options: ReadOptions): AsyncGenerator<LogLine[]> {
  let done = options.signal.aborted;
  let wake: () => void = () => undefined;
  let woken = false;
  const ring = (): void => {
    woken = true;
    wake();
  };
  void options.finished.then(() => {
    done = true;
    ring();
  });
  const onAbort = (): void => {
    done = true;
    ring();
  };
  options.signal.addEventListener('abort', onAbort, { once: true });
  let watcher: FSWatcher | undefined;
  try {
    while (!options.signal.aborted) {
      if (!reader.opened) await reader.reopen(file);
      if (reader.opened && !watcher) {
        watcher = watch(file, ring);
        watcher.on('error', ring);
      }
      const last = done;
      woken = false;
      yield* reader.batches();
      if (await reader.moved(file)) {
        await reader.reopen(file);
        watcher?.close();
        watcher = undefined;
        continue;
      }
      if (last) return;
      if (!woken && !done) {
        await new Promise<void>((resolve) => {
          wake = resolve;
          if (!watcher) setTimeout(resolve, 100).unref();
        });
      }
    }
  } finally {
    watcher?.close();
    options.signal.removeEventListener('abort', onAbort);
  }
}
