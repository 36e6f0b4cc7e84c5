// Copies what is in an open directory into the root of a confined thread, with owners, modes, times, attributes, holes and hard
// links. What is there already is left alone; links are copied and never followed, in neither of the two.
import {
  closeSync,
  constants,
  fchownSync,
  fstatSync,
  ftruncateSync,
  lstatSync,
  readdirSync,
  readSync,
  type Stats,
  writeSync,
} from 'node:fs';
import { isErrno } from '../../base/errors.ts';
import { type Attributes, type Directory, type Parts, TreeWriter } from '../../files/index.ts';
import { faultPoint } from '../fault.ts';
import {
  closeAt,
  copyRange,
  copyXattr,
  linkTarget,
  makeNode,
  nextData,
  openAt,
  seek,
  WorkingDoor,
  xattrsOf,
} from './descriptors.ts';
import { O_PATH } from '../open-in-root.ts';

export interface CopyTreeOptions {
  /** An open directory, which the caller closes. */
  readonly source: number;
  /** Nothing is copied where something is already, but for the directory that mke2fs makes. */
  readonly onlyWhenEmpty: boolean;
  /** A copy before this one did not come to its end: what it left half written is written anew. */
  readonly resume?: boolean;
  /** With the attributes by which overlayfs marks what was deleted: a layer to a layer. */
  readonly asLayer: boolean;
}

const LOST_AND_FOUND = 'lost+found';
const BUFFER = 256 * 1024;
const buffer = Buffer.allocUnsafe(BUFFER);

/** Whether it copied. */
export function copyTree(options: CopyTreeOptions): boolean {
  const door = new WorkingDoor();
  const root = door.openRoot('/');
  try {
    if (options.onlyWhenEmpty && !looksEmpty(door, root)) return false;
    using copier = new Copier(door, root, options);
    copier.run();
    return true;
  } finally {
    door.close(root);
  }
}

function looksEmpty(door: WorkingDoor, root: Directory): boolean {
  const names = readdirSync(door.self(root), { encoding: 'latin1' });
  return names.every((name) => name === LOST_AND_FOUND && lstatSync(door.at(root, name)).isDirectory());
}

class Copier implements Disposable {
  readonly #door: WorkingDoor;
  readonly #options: CopyTreeOptions;
  readonly #writer: TreeWriter;
  /** Files with several names: the first that was written. */
  readonly #links = new Map<string, Parts>();
  #kernelCopies = true;
  /** New files get the group of a setgid directory. */
  readonly #inheritsGroup: boolean;

  constructor(door: WorkingDoor, root: Directory, options: CopyTreeOptions) {
    this.#door = door;
    this.#options = options;
    this.#writer = new TreeWriter(door, root, { conflict: options.resume === true ? 'complete' : 'keep' });
    this.#inheritsGroup = (fstatSync(root).mode & 0o2000) !== 0;
  }

  run(): void {
    this.#directory(this.#options.source, []);
    this.#writer.finish();
  }

  [Symbol.dispose](): void {
    this.#writer[Symbol.dispose]();
  }

  #directory(source: Directory, parts: Parts): void {
    const stat = fstatSync(source);
    if (!this.#writer.directory(parts, attributesOf(stat), (made) => this.#xattrs(source, made))) return;
    for (const entry of readdirSync(this.#door.self(source), { encoding: 'latin1', withFileTypes: true })) {
      const { name } = entry;
      // only what is opened for reading has an effect of its own, such as a device
      const flags = entry.isDirectory()
        ? constants.O_RDONLY | constants.O_DIRECTORY
        : entry.isFile()
          ? constants.O_RDONLY | constants.O_NONBLOCK
          : O_PATH;
      const file = openAt(source, name, flags);
      try {
        if (entry.isDirectory()) this.#directory(file, [...parts, name]);
        else this.#entry(file, [...parts, name]);
      } finally {
        this.#door.forget(file);
        closeAt(file);
      }
    }
  }

  #entry(source: number, parts: Parts): void {
    const stat = fstatSync(source);
    const name = `${stat.dev}:${stat.ino}`;
    const first = stat.nlink > 1 ? this.#links.get(name) : undefined;
    if (first !== undefined) {
      this.#writer.link(parts, first);
      return;
    }
    const attributes = attributesOf(stat);
    let written = true;
    if (stat.isFile()) written = this.#file(source, stat, parts, attributes);
    else if (stat.isSymbolicLink()) written = this.#writer.symlink(parts, linkTarget(source), attributes);
    else if (!stat.isSocket()) {
      written = this.#writer.node(
        parts,
        (path) => makeNode(path as string | Buffer, stat.mode & 0o177777, stat.rdev),
        attributes,
      );
    }
    if (written && stat.nlink > 1) this.#links.set(name, parts);
  }

  #file(source: number, stat: Stats, parts: Parts, attributes: Attributes): boolean {
    // as they are made already: each change of an inode is one more for the journal
    const plain = stat.uid === 0 && stat.gid === 0 && (stat.mode & 0o7000) === 0 && !this.#inheritsGroup;
    const made = plain ? stat.mode & 0o777 : 0o600;
    let file = this.#writer.openFile(parts, made);
    if (file === undefined && this.#options.resume === true) {
      const there = this.#earlier(source, stat, parts);
      if (there === 'whole') return true;
      if (there === 'half') {
        this.#writer.removeFile(parts);
        file = this.#writer.openFile(parts, made);
      }
    }
    if (file === undefined) return false;
    try {
      this.#content(source, file, stat);
      faultPoint('copyup.file');
      // the owner first: a change of it takes setuid and capabilities away
      if (!plain) fchownSync(file, stat.uid, stat.gid);
      this.#xattrs(source, file);
    } catch (error) {
      closeSync(file);
      throw error;
    }
    const { owner: _, mode, ...times } = attributes;
    this.#writer.closeFile(file, plain || mode === undefined ? times : { ...times, mode });
    return true;
  }

  /** What an earlier copy has left of it: a file gets its time when it is whole, and has the beginning of its source before. */
  #earlier(source: number, stat: Stats, parts: Parts): 'whole' | 'half' | undefined {
    const there = this.#writer.existingFile(parts);
    if (there === undefined) return undefined;
    try {
      const { size, mtimeMs, nlink } = fstatSync(there);
      if (size === stat.size && Math.abs(mtimeMs - stat.mtimeMs) < 1) return 'whole';
      if (nlink !== 1 || size > stat.size) return undefined;
      const own = Buffer.allocUnsafe(BUFFER);
      for (let at = 0; at < size; ) {
        const count = readSync(there, own, 0, BUFFER, at);
        if (count === 0) return undefined;
        if (readSync(source, buffer, 0, count, at) !== count) return undefined;
        if (own.compare(buffer, 0, count, 0, count) !== 0) return undefined;
        at += count;
      }
      return 'half';
    } finally {
      closeSync(there);
    }
  }

  #content(source: number, file: number, { size, blocks }: Stats): void {
    if (blocks * 512 >= size) {
      this.#bytes(source, file, size);
      return;
    }
    for (let at = 0; at < size; ) {
      const data = nextData(source, at);
      if (data === undefined) break;
      const to = Math.min(data.to, size);
      seek(source, data.from);
      seek(file, data.from);
      this.#bytes(source, file, to - data.from);
      at = to;
    }
    ftruncateSync(file, size);
  }

  #bytes(source: number, file: number, length: number): void {
    let left = length;
    while (left > 0 && left + 1 > BUFFER && this.#kernelCopies) {
      try {
        const count = copyRange(source, file, left);
        if (count === 0) return;
        left -= count;
      } catch (error) {
        if (!isErrno(error, 'EXDEV', 'EINVAL', 'ENOSYS', 'EOPNOTSUPP', 'ENOTSUP', 'EPERM')) throw error;
        this.#kernelCopies = false;
      }
    }
    while (left > 0) {
      const count = readSync(source, buffer, 0, Math.min(BUFFER, left), null);
      if (count === 0) return;
      for (let at = 0; at < count; ) at += writeSync(file, buffer, at, count - at);
      left -= count;
    }
  }

  #xattrs(source: number, file: number): void {
    for (const name of xattrsOf(source)) {
      if (name === 'security.selinux') continue;
      // out of a layer they would tell overlayfs to take other files for these
      if (!this.#options.asLayer && name.startsWith('trusted.overlay.')) continue;
      try {
        copyXattr(source, file, name);
      } catch (error) {
        // the other file system has no such attributes
        if (!isErrno(error, 'ENOTSUP', 'EOPNOTSUPP', 'EPERM')) throw error;
      }
    }
  }
}

function attributesOf(stat: Stats): Attributes {
  return {
    mode: stat.mode & 0o7777,
    owner: { uid: stat.uid, gid: stat.gid },
    mtime: stat.mtimeMs / 1000,
    atime: stat.atimeMs / 1000,
  };
}
