// Keeps the log of a running container within its bounds: the monitor is asked to begin a new file, and the oldest ones go.
import {
  closeSync,
  existsSync,
  type FSWatcher,
  linkSync,
  openSync,
  renameSync,
  rmSync,
  statSync,
  watch,
} from 'node:fs';
import { isErrno, messageOf } from '../../base/errors.ts';
import { type LogFileEntry, logFiles, nextName, numbered, offered, takenFile } from './files.ts';
import { type RotationBounds, retention } from './retain.ts';
import { compressFile, keepEnd } from './rewrite.ts';

/** While it is written, a file is looked at again when it may be full at the fastest: bytes a millisecond. */
const FASTEST = 300_000;
const SOONEST_MS = 1;
const LATEST_MS = 50;
/** After so many looks without growth the kernel is asked to say when it grows. */
const QUIET_LOOKS = 4;
/** The monitor is asked again when it has not begun a new file after so long. */
const ASK_AGAIN_MS = 1000;

export interface RotationPorts {
  /** Makes the monitor begin a new file; false when it was not told. */
  readonly reopen: () => boolean;
  readonly warn: (what: string) => void;
}

export class LogRotation {
  /** Called with each file before it goes or shrinks, for those who still have to read it. */
  readonly followers = new Set<(path: string, number: number) => void>();
  readonly #file: string;
  readonly #bounds: RotationBounds;
  readonly #ports: RotationPorts;
  #watcher: FSWatcher | undefined;
  #timer: NodeJS.Timeout | undefined;
  #live: { identity: string; size: number; askedAt: number } | undefined;
  #number = 0;
  #quiet = 0;
  #compressing: Promise<void> | undefined;
  #ended = false;
  readonly #packing = new AbortController();

  constructor(file: string, bounds: RotationBounds, ports: RotationPorts) {
    this.#file = file;
    this.#bounds = bounds;
    this.#ports = ports;
    this.#look();
    this.#tidy();
  }

  /** Ends once nobody writes any more, and leaves the log within its bounds. */
  async finish(): Promise<void> {
    this.#ended = true;
    clearTimeout(this.#timer);
    this.#watcher?.close();
    this.#packing.abort();
    await this.#compressing;
    this.#adopt();
    this.#tidy();
    this.#withdraw();
  }

  #look(): void {
    this.#timer = undefined;
    if (this.#ended) return;
    const before = this.#live;
    this.#adopt();
    const live = this.#live;
    const grew = live !== undefined && (live.identity !== before?.identity || live.size !== before.size);
    this.#quiet = grew ? 0 : this.#quiet + 1;
    const room = this.#bounds.maxBytes - (live?.size ?? 0);
    const now = Date.now();
    if (live && room <= 0 && now - live.askedAt > ASK_AGAIN_MS && this.#ports.reopen()) live.askedAt = now;
    if (this.#quiet > QUIET_LOOKS && this.#watch()) return;
    const soon = live && room <= 0 ? SOONEST_MS : room / FASTEST;
    this.#timer = setTimeout(() => this.#look(), Math.min(LATEST_MS, Math.max(SOONEST_MS, soon)));
  }

  /** True when the kernel will say when the file is written, and it was not since the last look. */
  #watch(): boolean {
    try {
      const watcher = watch(this.#file, () => {
        if (this.#watcher !== watcher) return;
        watcher.close();
        this.#watcher = undefined;
        this.#quiet = 0;
        this.#look();
      });
      watcher.on('error', () => undefined);
      const stat = statSync(this.#file, { throwIfNoEntry: false });
      if (stat?.size === this.#live?.size) {
        this.#watcher = watcher;
        return true;
      }
      watcher.close();
    } catch (error) {
      if (!isErrno(error, 'ENOENT')) this.#ports.warn(`log ${this.#file} is not watched: ${messageOf(error)}`);
    }
    return false;
  }

  /** Sees whether the monitor has begun a new file, and gives that its number: a second name, under which it stays. */
  #adopt(): void {
    const stat = statSync(this.#file, { throwIfNoEntry: false });
    if (!stat) return;
    const identity = `${stat.dev}:${stat.ino}`;
    if (identity === this.#live?.identity) {
      this.#live.size = stat.size;
      return;
    }
    this.#live = { identity, size: stat.size, askedAt: 0 };
    this.#name(identity);
    this.#offer();
    this.#tidy();
  }

  /** Gives the live file its number, and before it the one that the monitor had in between, if there was one. */
  #name(live: string): void {
    const entries = logFiles(this.#file);
    const numbers = entries.map(({ number }) => number).filter(Number.isFinite);
    this.#number = Math.max(this.#number, ...numbers);
    const taken = takenFile(this.#file);
    try {
      if (taken) renameSync(taken.path, numbered(this.#file, this.#number));
      if (!entries.some(({ identity, number }) => identity === live && Number.isFinite(number))) {
        this.#number += 1;
        linkSync(this.#file, numbered(this.#file, this.#number));
      }
    } catch (error) {
      this.#ports.warn(`log ${this.#file} has no second name: ${messageOf(error)}`);
    }
  }

  /** Lays out the file that the monitor takes next: with both its names at once, as it may be taken at any moment. */
  #offer(): void {
    const file = offered(this.#file);
    const next = nextName(this.#file);
    try {
      if (this.#ended || (existsSync(file) && existsSync(next))) return;
      rmSync(next, { force: true });
      closeSync(openSync(next, 'wx', 0o600));
      linkSync(next, file);
    } catch (error) {
      rmSync(next, { force: true });
      // the monitor is just making one of its own
      if (!isErrno(error, 'EEXIST'))
        this.#ports.warn(`log ${this.#file} has no file to go on with: ${messageOf(error)}`);
    }
  }

  /** An empty file that nobody will take any more. */
  #withdraw(): void {
    if (takenFile(this.#file)) return;
    rmSync(offered(this.#file), { force: true });
    rmSync(nextName(this.#file), { force: true });
  }

  /** Brings the files within the bounds. */
  #tidy(): void {
    try {
      this.#retain();
    } catch (error) {
      this.#ports.warn(`log ${this.#file}: ${messageOf(error)}`);
    }
    if (!this.#bounds.compress || this.#ended) return;
    this.#compressing ??= this.#compress()
      .catch((error: unknown) => {
        if (!this.#packing.signal.aborted && !isErrno(error, 'ENOENT'))
          this.#ports.warn(`log ${this.#file}: ${messageOf(error)}`);
      })
      .finally(() => {
        this.#compressing = undefined;
      });
  }

  /** Numbered files that nobody writes; once the monitor has ended the live one is among them. */
  #complete(): LogFileEntry[] {
    const entries = logFiles(this.#file);
    if (this.#ended) return entries;
    const next = nextName(this.#file);
    return entries.filter((one) => isNumbered(one) && one.path !== next && one.identity !== this.#live?.identity);
  }

  #retain(): void {
    const entries = this.#complete();
    const { maxBytes, maxFiles } = this.#bounds;
    const files = this.#ended ? maxFiles : maxFiles - 1;
    const { remove, trim } = retention(
      entries.map(({ size }) => size),
      files,
      maxBytes,
    );
    for (const { path, number } of entries.slice(0, remove)) {
      for (const hold of this.followers) hold(path, number);
      rmSync(path, { force: true });
    }
    const oldest = entries[remove];
    if (!oldest || trim === undefined) return;
    for (const hold of this.followers) hold(oldest.path, oldest.number);
    if (oldest.compressed) rmSync(oldest.path, { force: true });
    else this.#shorten(oldest, trim);
  }

  #shorten(entry: LogFileEntry, bytes: number): void {
    const live = entry.identity === this.#live?.identity;
    const shorter = `${this.#file}.new`;
    keepEnd(entry.path, shorter, bytes);
    if (!live) {
      renameSync(shorter, entry.path);
      return;
    }
    // nobody writes it any more, and it keeps both its names
    if (isNumbered(entry)) {
      rmSync(entry.path, { force: true });
      linkSync(shorter, entry.path);
    }
    renameSync(shorter, this.#file);
    const { dev, ino, size } = statSync(this.#file);
    this.#live = { identity: `${dev}:${ino}`, size, askedAt: 0 };
  }

  /** One file after the other: while one is packed, others come and go. */
  async #compress(): Promise<void> {
    for (;;) {
      const entry = this.#complete().find(({ compressed }) => !compressed);
      if (this.#ended || !entry) return;
      for (const hold of this.followers) hold(entry.path, entry.number);
      await compressFile(entry.path, this.#packing.signal);
    }
  }
}

const isNumbered = ({ number }: LogFileEntry): boolean => number !== Number.POSITIVE_INFINITY;
