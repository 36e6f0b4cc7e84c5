// Goes on reading a log as it is written, from file to file, until its writer has ended.
import { existsSync, type FSWatcher, watch } from 'node:fs';
import { dirname } from 'node:path';
import { logFiles } from './files.ts';
import type { LineParser, LogLine } from './lines.ts';
import type { ReadOptions } from './read.ts';
import { LogSource } from './source.ts';

/** Files that a follower holds open because they are about to go, at most; then it loses the oldest. */
const MAX_HELD = 256;
/** Without a notice of the kernel (no room for a watch) the file is looked at so often. */
const POLL_MS = 100;

/** `sources` are the files that were read, the last one still open; what is opened here is closed here. */
export async function* follow(
  sources: readonly LogSource[],
  parser: LineParser,
  options: ReadOptions,
): AsyncGenerator<LogLine[]> {
  using place = new Place(sources, options);
  using bell = new Bell(options);
  while (!options.signal.aborted) {
    const last = bell.done;
    bell.reset();
    yield* linesOf(place.current, parser);
    const next = place.next();
    if (next) {
      // a file has a successor only when its writer has closed it
      yield* linesOf(place.current, parser);
      place.enter(next);
    } else if (last) return;
    else await bell.rung();
  }
}

async function* linesOf(source: LogSource | undefined, parser: LineParser): AsyncGenerator<LogLine[]> {
  if (!source) return;
  for await (const chunk of source.chunks()) {
    const lines = parser.parse(chunk);
    if (lines.length > 0) yield lines;
  }
}

/** Which file is read, and which one comes after it. */
class Place implements Disposable {
  current: LogSource | undefined;
  readonly #options: ReadOptions;
  readonly #held: LogSource[] = [];
  readonly #hold = (path: string, number: number): void => this.#keep(path, number);

  /** The newest number among the files that were read to their end. */
  #passed = 0;

  constructor(sources: readonly LogSource[], options: ReadOptions) {
    this.current = sources.at(-1);
    this.#passed = sources.at(-2)?.number ?? 0;
    this.#options = options;
    options.rotation?.followers.add(this.#hold);
  }

  /** The file after the one that is read, opened; undefined when there is none yet. */
  next(): LogSource | undefined {
    const entries = logFiles(this.#options.file);
    const { current } = this;
    const mine = entries.findIndex(({ identity }) => identity === current?.identity);
    const here = entries[mine];
    if (here && current) current.number = here.number;
    const passed = current && Number.isFinite(current.number) ? current.number : this.#passed;
    const after = here ? entries[mine + 1] : entries.find(({ number }) => number > passed);
    const held = this.#held[0];
    if (held && held.number <= (after?.number ?? Number.POSITIVE_INFINITY)) return this.#held.shift();
    // renamed in between: it is there under its new name
    return after && (LogSource.open(after) ?? this.next());
  }

  enter(next: LogSource): void {
    if (this.current && Number.isFinite(this.current.number)) this.#passed = this.current.number;
    this.current?.[Symbol.dispose]();
    this.current = next;
    while (this.#held[0] && this.#held[0].number <= next.number) this.#held.shift()?.[Symbol.dispose]();
  }

  /** Called before a file goes: it is opened when it is still to be read. */
  #keep(path: string, number: number): void {
    const mine = this.current?.number ?? 0;
    if (number <= (Number.isFinite(mine) ? mine : this.#passed)) return;
    if (this.#held.some((one) => one.number === number)) return;
    const source = LogSource.open({ path, number, compressed: path.endsWith('.gz') });
    if (!source) return;
    if (source.identity === this.current?.identity) {
      this.current.number = number;
      source[Symbol.dispose]();
      return;
    }
    this.#held.push(source);
    this.#held.sort((a, b) => a.number - b.number);
    if (this.#held.length > MAX_HELD) this.#held.shift()?.[Symbol.dispose]();
  }

  [Symbol.dispose](): void {
    this.#options.rotation?.followers.delete(this.#hold);
    this.current?.[Symbol.dispose]();
    for (const source of this.#held) source[Symbol.dispose]();
  }
}

/** Rings when the log's folder changes, when the container has ended and when the reader goes. */
class Bell implements Disposable {
  done: boolean;
  readonly #signal: AbortSignal;
  readonly #folder: string;
  #watcher: FSWatcher | undefined;
  #ring: () => void;
  #wake: () => void = () => undefined;
  #woken = false;

  constructor({ file, finished, signal }: ReadOptions) {
    this.#folder = dirname(file);
    this.#signal = signal;
    this.done = signal.aborted;
    this.#ring = () => {
      this.#woken = true;
      this.#wake();
    };
    void finished.then(this.#end);
    signal.addEventListener('abort', this.#end, { once: true });
    this.#watch();
  }

  #end = (): void => {
    this.done = true;
    this.#ring();
  };

  #watch(): void {
    if (this.#watcher || !existsSync(this.#folder)) return;
    try {
      // the folder, not the file: its name leads to another file from time to time
      this.#watcher = watch(this.#folder, this.#ring);
      this.#watcher.on('error', () => {
        this.#watcher?.close();
        this.#watcher = undefined;
        this.#ring();
      });
    } catch {
      this.#watcher = undefined;
    }
  }

  reset(): void {
    this.#woken = false;
    this.#watch();
  }

  async rung(): Promise<void> {
    if (this.#woken || this.done) return;
    let timer: NodeJS.Timeout | undefined;
    await new Promise<void>((resolve) => {
      this.#wake = resolve;
      if (!this.#watcher) timer = setTimeout(resolve, POLL_MS);
    });
    clearTimeout(timer);
  }

  [Symbol.dispose](): void {
    this.#watcher?.close();
    this.#signal.removeEventListener('abort', this.#end);
  }
}
