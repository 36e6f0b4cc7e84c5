// Files of some places copied into a tree: COPY and ADD. The thread sees the tree as /d and the places as /0, /1 …
import {
  chmodSync,
  closeSync,
  constants,
  copyFileSync,
  fchmodSync,
  fchownSync,
  futimesSync,
  linkSync,
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
import { isErrno } from '../../base/errors.ts';
import { getXattr, listXattrs, mknod, S_IFBLK, S_IFCHR, S_IFIFO, setXattr } from './kernel.ts';
import { changedMode, type ModeChange } from './mode.ts';
import { fsPath, parentOf } from './tar/inside-path.ts';
import { resolveBelow } from './resolve.ts';
import { TarError } from './tar/entry.ts';

/** One file, or one directory whose content is copied. */
export interface PlaceGroup {
  /** Number of the place. */
  readonly from: number;
  readonly isDirectory: boolean;
  /** Last name of the source. */
  readonly name: string;
  /** The directory itself in the place: its destination gets its times. */
  readonly top?: string | undefined;
  /** Absolute; with a slash at the end it is a directory. */
  readonly destination: string;
  /** Paths in the place, and where they go below the destination; '' is the file itself. Directories come before what is in them. */
  readonly entries: readonly { readonly path: string; readonly to: string }[];
}

export interface Owner {
  readonly uid: number;
  readonly gid: number;
}

export interface PlaceOptions {
  readonly groups: readonly PlaceGroup[];
  /** Of everything that is made; without it each file has the owner of its source, and a directory that has none is root's. */
  readonly owner?: Owner | undefined;
  /** Of files and directories instead of their own. */
  readonly mode?: number | readonly ModeChange[] | undefined;
  /** Several sources were named: none of their files takes the place of another. */
  readonly several?: { readonly refusal: string } | undefined;
}

const TREE = '/d';

export function place(options: PlaceOptions): undefined {
  const files = new Set<string>();
  for (const group of options.groups) new Placer(options, files).group(group);
  return undefined;
}

/** One group. */
class Placer {
  readonly #options: PlaceOptions;
  /** Directories' times change while they are filled. */
  readonly #times = new Map<string, Stats>();
  /** Files with several names: where the first one went. */
  readonly #links = new Map<string, string>();

  /** Where files of all groups went. */
  readonly #files: Set<string>;

  constructor(options: PlaceOptions, files: Set<string>) {
    this.#options = options;
    this.#files = files;
  }

  group(group: PlaceGroup): void {
    const { destination, from, top } = group;
    let target = this.#resolve(destination);
    if (!group.isDirectory) {
      const there = lstat(target);
      if (destination.endsWith('/') || there?.isDirectory()) target = `${target}/${group.name}`;
      else if (this.#options.several && this.#files.has(target)) throw new TarError(this.#options.several.refusal);
      else this.#files.add(target);
      this.#parents(parentOf(target));
    } else if (lstat(target)?.isDirectory() === false) throw notDirectory(target);
    else this.#parents(target);
    if (top !== undefined && target !== TREE) this.#times.set(target, lstatSync(fsPath(`/${from}${top}`)));
    for (const { path, to } of group.entries) this.#entry(`/${from}${path}`, to === '' ? target : `${target}/${to}`);
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
    if (there) throw new TarError(`mkdir ${path.slice(TREE.length)}: not a directory`);
    this.#parents(parentOf(path));
    const { mode, owner } = this.#options;
    // as BuildKit's umask has it
    mkdirSync(fsPath(path), typeof mode === 'number' ? mode & 0o755 : 0o755);
    if (owner) lchownSync(fsPath(path), owner.uid, owner.gid);
  }

  #entry(from: string, to: string): void {
    const stat = lstatSync(fsPath(from));
    const there = lstat(to);
    if (stat.isDirectory()) {
      if (there && !there.isDirectory()) throw notDirectory(to);
      if (!there) {
        this.#parents(parentOf(to));
        mkdirSync(fsPath(to), 0o755);
      }
      this.#finish(to, stat);
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
      this.#chown(to, stat);
      lutimesSync(fsPath(to), stat.atimeMs / 1000, stat.mtimeMs / 1000);
    } else {
      const kind = stat.isFIFO() ? S_IFIFO : stat.isBlockDevice() ? S_IFBLK : S_IFCHR;
      mknod(to, kind | 0o600, (stat.rdev >> 8) & 0xfff, (stat.rdev & 0xff) | ((stat.rdev >> 12) & 0xfff00));
      this.#finish(to, stat);
      utimesSync(fsPath(to), stat.atimeMs / 1000, stat.mtimeMs / 1000);
    }
  }

  #file(from: string, to: string, stat: Stats): void {
    const inode = stat.nlink > 1 ? `${stat.dev}:${stat.ino}` : undefined;
    const first = inode === undefined ? undefined : this.#links.get(inode);
    if (first !== undefined) {
      linkSync(fsPath(first), fsPath(to));
      return;
    }
    copyFileSync(fsPath(from), fsPath(to), constants.COPYFILE_EXCL);
    const fd = openSync(fsPath(to), constants.O_RDONLY | constants.O_NOFOLLOW);
    try {
      // the copy has its source's owner already
      const { owner } = this.#options;
      if (owner) fchownSync(fd, owner.uid, owner.gid);
      // a change of owner clears setuid
      fchmodSync(fd, this.#mode(stat));
      this.#xattrs(from, to);
      futimesSync(fd, stat.atimeMs / 1000, stat.mtimeMs / 1000);
    } finally {
      closeSync(fd);
    }
    if (inode !== undefined) this.#links.set(inode, to);
  }

  /** Owner and mode, in this order. */
  #finish(to: string, stat: Stats): void {
    this.#chown(to, stat);
    chmodSync(fsPath(to), this.#mode(stat));
  }

  #chown(to: string, stat: Stats): void {
    const { uid, gid } = this.#options.owner ?? stat;
    lchownSync(fsPath(to), uid, gid);
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

const notDirectory = (path: string): TarError =>
  new TarError(`cannot copy to non-directory: ${path.slice(TREE.length)}`);

function lstat(path: string): Stats | undefined {
  try {
    return lstatSync(fsPath(path), { throwIfNoEntry: false });
  } catch (error) {
    // below something that is no directory, which is found when parents are made
    if (isErrno(error, 'ENOTDIR')) return undefined;
    throw error;
  }
}
