// What trees take on disk, as du(1) counts: blocks and not lengths, directories too, a file of several names once. A tree is walked
// below open directories, a name at a time: whoever changes it meanwhile, or puts links into it, leads the walk nowhere else.
import { constants } from 'node:fs';
import { isErrno } from '../../base/errors.ts';
import { bind, checked } from '../libc.ts';
import { closeAt, openAt } from './descriptors.ts';

/** Levels of a tree that are counted. */
const MAX_DEPTH = 1024;
/** Directories that are open at a time: those above are opened again on the way back. */
const MAX_OPEN = 64;
/** Files of several names that are remembered; of those beyond each name counts its share. */
const MAX_LINKED = 1_000_000;
/** Entries of one directory that are known at a time. */
const ENTRIES_BYTES = 32 * 1024;

/** glibc has the call by a name since 2.30 only. */
const SYS_GETDENTS64 = process.arch === 'arm64' ? 61 : 217;
const AT_FDCWD = -100;
const AT_SYMLINK_NOFOLLOW = 0x100;
const AT_NO_AUTOMOUNT = 0x800;
const AT_EMPTY_PATH = 0x1000;
const SEEK_SET = 0;
/** Type, links, inode, size and blocks. */
const STATX_WANTED = 0x1 | 0x4 | 0x100 | 0x200 | 0x400;
const STATX_ATTR_MOUNT_ROOT = 0x2000;
const STATX_BYTES = 256;
const S_IFMT = 0o170000;
const S_IFDIR = 0o040000;
const S_IFREG = 0o100000;
const S_IFLNK = 0o120000;

const getdentsCall = bind('long syscall(long number, int directory, uint8_t *entries, size_t size)');
const statxCall = bind('int statx(int directory, const uint8_t *name, int flags, uint mask, uint8_t *stat)');
const lseekCall = bind('int64_t lseek(int file, int64_t offset, int whence)');

/** One directory on the way from the root of a tree to where the walk is. */
interface Level {
  /** With the NUL at its end. */
  readonly name: Buffer;
  readonly identity: string;
  file: number | undefined;
  /** Directories among the entries read last that are still to be walked. */
  pending: Buffer[];
  /** Where the next entries are, as the kernel counts; undefined when there are none. */
  next: bigint | undefined;
}

/** `lengths`: of files and links alone, as Docker says how large a container is. */
export type MeasureUnit = 'blocks' | 'lengths';

export interface MeasureBounds {
  readonly depth: number;
  readonly open: number;
  readonly linked: number;
}

/**
 * Bytes of each path with all below it on the same mount; a file that is in several of them counts in the first. Paths that are not
 * there are left out, and what vanishes meanwhile counts nothing. Blocks as long as it takes: for a thread of its own.
 */
export function measureTrees(
  paths: readonly string[],
  unit: MeasureUnit,
  { depth = MAX_DEPTH, open = MAX_OPEN, linked = MAX_LINKED }: Partial<MeasureBounds> = {},
): Map<string, number> {
  const walk = new Walk(unit, { depth, open, linked });
  const found = new Map<string, number>();
  for (const path of paths) {
    const bytes = walk.tree(Buffer.from(`${path}\0`));
    if (bytes !== undefined) found.set(path, bytes);
  }
  return found;
}

class Walk {
  readonly #unit: MeasureUnit;
  readonly #bounds: MeasureBounds;
  readonly #linked = new Set<string>();
  readonly #entries = Buffer.alloc(ENTRIES_BYTES);
  readonly #stat = Buffer.alloc(STATX_BYTES);
  #way: Level[] = [];
  #bytes = 0;

  constructor(unit: MeasureUnit, bounds: MeasureBounds) {
    this.#unit = unit;
    this.#bounds = bounds;
  }

  tree(path: Buffer): number | undefined {
    this.#bytes = 0;
    if (!this.#look(AT_FDCWD, path)) return undefined;
    this.#bytes += this.#counted();
    if (this.#isDirectory()) this.#enter(AT_FDCWD, path);
    try {
      for (let at = this.#way.at(-1); at; at = this.#way.at(-1)) this.#step(at);
    } finally {
      for (const level of this.#way) close(level);
      this.#way = [];
    }
    return this.#bytes;
  }

  /** Goes into the next directory, reads the next entries, or goes back. */
  #step(at: Level): void {
    const name = at.pending.pop();
    if (name !== undefined) {
      const file = this.#fileOf(this.#way.length - 1);
      if (file === undefined) at.pending = [];
      else if (this.#way.length < this.#bounds.depth) this.#enter(file, name);
    } else if (at.next !== undefined) {
      const file = this.#fileOf(this.#way.length - 1);
      at.next = file === undefined ? undefined : this.#read(file, at);
    } else {
      close(at);
      this.#way.pop();
    }
  }

  #enter(parent: number, name: Buffer): void {
    const file = openDirectory(parent, name);
    if (file === undefined) return;
    const identity = this.#identity(file);
    this.#way.push({ name, identity, file, pending: [], next: 0n });
    this.#closeBeyond(this.#way.length - 1);
  }

  /** Counts some entries; where those after them are. */
  #read(file: number, level: Level): bigint | undefined {
    const length = Number(getdentsCall(SYS_GETDENTS64, file, this.#entries, ENTRIES_BYTES));
    // removed meanwhile, or a disk that cannot be read
    if (length <= 0) return undefined;
    let next = 0n;
    for (let at = 0; at < length; ) {
      const size = this.#entries.readUInt16LE(at + 16);
      next = this.#entries.readBigInt64LE(at + 8);
      const name = this.#entries.subarray(at + 19, at + size);
      at += size;
      if (isDots(name) || !this.#look(file, name) || this.#isMountPoint()) continue;
      this.#bytes += this.#counted();
      if (this.#isDirectory()) level.pending.push(Buffer.from(upToNul(name)));
    }
    return next;
  }

  /** The open directory of a level, opened again by its way where it was closed; undefined when another is there now. */
  #fileOf(index: number): number | undefined {
    let above = index;
    while (above >= 0 && this.#way[above]?.file === undefined) above -= 1;
    for (let at = above + 1; at <= index; at += 1) {
      const level = this.#way[at];
      const parent = at === 0 ? AT_FDCWD : this.#way[at - 1]?.file;
      if (!level || parent === undefined) return undefined;
      const file = openDirectory(parent, level.name);
      if (file === undefined) return undefined;
      level.file = file;
      if (this.#identity(file) !== level.identity) {
        close(level);
        return undefined;
      }
      if (level.next !== undefined && level.next !== 0n) lseekCall(file, level.next, SEEK_SET);
      this.#closeBeyond(at);
    }
    return this.#way[index]?.file;
  }

  /** Of the open directories down to this one only the lowest stay open. */
  #closeBeyond(lowest: number): void {
    const level = this.#way[lowest - this.#bounds.open];
    if (level) close(level);
  }

  #look(directory: number, name: Buffer): boolean {
    return (
      (statxCall(directory, name, AT_SYMLINK_NOFOLLOW | AT_NO_AUTOMOUNT, STATX_WANTED, this.#stat) as number) === 0
    );
  }

  #identity(file: number): string {
    checked(statxCall(file, Buffer.alloc(1), AT_EMPTY_PATH, STATX_WANTED, this.#stat) as number, 'statx', '');
    return this.#key();
  }

  #isDirectory(): boolean {
    return (this.#stat.readUInt16LE(28) & S_IFMT) === S_IFDIR;
  }

  #isMountPoint(): boolean {
    return (this.#stat.readUInt32LE(8) & STATX_ATTR_MOUNT_ROOT) !== 0;
  }

  /** Bytes of what was looked at last, where they have not been counted under another name. */
  #counted(): number {
    const bytes = this.#own();
    const links = this.#stat.readUInt32LE(16);
    if (links < 2 || bytes === 0 || this.#isDirectory()) return bytes;
    const key = this.#key();
    if (this.#linked.has(key)) return 0;
    if (this.#linked.size >= this.#bounds.linked) return bytes / links;
    this.#linked.add(key);
    return bytes;
  }

  #own(): number {
    if (this.#unit === 'blocks') return this.#number(48) * 512;
    const type = this.#stat.readUInt16LE(28) & S_IFMT;
    return type === S_IFREG || type === S_IFLNK ? this.#number(40) : 0;
  }

  /** 64 bits; no disk has 2^53 bytes. */
  #number(at: number): number {
    return this.#stat.readUInt32LE(at) + this.#stat.readUInt32LE(at + 4) * 2 ** 32;
  }

  /** Device and inode. */
  #key(): string {
    return this.#stat.toString('latin1', 32, 40) + this.#stat.toString('latin1', 136, 144);
  }
}

function openDirectory(parent: number, name: Buffer): number | undefined {
  try {
    return openAt(parent, name.subarray(0, -1), constants.O_RDONLY | constants.O_DIRECTORY | constants.O_NONBLOCK);
  } catch (error) {
    if (isErrno(error, 'ENOENT', 'ENOTDIR', 'ELOOP', 'EACCES')) return undefined;
    throw error;
  }
}

function close(level: Level): void {
  if (level.file !== undefined) closeAt(level.file);
  level.file = undefined;
}

function isDots(name: Buffer): boolean {
  return name[0] === 0x2e && (name[1] === 0 || (name[1] === 0x2e && name[2] === 0));
}

function upToNul(name: Buffer): Buffer {
  return name.subarray(0, name.indexOf(0) + 1);
}
