// Files of some places copied into a tree: COPY and ADD. The thread sees the tree as /d and the places as /0, /1 …
import {
  chmodSync,
  closeSync,
  constants,
  copyFileSync,
  fchmodSync,
  fchownSync,
  futimesSync,
  lchownSync,
  lstatSync,
  lutimesSync,
  mkdirSync,
  openSync,
  readlinkSync,
  type Stats,
  symlinkSync,
  unlinkSync,
  utimesSync,
} from 'node:fs';
import { getXattr, listXattrs, mknod, S_IFBLK, S_IFCHR, S_IFIFO, setXattr } from './kernel.ts';
import { changedMode, type ModeChange } from './mode.ts';
import { fsPath, parentOf } from './paths.ts';
import { resolveBelow } from './resolve.ts';
import { TarError } from './tar/entry.ts';

/** One file, or one directory whose content is copied. */
export interface PlaceGroup {
  /** Number of the place. */
  readonly from: number;
  readonly isDirectory: boolean;
  /** Last name of the source. */
  readonly name: string;
  /** Absolute; with a slash at the end it is a directory. */
  readonly destination: string;
  /** Paths in the place, and where they go below the destination; '' is the file itself. Directories come before what is in them. */
  readonly entries: readonly { readonly path: string; readonly to: string }[];
}

export interface PlaceOptions {
  readonly groups: readonly PlaceGroup[];
  readonly uid: number;
  readonly gid: number;
  /** Of files and directories instead of their own. */
  readonly mode?: number | readonly ModeChange[] | undefined;
  /** Only makes directories: destinations of groups without entries. */
  readonly directoryMode?: number;
}

const TREE = '/d';

export function place(options: PlaceOptions): undefined {
  const placer = new Placer(options);
  for (const group of options.groups) placer.group(group);
  placer.finish();
  return undefined;
}

class Placer {
  readonly #options: PlaceOptions;
  /** Directories' times change while they are filled. */
  readonly #times = new Map<string, Stats>();

  constructor(options: PlaceOptions) {
    this.#options = options;
  }

  group(group: PlaceGroup): void {
    const { destination } = group;
    let target = this.#resolve(destination);
    if (!group.isDirectory) {
      const there = lstat(target);
      if (destination.endsWith('/') || there?.isDirectory())
        target = `${target === '/d' ? TREE : target}/${group.name}`;
      this.#parents(parentOf(target));
    } else this.#parents(target);
    for (const { path, to } of group.entries)
      this.#entry(`/${group.from}${path}`, to === '' ? target : `${target}/${to}`);
  }

  finish(): void {
    for (const [path, { atimeMs, mtimeMs }] of [...this.#times].reverse())
      utimesSync(fsPath(path), atimeMs / 1000, mtimeMs / 1000);
  }

  /** A path of the tree, its links followed as far as it exists, with the tree's own name in front. */
  #resolve(path: string): string {
    const { path: inside } = resolveBelow(TREE, path);
    return inside === '/' ? TREE : TREE + inside;
  }

  #parents(path: string): void {
    if (path === TREE || path === '/') return;
    const there = lstat(path);
    if (there?.isDirectory()) return;
    if (there) throw new TarError(`cannot copy to non-directory: ${path.slice(TREE.length)}`);
    this.#parents(parentOf(path));
    mkdirSync(fsPath(path), 0o755);
    if (this.#options.uid || this.#options.gid) lchownSync(fsPath(path), this.#options.uid, this.#options.gid);
  }

  #entry(from: string, to: string): void {
    const stat = lstatSync(fsPath(from));
    const there = lstat(to);
    if (stat.isDirectory()) {
      if (there && !there.isDirectory()) throw new TarError(`cannot copy to non-directory: ${to.slice(TREE.length)}`);
      if (there) return;
      this.#parents(parentOf(to));
      mkdirSync(fsPath(to), 0o755);
      lchownSync(fsPath(to), this.#options.uid, this.#options.gid);
      chmodSync(fsPath(to), this.#mode(stat));
      this.#xattrs(from, to);
      this.#times.set(to, stat);
      return;
    }
    if (there?.isDirectory())
      throw new TarError(`cannot copy to directory ${to.slice(TREE.length)} with a file of that name`);
    if (there) unlinkSync(fsPath(to));
    this.#parents(parentOf(to));
    if (stat.isFile()) this.#file(from, to, stat);
    else if (stat.isSymbolicLink()) {
      symlinkSync(readlinkSync(fsPath(from), { encoding: 'buffer' }), fsPath(to));
      lchownSync(fsPath(to), this.#options.uid, this.#options.gid);
      lutimesSync(fsPath(to), stat.atimeMs / 1000, stat.mtimeMs / 1000);
    } else {
      const kind = stat.isFIFO() ? S_IFIFO : stat.isBlockDevice() ? S_IFBLK : S_IFCHR;
      mknod(to, kind | this.#mode(stat), (stat.rdev >> 8) & 0xfff, (stat.rdev & 0xff) | ((stat.rdev >> 12) & 0xfff00));
      lchownSync(fsPath(to), this.#options.uid, this.#options.gid);
    }
  }

  #file(from: string, to: string, stat: Stats): void {
    copyFileSync(fsPath(from), fsPath(to), constants.COPYFILE_EXCL);
    const fd = openSync(fsPath(to), constants.O_RDONLY | constants.O_NOFOLLOW);
    try {
      if (this.#options.uid || this.#options.gid) fchownSync(fd, this.#options.uid, this.#options.gid);
      fchmodSync(fd, this.#mode(stat));
      this.#xattrs(from, to);
      futimesSync(fd, stat.atimeMs / 1000, stat.mtimeMs / 1000);
    } finally {
      closeSync(fd);
    }
  }

  #mode(stat: Stats): number {
    const { mode } = this.#options;
    if (mode === undefined) return stat.mode & 0o7777;
    return typeof mode === 'number' ? mode : changedMode(mode, stat.mode, stat.isDirectory());
  }

  #xattrs(from: string, to: string): void {
    for (const name of listXattrs(from)) {
      if (name !== 'security.capability' && !name.startsWith('user.')) continue;
      const value = getXattr(from, name);
      if (value !== undefined) setXattr(to, name, value);
    }
  }
}

function lstat(path: string): Stats | undefined {
  return lstatSync(fsPath(path), { throwIfNoEntry: false });
}
