// Keeps a log within its bounds: `container.log` becomes `container.log.1`, that one `.2`, and the oldest goes.
import {
  closeSync,
  type FSWatcher,
  openSync,
  readSync,
  renameSync,
  rmSync,
  statSync,
  watch,
  writeFileSync,
} from 'node:fs';
import { isErrno } from '../../base/errors.ts';

export interface RotationBounds {
  /** Bytes of one file. */
  readonly maxBytes: number;
  /** Files in all, the live one included; at least 2. */
  readonly maxFiles: number;
}

/** Looks at the size at most so often, milliseconds: inotify tells of every write. */
const EVERY_MS = 50;

/** `reopen` makes the monitor open the name again; what it writes before that goes to the renamed file and is not lost. */
export function rotateWhileRunning(file: string, bounds: RotationBounds, reopen: () => void): () => void {
  let timer: NodeJS.Timeout | undefined;
  let watcher: FSWatcher | undefined;
  const look = (): void => {
    timer = undefined;
    if (sizeOf(file) < bounds.maxBytes) return;
    rmSync(`${file}.${bounds.maxFiles - 1}`, { force: true });
    for (let number = bounds.maxFiles - 2; number >= 1; number -= 1) move(`${file}.${number}`, `${file}.${number + 1}`);
    move(file, `${file}.1`);
    reopen();
    rewatch();
  };
  const rewatch = (): void => {
    watcher?.close();
    try {
      watcher = watch(file, () => {
        timer ??= setTimeout(look, EVERY_MS);
      });
    } catch (error) {
      if (!isErrno(error, 'ENOENT')) throw error;
      // the monitor has not made the new file yet
      timer ??= setTimeout(() => {
        timer = undefined;
        rewatch();
      }, EVERY_MS);
    }
  };
  rewatch();
  return () => {
    clearTimeout(timer);
    watcher?.close();
  };
}

/** Once nobody writes any more: what one burst wrote beyond the bounds is cut off at the front, at a line. */
export function trimLog(file: string, maxBytes: number): void {
  const size = sizeOf(file);
  if (size <= maxBytes) return;
  const from = openSync(file, 'r');
  try {
    const kept = Buffer.alloc(maxBytes);
    const length = readSync(from, kept, 0, maxBytes, size - maxBytes);
    writeFileSync(`${file}.new`, kept.subarray(kept.indexOf(NEWLINE) + 1, length), { mode: 0o600 });
    renameSync(`${file}.new`, file);
  } finally {
    closeSync(from);
  }
}

const NEWLINE = 10;

function sizeOf(file: string): number {
  return statSync(file, { throwIfNoEntry: false })?.size ?? 0;
}

function move(from: string, to: string): void {
  try {
    renameSync(from, to);
  } catch (error) {
    if (!isErrno(error, 'ENOENT')) throw error;
  }
}
