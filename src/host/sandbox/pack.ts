// Writes a directory of a confined thread's root as a tar archive: names sorted, the same files give the same bytes.
import { createHash } from 'node:crypto';
import {
  closeSync,
  constants,
  fstatSync,
  lstatSync,
  lutimesSync,
  openSync,
  readdirSync,
  readlinkSync,
  readSync,
  type BigIntStats,
} from 'node:fs';
import { isErrno } from '../../base/errors.ts';
import { getXattr, listXattrs } from './kernel.ts';
import { fsPath, insidePath } from './tar/inside-path.ts';
import type { TarEntry } from './tar/entry.ts';
import { header, padding, TRAILER } from './tar/write.ts';
import { isOpaque } from './unpack.ts';

export interface PackOptions {
  /** What to pack, below the root; its content for a directory, without a name of its own. */
  readonly path?: string;
  /** Name in the archive of what `path` names (empty for `/`); without it the archive holds the directory's content. */
  readonly as?: string;
  /** `overlay`: what overlayfs keeps in an upper directory becomes `.wh.` files. `literal`: character devices as they are. */
  readonly whiteouts: 'overlay' | 'literal';
  /** Times after this (seconds since 1970) are set to it. */
  readonly clampTime?: number;
  /** Paths below the root that are left out with all below them, such as mount points. */
  readonly without?: readonly string[];
}

const COPY = 256 * 1024;

/** Answers the sum of the sizes of files and symbolic links, each file once. */
export function pack(write: (chunk: Uint8Array) => void, options: PackOptions): number {
  const packer = new Packer(write, options);
  packer.run();
  write(TRAILER);
  return packer.size;
}

export interface PackDigest {
  /** SHA-256 of the archive, 64 hex digits. */
  readonly sha256: string;
  /** Bytes of the archive. */
  readonly length: number;
  /** As `pack` answers. */
  readonly size: number;
}

export interface DigestOptions extends PackOptions {
  /** Times after this (seconds since 1970) are changed to it, in the files themselves. */
  readonly latest?: number;
}

/** What the archive would be, without the archive. */
export function packDigest(options: DigestOptions): PackDigest {
  if (options.latest !== undefined) makeOlder('/', options.latest);
  const hash = createHash('sha256');
  let length = 0;
  const size = pack((chunk) => {
    hash.update(chunk);
    length += chunk.length;
  }, options);
  return { sha256: hash.digest('hex'), length, size };
}

class Packer {
  size = 0;
  readonly #write: (chunk: Uint8Array) => void;
  readonly #options: PackOptions;
  readonly #without: ReadonlySet<string>;
  /** Files with several names: the first name that was packed. */
  readonly #links = new Map<string, string>();
  readonly #copy = Buffer.allocUnsafe(COPY);

  constructor(write: (chunk: Uint8Array) => void, options: PackOptions) {
    this.#write = write;
    this.#options = options;
    this.#without = new Set((options.without ?? []).map(insidePath));
  }

  run(): void {
    const from = insidePath(this.#options.path ?? '/');
    const stat = lstatSync(fsPath(from), { bigint: true });
    if (this.#options.as !== undefined) this.#node(from, this.#options.as, stat);
    if (stat.isDirectory()) this.#directory(from, this.#options.as === undefined ? '' : `${this.#options.as}/`);
  }

  #directory(path: string, prefix: string): void {
    const overlay = this.#options.whiteouts === 'overlay';
    if (overlay && isOpaque(path)) this.#empty(`${prefix}.wh..wh..opq`);
    for (const name of this.#names(path)) {
      const child = path === '/' ? `/${name}` : `${path}/${name}`;
      if (this.#without.has(child)) continue;
      const stat = lstatSync(fsPath(child), { bigint: true, throwIfNoEntry: false });
      // it may be gone already: containers run on while their files are read
      if (stat === undefined || stat.isSocket()) continue;
      if (overlay && stat.isCharacterDevice() && stat.rdev === 0n) {
        this.#empty(`${prefix}.wh.${name}`);
        continue;
      }
      this.#node(child, prefix + name, stat);
      if (stat.isDirectory()) this.#directory(child, `${prefix}${name}/`);
    }
  }

  /** A directory that is gone, or something else by now, is empty: containers run on while their files are read. */
  #names(path: string): string[] {
    try {
      return readdirSync(fsPath(path), { encoding: 'latin1' }).sort();
    } catch (error) {
      if (isErrno(error, 'ENOENT', 'ENOTDIR')) return [];
      throw error;
    }
  }

  #empty(name: string): void {
    this.#write(header({ name, type: 'file', mode: 0o600, mtime: 0 }));
  }

  #node(path: string, name: string, stat: BigIntStats): void {
    const entry: TarEntry = {
      name,
      type: 'file',
      mode: Number(stat.mode & 0o7777n),
      uid: Number(stat.uid),
      gid: Number(stat.gid),
      size: 0,
      mtime: this.#time(stat),
      linkname: '',
      major: 0,
      minor: 0,
      xattrs: xattrsOf(path, stat),
    };
    if (stat.isFile()) {
      this.#file(path, entry, stat);
      return;
    }
    if (stat.isDirectory()) {
      entry.type = 'directory';
      entry.name = `${name}/`;
    } else if (stat.isSymbolicLink()) {
      entry.type = 'symlink';
      entry.linkname = readlinkSync(fsPath(path), { encoding: 'latin1' });
      this.size += entry.linkname.length;
    } else if (stat.isFIFO()) entry.type = 'fifo';
    else {
      entry.type = stat.isBlockDevice() ? 'block' : 'char';
      entry.major = Number(((stat.rdev >> 8n) & 0xfffn) | ((stat.rdev >> 32n) & 0xfffff000n));
      entry.minor = Number((stat.rdev & 0xffn) | ((stat.rdev >> 12n) & 0xffffff00n));
    }
    this.#write(header(entry));
  }

  #file(path: string, entry: TarEntry, stat: BigIntStats): void {
    if (stat.nlink > 1n) {
      const inode = `${stat.dev}:${stat.ino}`;
      const first = this.#links.get(inode);
      if (first !== undefined) {
        this.#write(header({ ...entry, type: 'link', linkname: first, xattrs: undefined }));
        return;
      }
      this.#links.set(inode, entry.name);
    }
    let fd: number;
    try {
      fd = openSync(fsPath(path), constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
    } catch (error) {
      // EACCES: a device, which the view does not open
      if (isErrno(error, 'ENOENT', 'ELOOP', 'ENXIO', 'EACCES')) return;
      throw error;
    }
    try {
      const opened = fstatSync(fd);
      // something else has taken its place since it was looked at
      if (!opened.isFile()) return;
      entry.size = opened.size;
      this.size += entry.size;
      this.#write(header(entry));
      let left = entry.size;
      while (left > 0) {
        const count = readSync(fd, this.#copy, 0, Math.min(COPY, left), null);
        if (count === 0) break;
        this.#write(this.#copy.subarray(0, count));
        left -= count;
      }
      // the file shrank while it was read: the archive must still be one
      for (this.#copy.fill(0); left > 0; left -= Math.min(COPY, left))
        this.#write(this.#copy.subarray(0, Math.min(COPY, left)));
      const rest = padding(entry.size);
      if (rest > 0) this.#write(Buffer.alloc(rest));
    } finally {
      closeSync(fd);
    }
  }

  #time(stat: BigIntStats): number {
    const seconds = Number(stat.mtimeNs / 1_000_000_000n);
    const clamp = this.#options.clampTime;
    return clamp !== undefined && seconds > clamp ? clamp : seconds;
  }
}

function xattrsOf(path: string, stat: BigIntStats): Map<string, string> | undefined {
  if (!stat.isFile() && !stat.isDirectory()) return undefined;
  let found: Map<string, string> | undefined;
  for (const name of listXattrs(path)) {
    if (name !== 'security.capability' && !name.startsWith('user.')) continue;
    const value = getXattr(path, name);
    if (value !== undefined) (found ??= new Map()).set(name, value);
  }
  return found;
}

function makeOlder(path: string, latest: number): void {
  const stat = lstatSync(fsPath(path));
  if (stat.isDirectory())
    for (const name of readdirSync(fsPath(path), { encoding: 'latin1' }))
      makeOlder(path === '/' ? `/${name}` : `${path}/${name}`, latest);
  if (stat.mtimeMs / 1000 > latest) lutimesSync(fsPath(path), latest, latest);
}
