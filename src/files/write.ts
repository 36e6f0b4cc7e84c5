// Writes a tree of files into a directory that others may have filled: a link that is there is never followed, a file never written
// through. Modes, owners and times are set by descriptor, or on a name whose last link is not followed.
import {
  chmodSync,
  chownSync,
  closeSync,
  constants,
  fchmodSync,
  fchownSync,
  futimesSync,
  lchownSync,
  lstatSync,
  lutimesSync,
  mkdirSync,
  openSync,
  type PathLike,
  readdirSync,
  rmdirSync,
  type Stats,
  statSync,
  symlinkSync,
  unlinkSync,
  utimesSync,
  writeSync,
} from 'node:fs';
import { isErrno } from '../base/errors.ts';
import type { Directory, Door, Name } from './door.ts';

/** Names from the root; none is the root itself. */
export type Parts = readonly string[];

export interface Attributes {
  readonly mode?: number;
  readonly owner?: { readonly uid: number; readonly gid: number };
  /** Seconds since 1970. */
  readonly mtime?: number;
  readonly atime?: number;
}

/**
 * What is there already: `refuse`: a directory is not replaced by anything else, nor the other way round, in Docker's words.
 * `replace`: it makes way. `keep`: it is left alone, with all that is in it.
 */
export type Conflict = 'refuse' | 'replace' | 'keep' | 'complete';

/** An entry that is not written. */
export class RefusedEntry extends Error {}

/** Directories that are held open at a time, which leaves most of a limit of 1024 to others. */
const MAX_OPEN = 128;
const NEW_FILE = constants.O_CREAT | constants.O_EXCL | constants.O_WRONLY | constants.O_NOFOLLOW;

interface Level {
  readonly name: string;
  /** undefined when it was closed to have fewer open. */
  directory: Directory | undefined;
}

/** Names in archives to parts below `root`, in Docker's words for what is not. */
export function partsOf(name: string, root: string): string[] {
  const parts = name.split('/').filter((part) => part !== '' && part !== '.');
  if (parts.includes('..')) throw new RefusedEntry(`${JSON.stringify(name)} is outside of ${JSON.stringify(root)}`);
  return parts;
}

export class TreeWriter implements Disposable {
  readonly #door: Door;
  readonly #root: Directory;
  readonly #conflict: Conflict;
  /** How the root is called in errors. */
  readonly #shown: string;
  /** The directory of the last entry and those above it, without the root. */
  readonly #way: Level[] = [];
  /** Set at the end, outermost last: times change while a directory is filled, and one without write permission can't be. */
  readonly #directories: { readonly parts: Parts; readonly inode: number; readonly attributes: Attributes }[] = [];

  /** `root` is an open directory of the door, which the caller closes. */
  constructor(door: Door, root: Directory, options: { readonly conflict: Conflict; readonly shown?: string }) {
    this.#door = door;
    this.#root = root;
    this.#conflict = options.conflict;
    this.#shown = options.shown ?? '/';
  }

  /** False when something else is there and is kept, or the directory itself is and is not to be written into. */
  directory(parts: Parts, attributes: Attributes, whenOpen?: (directory: Directory) => void): boolean {
    const name = parts.at(-1);
    if (name !== undefined) {
      const parent = this.#enter(parts.slice(0, -1));
      if (!this.#makeDirectory(parent, parts, 0o700)) return false;
    }
    const directory = this.#enter(parts);
    whenOpen?.(directory);
    this.#directories.push({ parts, inode: this.#inodeOf(directory), attributes });
    return true;
  }

  /** A new file, open for writing, which `closeFile` closes; undefined when something is there and is kept. */
  openFile(parts: Parts, mode = 0o600): number | undefined {
    return this.#new(parts, (path) => openSync(path, NEW_FILE, mode));
  }

  /** The plain file that is there, open for reading; the caller closes it. */
  existingFile(parts: Parts): number | undefined {
    const name = parts.at(-1) ?? '';
    const parent = this.#enter(parts.slice(0, -1));
    if (this.#stat(parent, name)?.isFile() !== true) return undefined;
    return openSync(this.#door.at(parent, name), constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  }

  removeFile(parts: Parts): void {
    const parent = this.#enter(parts.slice(0, -1));
    unlinkSync(this.#door.at(parent, parts.at(-1) ?? ''));
  }

  closeFile(file: number, attributes: Attributes): void {
    try {
      setAttributes(file, attributes);
    } finally {
      closeSync(file);
    }
  }

  async file(parts: Parts, chunks: AsyncIterable<Uint8Array>, attributes: Attributes): Promise<void> {
    const file = this.openFile(parts);
    if (file === undefined) {
      for await (const _ of chunks);
      return;
    }
    let given: Attributes = {};
    try {
      for await (const chunk of chunks) for (let at = 0; at < chunk.length; ) at += writeSync(file, chunk, at);
      given = attributes;
    } finally {
      this.closeFile(file, given);
    }
  }

  symlink(parts: Parts, target: PathLike, attributes: Attributes): boolean {
    return (
      this.#new(parts, (path) => {
        symlinkSync(target, path);
        setOfName(path, attributes);
        return true;
      }) ?? false
    );
  }

  /** Whatever `make` makes under the name that it gets: a FIFO, a device. */
  node(parts: Parts, make: (path: PathLike) => void, attributes: Attributes): boolean {
    return (
      this.#new(parts, (path) => {
        make(path);
        setOfName(path, attributes);
        return true;
      }) ?? false
    );
  }

  /** Another name of a file or link below the root. What it is stays as it is: it may have names elsewhere, too. */
  link(parts: Parts, source: Parts): boolean {
    const from = source.at(-1);
    if (from === undefined || parts.join('/') === source.join('/'))
      throw new RefusedEntry(`invalid hard link ${this.#text(parts)} -> ${this.#text(source)}`);
    // opened once more, since going to the new name closes the way to the old one
    const holder = this.#reach(source.slice(0, -1));
    try {
      if (lstatSync(this.#door.at(holder, from)).isDirectory())
        throw new RefusedEntry(`invalid hard link ${this.#text(parts)} -> ${this.#text(source)}: it is a directory`);
      const parent = this.#enter(parts.slice(0, -1));
      return (
        this.#new(parts, () => {
          this.#door.link(holder, from, parent, parts.at(-1) ?? '');
          return true;
        }) ?? false
      );
    } finally {
      this.#door.close(holder);
    }
  }

  /** Modes, owners and times of directories. */
  finish(): void {
    for (const { parts, inode, attributes } of this.#directories.reverse()) {
      let directory: Directory;
      try {
        directory = this.#enter(parts, false);
      } catch (error) {
        // it was replaced by a later entry, or by somebody else
        if (isErrno(error, 'ENOENT', 'ENOTDIR', 'ELOOP')) continue;
        throw error;
      }
      if (this.#inodeOf(directory) === inode) this.#setDirectory(directory, attributes);
    }
    this.#directories.length = 0;
  }

  [Symbol.dispose](): void {
    this.#leave(0);
  }

  #setDirectory(directory: Directory, { mode, owner, mtime, atime }: Attributes): void {
    if (owner) chownSync(this.#door.self(directory), owner.uid, owner.gid);
    if (mode !== undefined) chmodSync(this.#door.self(directory), mode);
    if (mtime !== undefined) utimesSync(this.#door.self(directory), atime ?? mtime, mtime);
  }

  #inodeOf(directory: Directory): number {
    return statSync(this.#door.self(directory)).ino;
  }

  #text(parts: Parts): string {
    return JSON.stringify([this.#shown === '/' ? '' : this.#shown, ...parts].join('/') || '/');
  }

  /** Does `make` with the name of an entry once nothing else has it. */
  #new<T>(parts: Parts, make: (path: PathLike) => T): T | undefined {
    const name = parts.at(-1);
    if (name === undefined)
      throw new RefusedEntry(`cannot overwrite directory ${this.#text(parts)} with non-directory ${this.#text([])}`);
    const parent = this.#enter(parts.slice(0, -1));
    try {
      return make(this.#door.at(parent, name));
    } catch (error) {
      if (!isErrno(error, 'EEXIST')) throw error;
    }
    if (this.#conflict === 'keep' || this.#conflict === 'complete') return undefined;
    const there = this.#stat(parent, name);
    if (there?.isDirectory()) {
      if (this.#conflict === 'refuse')
        throw new RefusedEntry(`cannot overwrite directory ${this.#text(parts)} with non-directory ${this.#text([])}`);
      this.#leave(parts.length - 1);
      this.#removeTree(parent, name);
    } else if (there) unlinkSync(this.#door.at(parent, name));
    return make(this.#door.at(parent, name));
  }

  /** True when the directory is there to be written into. */
  #makeDirectory(parent: Directory, parts: Parts, mode: number): boolean {
    const name = parts.at(-1) ?? '';
    try {
      mkdirSync(this.#door.at(parent, name), { mode });
      return true;
    } catch (error) {
      if (!isErrno(error, 'EEXIST')) throw error;
    }
    if (this.#conflict === 'keep') return false;
    const there = this.#stat(parent, name);
    if (there?.isDirectory()) return true;
    if (this.#conflict === 'complete') return false;
    if (this.#conflict === 'refuse')
      throw new RefusedEntry(`cannot overwrite non-directory ${this.#text(parts)} with directory ${this.#text([])}`);
    if (there) unlinkSync(this.#door.at(parent, name));
    mkdirSync(this.#door.at(parent, name), { mode });
    return true;
  }

  #stat(parent: Directory, name: Name): Stats | undefined {
    return lstatSync(this.#door.at(parent, name), { throwIfNoEntry: false });
  }

  #removeTree(parent: Directory, name: Name): void {
    const directory = this.#door.open(parent, name);
    try {
      for (const child of readdirSync(this.#door.self(directory), { encoding: 'buffer' })) {
        if (this.#stat(directory, child)?.isDirectory()) this.#removeTree(directory, child);
        else unlinkSync(this.#door.at(directory, child));
      }
    } finally {
      this.#door.close(directory);
    }
    rmdirSync(this.#door.at(parent, name));
  }

  /** The open directory of some parts; with `make` those that are missing are made. It stays open until another one is entered. */
  #enter(parts: Parts, make = true): Directory {
    let depth = 0;
    while (depth < this.#way.length && depth < parts.length && this.#way[depth]?.name === parts[depth]) depth += 1;
    if (depth > 0 && this.#way[depth - 1]?.directory === undefined) depth = 0;
    this.#leave(depth);
    let at = this.#way.at(-1)?.directory ?? this.#root;
    for (; depth < parts.length; depth += 1) {
      const name = parts[depth] ?? '';
      at = this.#step(at, parts.slice(0, depth + 1), make);
      this.#way.push({ name, directory: at });
      const early = this.#way[depth - MAX_OPEN];
      if (early?.directory !== undefined) {
        this.#door.close(early.directory);
        early.directory = undefined;
      }
    }
    return at;
  }

  #step(parent: Directory, parts: Parts, make: boolean): Directory {
    const name = parts.at(-1) ?? '';
    try {
      return this.#door.open(parent, name);
    } catch (error) {
      if (!make || !isErrno(error, 'ENOENT', 'ENOTDIR', 'ELOOP')) throw error;
    }
    if (!this.#makeDirectory(parent, parts, 0o755))
      throw new RefusedEntry(`cannot overwrite non-directory ${this.#text(parts)} with directory ${this.#text([])}`);
    return this.#door.open(parent, name);
  }

  /** The same, nothing made, held apart: the caller closes it. */
  #reach(parts: Parts): Directory {
    const { directory } = parts.reduce<{ directory: Directory; close: boolean }>(
      ({ directory, close }, name) => {
        try {
          return { directory: this.#door.open(directory, name), close: true };
        } finally {
          if (close) this.#door.close(directory);
        }
      },
      { directory: this.#root, close: false },
    );
    return directory === this.#root ? this.#door.open(this.#root, '.') : directory;
  }

  #leave(depth: number): void {
    for (const { directory } of this.#way.splice(depth)) if (directory !== undefined) this.#door.close(directory);
  }
}

/** A change of owner clears setuid, so the mode comes after it. */
function setAttributes(file: number, { mode, owner, mtime, atime }: Attributes): void {
  if (owner) fchownSync(file, owner.uid, owner.gid);
  if (mode !== undefined) fchmodSync(file, mode);
  if (mtime !== undefined) futimesSync(file, atime ?? mtime, mtime);
}

function setOfName(path: PathLike, { owner, mtime, atime }: Attributes): void {
  if (owner) lchownSync(path, owner.uid, owner.gid);
  if (mtime !== undefined) lutimesSync(path, atime ?? mtime, mtime);
}
