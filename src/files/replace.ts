// Files that are replaced: whoever reads one meanwhile finds the old content or the new. None is written through a link.
import { closeSync, mkdirSync, openSync, renameSync, rmSync, statSync, writeFileSync, writeSync } from 'node:fs';
import { dirname } from 'node:path';

/** A file that has its name only once it is whole. */
export interface Pending extends Disposable {
  write(content: Uint8Array | string): void;
  /** Gives it its name. Without that it is gone when it is disposed of. */
  keep(): void;
}

/** Folders that are missing are made, to be entered by those who may read the file. Throws like a system call. */
export function replaceFile(path: string, content: string | Buffer, mode: 0o600 | 0o644): void {
  mkdirSync(dirname(path), { recursive: true, mode: mode === 0o600 ? 0o700 : 0o755 });
  using file = beside(path, mode);
  file.write(content);
  file.keep();
}

/** For what a command puts out: what is no file, such as /dev/stdout or a pipe, is written to as it is. */
export function openResult(path: string, mode = 0o666): Pending {
  return isStream(path) ? direct(path) : beside(path, mode);
}

export function putResult(path: string, content: string): void {
  using file = openResult(path);
  file.write(content);
  file.keep();
}

/** Nobody can know the name and put something there: a file of others is an error, a link is not followed. */
function beside(path: string, mode: number): Pending {
  const temporary = `${path}.${crypto.randomUUID()}.tmp`;
  const file = openSync(temporary, 'wx', mode);
  let left = true;
  return {
    write: (content) => writeAll(file, content),
    keep() {
      renameSync(temporary, path);
      left = false;
    },
    [Symbol.dispose]() {
      closeSync(file);
      if (left) rmSync(temporary, { force: true });
    },
  };
}

function direct(path: string): Pending {
  const file = openSync(path, 'w');
  return {
    write: (content) => writeAll(file, content),
    keep: () => undefined,
    [Symbol.dispose]: () => closeSync(file),
  };
}

function writeAll(file: number, content: Uint8Array | string): void {
  if (typeof content === 'string') writeFileSync(file, content);
  else for (let at = 0; at < content.length; ) at += writeSync(file, content, at);
}

function isStream(path: string): boolean {
  if (/^\/(dev|proc)\//.test(path)) return true;
  const there = statSync(path, { throwIfNoEntry: false });
  return there !== undefined && !there.isFile() && !there.isDirectory();
}
