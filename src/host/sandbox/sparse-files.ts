// Files with holes as they are unpacked: what the archive holds is written where it belongs, the rest is left out.
import type { Hash } from 'node:crypto';
import { fstatSync, ftruncateSync, lstatSync, writeSync } from 'node:fs';
import { NODE_BYTES, type Room } from '../room.ts';
import { fsPath } from './tar/inside-path.ts';
import { TarError } from './tar/entry.ts';
import type { TarReader } from './tar/read.ts';

const ZEROS = Buffer.alloc(1024 * 1024);
/** So that an archive cannot fill the memory. */
const MAX_FILES = 1_000_000;

/** Fills an empty file with the current entry, which is `size` bytes with its holes. */
export function writeSparse(fd: number, size: number, reader: TarReader, room: Room, hash: Hash | undefined): void {
  room.allocate(size);
  ftruncateSync(fd, size);
  for (let to = 0; ; ) {
    const hole = reader.hole();
    if (hash) for (let left = hole; left > 0; left -= ZEROS.length) hash.update(ZEROS.subarray(0, left));
    to += hole;
    const chunk = reader.data();
    if (!chunk) return;
    // a block is given for one byte
    room.take(chunk.length + NODE_BYTES);
    hash?.update(chunk);
    for (let at = 0; at < chunk.length; ) {
      const count = writeSync(fd, chunk, at, chunk.length - at, to);
      at += count;
      to += count;
    }
  }
}

/** Which of the files of a layer in the making have holes, by whatever name. */
export class SparseFiles {
  readonly #inodes = new Set<bigint>();

  add(fd: number): void {
    if (this.#inodes.size >= MAX_FILES) throw new TarError(`the archive has more than ${MAX_FILES} sparse files`);
    this.#inodes.add(fstatSync(fd, { bigint: true }).ino);
  }

  /** Whether it is one whose name is about to go; with the last name its inode becomes another file's. */
  leaves(path: string): boolean {
    if (this.#inodes.size === 0) return false;
    const { ino, nlink } = lstatSync(fsPath(path), { bigint: true });
    return nlink === 1n ? this.#inodes.delete(ino) : this.#inodes.has(ino);
  }
}
