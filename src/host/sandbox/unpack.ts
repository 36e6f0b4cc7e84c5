// Applies a tar archive to the root of a confined thread, by synchronous calls only.
import { createHash } from 'node:crypto';
import {
  closeSync,
  constants,
  fchmodSync,
  fchownSync,
  futimesSync,
  lchownSync,
  chmodSync,
  linkSync,
  lstatSync,
  lutimesSync,
  mkdirSync,
  openSync,
  readdirSync,
  realpathSync,
  rmdirSync,
  statSync,
  symlinkSync,
  unlinkSync,
  utimesSync,
  writeSync,
} from 'node:fs';
import { isErrno } from '../../base/errors.ts';
import { NODE_BYTES, Room } from '../room.ts';
import { getXattr, mknod, S_IFBLK, S_IFCHR, S_IFIFO, setXattr } from './kernel.ts';
import type { ManifestEntry } from './manifest.ts';
import { baseOf, fsPath, insidePath, parentOf } from './tar/inside-path.ts';
import { resolveInRoot, TooManyLinks } from './resolve.ts';
import type { SeamWriter } from './tar-split/write.ts';
import { SparseFiles, writeSparse } from './sparse-files.ts';
import { type TarEntry, TarError } from './tar/entry.ts';
import type { TarReader } from './tar/read.ts';

export interface UnpackOptions {
  /** `overlay`: `.wh.` files become what overlayfs understands. `literal`: they are files like others. `apply`: what they name goes. */
  readonly whiteouts: 'overlay' | 'literal' | 'apply';
  /** Directory below the root that the archive is for; it must exist, and keeps its own owner, mode and time. */
  readonly into?: string;
  /** As `into`, for a tree at `base`: links on the way are followed within it. */
  readonly inside?: { readonly base: string; readonly path: string };
  /** A directory is not replaced by something else, nor the other way round. */
  readonly keepTypes?: boolean;
  /** Owner of everything instead of what the archive says. */
  readonly owner?: { readonly uid: number; readonly gid: number };
  /** Tells what was unpacked, with the digests of files. */
  readonly manifest?: boolean;
  /** What comes is gzip; digest and length are of the plain archive. */
  readonly gzip?: boolean;
}

export interface Unpacked {
  /** Sum of the sizes of files and symbolic links, each inode once, as `du --apparent-size` without directories. */
  readonly size: number;
  readonly entries: number;
  readonly manifest?: ReadonlyMap<string, ManifestEntry>;
}

const WHITEOUT = '.wh.';
const META = '.wh..wh.';
const OPAQUE = '.wh..wh..opq';
const OPAQUE_XATTR = 'trusted.overlay.opaque';
/** Directories that are known to exist; forgotten when there are more, so that an archive cannot fill the memory. */
const MAX_KNOWN = 100_000;

/** With `seams` these are told which content went to which file; the reader must give them the other bytes. */
export function unpack(reader: TarReader, options: UnpackOptions, tarSplit?: SeamWriter): Unpacked {
  return new Unpacker(options, tarSplit).run(reader);
}

class Unpacker {
  readonly #options: UnpackOptions;
  readonly #into: string;
  readonly #tarSplit: SeamWriter | undefined;
  /** Each with its path without links, which is only looked for when there are seams. */
  readonly #known = new Map<string, string>([['/', '/']]);
  /** Directories' times change while they are filled, so they are set at the end. */
  readonly #directoryTimes = new Map<string, number>();
  /** A new file takes the group of a setgid directory, so that owners must be set even for root's. */
  #setgid = false;
  readonly #room: Room;
  /** Of those the seams hold every byte, so that none is lost with them. */
  readonly #sparse = new SparseFiles();
  #size = 0;
  /** By path without the first slash. */
  readonly #manifest: Map<string, ManifestEntry> | undefined;

  constructor(options: UnpackOptions, tarSplit: SeamWriter | undefined) {
    if (options.manifest) this.#manifest = new Map();
    this.#options = options;
    this.#tarSplit = tarSplit;
    this.#into = options.into === undefined ? '/' : insidePath(options.into);
    this.#room = Room.of(fsPath(this.#into));
  }

  run(reader: TarReader): Unpacked {
    let entries = 0;
    for (let entry = reader.next(); entry; entry = reader.next()) {
      entries += 1;
      this.#room.take(NODE_BYTES);
      if (this.#options.owner) Object.assign(entry, this.#options.owner);
      const path = this.#locate(entry.name);
      if (this.#options.whiteouts !== 'literal' && baseOf(path).startsWith(WHITEOUT)) this.#whiteout(path);
      else this.#apply(entry, path, reader);
    }
    for (const [path, time] of this.#directoryTimes) {
      try {
        utimesSync(fsPath(path), time, time);
      } catch (error) {
        // it was replaced by a link or removed by a later entry
        if (!isErrno(error, 'ENOENT', 'ENOTDIR', 'ELOOP')) throw error;
      }
    }
    return { size: this.#size, entries, ...(this.#manifest ? { manifest: this.#manifest } : {}) };
  }

  #locate(name: string): string {
    const inside = insidePath(name);
    return this.#into === '/' ? inside : inside === '/' ? this.#into : `${this.#into}${inside}`;
  }

  /** As the archive names it. */
  #shown(path: string): string {
    return path.slice(this.#into === '/' ? 1 : this.#into.length + 1);
  }

  #linkTarget(name: string): string {
    try {
      return this.#locate(name);
    } catch (error) {
      throw error instanceof TarError ? new TarError(`invalid hardlink target "${name}"`) : error;
    }
  }

  #whiteout(path: string): void {
    const name = baseOf(path);
    const parent = parentOf(path);
    if (name === OPAQUE) {
      this.#ensureDirectory(parent);
      if (this.#options.whiteouts === 'overlay') setXattr(parent, OPAQUE_XATTR, 'y');
      else this.#emptyDirectory(parent);
      return;
    }
    // aufs kept its own books under such names
    if (name.startsWith(META)) return;
    const hidden = name.slice(WHITEOUT.length);
    if (hidden === '' || hidden === '.' || hidden === '..')
      throw new TarError(`invalid whiteout entry "${path.slice(1)}"`);
    this.#ensureDirectory(parent);
    const target = `${parent === '/' ? '' : parent}/${hidden}`;
    const there = lstat(target);
    if (this.#options.whiteouts === 'apply') {
      if (there?.isDirectory()) this.#removeTree(this.#real(target));
      else if (there) this.#remove(this.#real(target), there);
      this.#forget();
      return;
    }
    // the whiteout is for the layers below: what this layer itself holds under the name stays, a directory without what was below it
    if (there === undefined) mknod(target, S_IFCHR);
    else if (there.isDirectory()) setXattr(target, OPAQUE_XATTR, 'y');
  }

  #ensureDirectory(path: string): void {
    if (this.#known.has(path)) return;
    if (this.#known.size > MAX_KNOWN) this.#forget();
    let there = stat(path);
    if (there === undefined && this.#makeTarget(path)) there = stat(path);
    if (there === undefined || isWhiteout(there)) {
      this.#ensureDirectory(parentOf(path));
      if (there) unlinkSync(fsPath(path));
      try {
        mkdirSync(fsPath(path), 0o755);
        this.#note(path, { type: 'directory', mode: 0o755 });
      } catch (error) {
        throw isErrno(error, 'EEXIST') ? new TarError(`"${path}" is a link that leads nowhere`) : error;
      }
      if (there) setXattr(path, OPAQUE_XATTR, 'y');
      there = stat(path);
    }
    if (!there?.isDirectory()) throw new TarError(`"${path}" is not a directory`);
    this.#known.set(path, this.#tarSplit ? realpathSync.native(fsPath(path), 'latin1') : path);
  }

  /**
   * A link may lead to a directory that only a layer below has: this one gets it too, inside the root of the thread. Elsewhere
   * than in a layer what a link leads to is there, or it is a mistake.
   */
  #makeTarget(path: string): boolean {
    if (this.#options.whiteouts !== 'overlay' || this.#into !== '/') return false;
    if (!lstat(path)?.isSymbolicLink()) return false;
    try {
      const { path: target } = resolveInRoot(path);
      if (target === path) return false;
      this.#ensureDirectory(target);
      return true;
    } catch (error) {
      if (error instanceof TooManyLinks) return false;
      throw error;
    }
  }

  #forget(): void {
    this.#known.clear();
    this.#known.set('/', '/');
  }

  /** The path of an entry without links in its directory, which must be known. */
  #real(path: string): string {
    const parent = this.#known.get(parentOf(path)) ?? parentOf(path);
    return `${parent === '/' ? '' : parent}/${baseOf(path)}`;
  }

  /** Makes way for an entry; true when the place was a directory that stays. */
  #clear(entry: TarEntry, path: string): boolean {
    const there = lstat(path);
    if (there === undefined) return false;
    if (there.isDirectory()) {
      if (entry.type === 'directory') return true;
      if (this.#options.keepTypes)
        throw new TarError(`cannot overwrite directory "${this.#shown(path)}" with non-directory "${this.#into}"`);
      if (path === '/') throw new TarError('the root cannot be replaced');
      this.#size -= this.#removeTree(this.#real(path));
      for (const name of this.#manifest?.keys() ?? [])
        if (name === path.slice(1) || name.startsWith(`${path.slice(1)}/`)) this.#manifest?.delete(name);
      this.#forget();
      return false;
    }
    if (entry.type === 'directory') {
      if (this.#options.keepTypes)
        throw new TarError(`cannot overwrite non-directory "${this.#shown(path)}" with directory "${this.#into}"`);
      // a name for a directory that is a link to one: what the archive holds counts
      this.#forget();
    }
    this.#size -= this.#remove(this.#real(path), there);
    if (entry.type === 'directory' && this.#options.whiteouts === 'overlay' && isWhiteout(there)) {
      mkdirSync(fsPath(path), 0o755);
      setXattr(path, OPAQUE_XATTR, 'y');
      return true;
    }
    return false;
  }

  #apply(entry: TarEntry, path: string, reader: TarReader): void {
    if (path !== '/') this.#ensureDirectory(parentOf(path));
    switch (entry.type) {
      case 'file':
        this.#file(entry, path, reader);
        return;
      case 'directory':
        this.#directory(entry, path);
        return;
      case 'link': {
        const target = this.#linkTarget(entry.linkname);
        this.#clear(entry, path);
        try {
          linkSync(fsPath(target), fsPath(path));
        } catch (error) {
          if (isErrno(error, 'ENOENT'))
            throw new TarError(`linkat ${entry.linkname} ${entry.name}: no such file or directory`);
          throw error;
        }
        const named = this.#manifest?.get(target.slice(1));
        if (named) this.#manifest?.set(path.slice(1), named);
        return;
      }
      case 'symlink':
        this.#clear(entry, path);
        symlinkSync(fsPath(entry.linkname), fsPath(path));
        this.#size += entry.linkname.length;
        this.#note(path, { type: 'symlink', mode: 0o777, linkname: entry.linkname });
        this.#finishNode(entry, path, false);
        return;
      case 'char':
      case 'block':
        this.#clear(entry, path);
        mknod(path, (entry.type === 'char' ? S_IFCHR : S_IFBLK) | entry.mode, entry.major, entry.minor);
        this.#note(path, { type: entry.type, mode: entry.mode });
        this.#finishNode(entry, path, true);
        return;
      case 'fifo':
        this.#clear(entry, path);
        mknod(path, S_IFIFO | entry.mode);
        this.#note(path, { type: 'fifo', mode: entry.mode });
        this.#finishNode(entry, path, true);
        return;
    }
  }

  #file(entry: TarEntry, path: string, reader: TarReader): void {
    const flags = constants.O_CREAT | constants.O_EXCL | constants.O_WRONLY | constants.O_NOFOLLOW;
    let fd: number;
    try {
      fd = openSync(fsPath(path), flags, entry.mode & 0o777);
    } catch (error) {
      if (!isErrno(error, 'EEXIST')) throw error;
      this.#clear(entry, path);
      fd = openSync(fsPath(path), flags, entry.mode & 0o777);
    }
    const hash = this.#manifest ? createHash('sha256') : undefined;
    try {
      this.#room.ahead(entry.stored ?? entry.size);
      if (entry.stored !== undefined) {
        if (this.#tarSplit) this.#sparse.add(fd);
        writeSparse(fd, entry.size, reader, this.#room, hash);
      } else {
        if (entry.size > 0) this.#tarSplit?.content(this.#real(path), entry.size);
        for (let chunk = reader.data(); chunk; chunk = reader.data()) {
          this.#room.take(chunk.length);
          hash?.update(chunk);
          for (let at = 0; at < chunk.length; ) at += writeSync(fd, chunk, at, chunk.length - at);
        }
      }
      this.#size += entry.size;
      if (hash) this.#note(path, { type: 'file', mode: entry.mode, size: entry.size, sha256: hash.digest('hex') });
      const owned = entry.uid !== 0 || entry.gid !== 0 || this.#setgid;
      if (owned) fchownSync(fd, entry.uid, entry.gid);
      // a change of owner clears setuid, so modes come after it
      if (entry.mode & 0o7000 || owned) fchmodSync(fd, entry.mode);
      if (entry.xattrs) this.#xattrs(entry, path);
      futimesSync(fd, timeOf(entry), timeOf(entry));
    } finally {
      closeSync(fd);
    }
  }

  #directory(entry: TarEntry, path: string): void {
    if (this.#options.into !== undefined && path === this.#into) return;
    if (path === '/' || this.#clear(entry, path)) chmodSync(fsPath(path), entry.mode);
    else mkdirSync(fsPath(path), entry.mode & 0o1777);
    if (entry.uid !== 0 || entry.gid !== 0 || this.#setgid || path === '/')
      lchownSync(fsPath(path), entry.uid, entry.gid);
    // one that is made in a setgid directory has the bit too
    if (entry.mode & 0o6000 || this.#setgid) chmodSync(fsPath(path), entry.mode);
    if (entry.mode & 0o2000) this.#setgid = true;
    if (entry.xattrs) this.#xattrs(entry, path);
    if (path !== '/') this.#note(path, { type: 'directory', mode: entry.mode });
    this.#known.set(path, this.#tarSplit ? this.#real(path) : path);
    this.#directoryTimes.set(path, timeOf(entry));
  }

  #note(path: string, entry: Pick<ManifestEntry, 'type' | 'mode'> & Partial<ManifestEntry>): void {
    this.#manifest?.set(path.slice(1), { size: 0, sha256: '', linkname: '', ...entry, mode: entry.mode & 0o7777 });
  }

  #finishNode(entry: TarEntry, path: string, canChmod: boolean): void {
    lchownSync(fsPath(path), entry.uid, entry.gid);
    if (canChmod) chmodSync(fsPath(path), entry.mode);
    if (entry.xattrs && canChmod) this.#xattrs(entry, path);
    lutimesSync(fsPath(path), timeOf(entry), timeOf(entry));
  }

  #xattrs(entry: TarEntry, path: string): void {
    for (const [name, value] of entry.xattrs ?? []) {
      // these would tell overlayfs to take other files for this one
      if (name.startsWith('trusted.overlay.') || name.startsWith('user.overlay.')) {
        throw new TarError(`extended attribute ${name} of "${entry.name}" is refused`);
      }
      if (name !== 'security.capability' && !name.startsWith('user.')) continue;
      try {
        setXattr(path, name, value);
      } catch (error) {
        // the file system has no such attributes, or none on this kind of file
        if (!isErrno(error, 'ENOTSUP', 'EOPNOTSUPP', 'EPERM')) throw error;
      }
    }
  }

  /** Removes a file; answers how many bytes that were the last name of go with it. */
  #remove(path: string, stat: Stat): number {
    // an empty one leaves too
    if (this.#tarSplit && stat.isFile() && !this.#sparse.leaves(path) && stat.size > 0) {
      const fd = openSync(fsPath(path), constants.O_RDONLY | constants.O_NOFOLLOW);
      try {
        this.#tarSplit.lost(path, Number(stat.size), fd);
      } finally {
        closeSync(fd);
      }
    }
    unlinkSync(fsPath(path));
    return stat.nlink === 1 ? Number(stat.size) : 0;
  }

  #removeTree(path: string): number {
    const size = this.#emptyDirectory(path);
    rmdirSync(fsPath(path));
    return size;
  }

  #emptyDirectory(path: string): number {
    let size = 0;
    for (const name of readdirSync(fsPath(path), { encoding: 'latin1' })) {
      const child = `${path}/${name}`;
      const stat = lstat(child);
      if (stat?.isDirectory()) size += this.#removeTree(child);
      else if (stat) size += this.#remove(child, stat);
    }
    return size;
  }
}

/** In seconds: about what 64 bits hold as nanoseconds. */
const LAST_TIME = 9_223_372_036;

/** Of what is before 1970 Node would make the present, and of what is too far ahead an error: both are 1970, as in Docker. */
function timeOf({ mtime }: TarEntry): number {
  return mtime >= 0 && mtime <= LAST_TIME ? mtime : 0;
}

function lstat(path: string): ReturnType<typeof lstatSync> {
  return lstatSync(fsPath(path), { throwIfNoEntry: false });
}

function stat(path: string): ReturnType<typeof statSync> {
  return statSync(fsPath(path), { throwIfNoEntry: false });
}

type Stat = NonNullable<ReturnType<typeof lstat>>;

export function isWhiteout(stat: Stat): boolean {
  return stat.isCharacterDevice() && stat.rdev === 0;
}

export function isOpaque(path: string): boolean {
  return getXattr(path, OPAQUE_XATTR) === 'y';
}
