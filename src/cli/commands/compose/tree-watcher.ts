// Says which files below some paths changed: the kernel says that something did, a walk says what.
import { type FSWatcher, lstatSync, readdirSync, watch } from 'node:fs';
import { dirname, join } from 'node:path';
import { isErrno, messageOf } from '../../../base/errors.ts';
import { Failure } from '../../grammar/index.ts';

/** How long it must be quiet before the files are looked at, in milliseconds. */
const QUIET_MS = 300;
/** Paths that are not there yet are looked for so often. */
const ABSENT_MS = 1000;

export class TreeWatcher {
  readonly #roots: readonly string[];
  readonly #ignores: (path: string) => boolean;
  readonly #watchers = new Map<string, FSWatcher>();
  /** what was seen of each path: enough to know that it is another */
  #seen = new Map<string, string>();
  #wake: () => void = () => undefined;
  #isWoken = false;
  readonly #timer: NodeJS.Timeout;

  /** `ignores`: paths of which nothing below is watched. Throws a Failure when the kernel allows no more watches. */
  constructor(roots: readonly string[], ignores: (path: string) => boolean) {
    this.#roots = roots;
    this.#ignores = ignores;
    this.#seen = this.#walk();
    this.#timer = setInterval(() => {
      if (this.#roots.some((root) => !this.#seen.has(root))) this.#touch();
    }, ABSENT_MS);
  }

  /** Batches of changed paths, sorted, until the signal comes. */
  async *changes(signal: AbortSignal): AsyncGenerator<readonly string[], void, undefined> {
    const stop = (): void => this.#touch();
    signal.addEventListener('abort', stop, { once: true });
    try {
      while (!signal.aborted) {
        if (!this.#isWoken)
          await new Promise<void>((resolve) => {
            this.#wake = resolve;
          });
        while (this.#isWoken && !signal.aborted) {
          this.#isWoken = false;
          await new Promise((resolve) => setTimeout(resolve, QUIET_MS));
        }
        if (signal.aborted) return;
        const before = this.#seen;
        this.#seen = this.#walk();
        const changed = changedPaths(before, this.#seen);
        if (changed.length > 0) yield changed;
      }
    } finally {
      signal.removeEventListener('abort', stop);
      this.#close();
    }
  }

  readonly #touch = (): void => {
    this.#isWoken = true;
    this.#wake();
  };

  #close(): void {
    clearInterval(this.#timer);
    for (const watcher of this.#watchers.values()) watcher.close();
    this.#watchers.clear();
  }

  #walk(): Map<string, string> {
    const seen = new Map<string, string>();
    const directories = new Set<string>();
    const visit = (path: string, isRoot: boolean): void => {
      if (!isRoot && this.#ignores(path)) return;
      const stat = lstatSync(path, { throwIfNoEntry: false, bigint: true });
      if (stat === undefined) return;
      if (!stat.isDirectory()) {
        seen.set(path, `${stat.ino} ${stat.size} ${stat.mtimeNs} ${stat.mode}`);
        // An editor puts another file in its place, which only the directory tells.
        if (isRoot) directories.add(dirname(path));
        return;
      }
      // Its times change with what is in it, which is seen by itself.
      seen.set(path, `directory ${stat.mode}`);
      directories.add(path);
      this.#watch(path);
      for (const name of namesIn(path)) visit(join(path, name), false);
    };
    for (const root of this.#roots) visit(root, true);
    for (const path of directories) this.#watch(path);
    for (const [path, watcher] of this.#watchers)
      if (!directories.has(path)) {
        watcher.close();
        this.#watchers.delete(path);
      }
    return seen;
  }

  /** Before its names are read, so that nothing comes between. */
  #watch(directory: string): void {
    if (this.#watchers.has(directory)) return;
    try {
      const watcher = watch(directory, { persistent: false }, this.#touch);
      watcher.on('error', this.#touch);
      this.#watchers.set(directory, watcher);
    } catch (error) {
      if (isErrno(error, 'ENOENT', 'ENOTDIR')) return;
      this.#close();
      throw new Failure(`cannot watch ${directory}: ${messageOf(error)}`);
    }
  }
}

function namesIn(directory: string): readonly string[] {
  try {
    return readdirSync(directory);
  } catch (error) {
    if (isErrno(error, 'ENOENT', 'ENOTDIR', 'EACCES')) return [];
    throw error;
  }
}

/** Paths that came, went, or are not what they were. Pure. */
export function changedPaths(before: ReadonlyMap<string, string>, after: ReadonlyMap<string, string>): string[] {
  const changed = [...after].flatMap(([path, what]) => (before.get(path) === what ? [] : [path]));
  const gone = [...before.keys()].filter((path) => !after.has(path));
  return [...changed, ...gone].sort();
}
