// Names below open directories as node:fs can use them: no link on the way is followed, since there is no way, only a directory
// that is held open and one name.
import { closeSync, constants, existsSync, linkSync, lstatSync, openSync, type PathLike, realpathSync } from 'node:fs';
import { sep } from 'node:path';

/** A directory that a door opened. */
export type Directory = number;

/** Bytes where they may be no UTF-8. */
export type Name = string | Buffer;

/** One way to name what is in an open directory. Calls of node:fs on these names must not follow the last link either. */
export interface Door {
  /** The directory itself, never what a link leads to: throws ENOTDIR, ELOOP or ENOENT. */
  open(directory: Directory, name: Name): Directory;
  /** As the user names it: links are followed. */
  openRoot(path: string): Directory;
  close(directory: Directory): void;
  /** Good until the next call of the door. */
  at(directory: Directory, name: Name): PathLike;
  /** The directory itself. */
  self(directory: Directory): PathLike;
  link(from: Directory, name: string, to: Directory, newName: string): void;
}

/** Node has no name for it: the directory's place, for which it need not be readable. */
const O_PATH = 0o10000000;
const HELD = '/proc/self/fd';

/** By descriptors, which the kernel shows as directories below /proc. */
class HeldDoor implements Door {
  open(directory: Directory, name: Name): Directory {
    return openSync(this.at(directory, name), O_PATH | constants.O_DIRECTORY | constants.O_NOFOLLOW);
  }

  openRoot(path: string): Directory {
    return openSync(path, O_PATH | constants.O_DIRECTORY);
  }

  close(directory: Directory): void {
    closeSync(directory);
  }

  at(directory: Directory, name: Name): PathLike {
    return below(`${HELD}/${directory}/`, name);
  }

  self(directory: Directory): string {
    return `${HELD}/${directory}`;
  }

  link(from: Directory, name: string, to: Directory, newName: string): void {
    linkSync(this.at(from, name), this.at(to, newName));
  }
}

interface Remembered {
  readonly path: string;
  readonly device: number;
  readonly inode: number;
}

/**
 * By paths, each looked at again before it is used, where no descriptor can stand for a directory (macOS, Windows). Whoever swaps a
 * directory between the look and the use is not seen; a link that was there before is.
 */
export class WatchedDoor implements Door {
  readonly #open = new Map<Directory, Remembered>();
  #next = 1;

  open(directory: Directory, name: Name): Directory {
    return this.#remember(String(this.at(directory, name)));
  }

  openRoot(path: string): Directory {
    return this.#remember(realpathSync(path));
  }

  close(directory: Directory): void {
    this.#open.delete(directory);
  }

  at(directory: Directory, name: Name): PathLike {
    const path = this.self(directory);
    return below(path.endsWith(sep) ? path : path + sep, name);
  }

  self(directory: Directory): string {
    const held = this.#open.get(directory);
    if (!held) throw failure('EBADF', String(directory));
    const { path, device, inode } = held;
    const now = lstatSync(path);
    if (now.dev !== device || now.ino !== inode) throw failure('ELOOP', path);
    return path;
  }

  link(from: Directory, name: string, to: Directory, newName: string): void {
    linkSync(this.at(from, name), this.at(to, newName));
  }

  #remember(path: string): Directory {
    const stat = lstatSync(path);
    if (!stat.isDirectory()) throw failure('ENOTDIR', path);
    const number = this.#next;
    this.#next += 1;
    this.#open.set(number, { path, device: stat.dev, inode: stat.ino });
    return number;
  }
}

function below(folder: string, name: Name): PathLike {
  return typeof name === 'string' ? folder + name : Buffer.concat([Buffer.from(folder), name]);
}

function failure(code: string, path: string): Error {
  return Object.assign(new Error(`${code}: ${path}`), { code });
}

/** The best that this machine has. */
export function doorOf(): Door {
  return process.platform === 'linux' && existsSync(HELD) ? new HeldDoor() : new WatchedDoor();
}
