// Writes the seams of an archive: all of its bytes but the contents of files that were unpacked, which are named by their path.
// With the unpacked directory they give the archive back byte for byte, so that no second copy of the contents is kept.
//
//   file     MAGIC, then frames: u32 length, zstd of some records
//   record   RAW      u32 n, n bytes           bytes of the archive
//            CONTENT  u48 size, u16 n, path    here the archive has the content of that file
//            LOST     u48 size, u16 n, path    the file of the last CONTENT of that path is gone: a later entry took its place.
//            PIECE    u32 n, n bytes           Its bytes are in the pieces that follow.
import { readSync, writeSync } from 'node:fs';
import { constants, zstdCompressSync } from 'node:zlib';

export const MAGIC: Buffer = Buffer.from('seams 1\n');
export const RAW = 0;
export const CONTENT = 1;
export const LOST = 2;
export const PIECE = 3;

/** Payload of a frame. A record of a path always fits. */
export const FRAME_BYTES = 256 * 1024;
const LEVEL = { params: { [constants.ZSTD_c_compressionLevel]: 1 } };

export class SeamWriter {
  readonly #fd: number;
  readonly #frame = Buffer.allocUnsafe(FRAME_BYTES);
  #used = 0;

  /** `fd` is an empty file; whoever opened it closes it. */
  constructor(fd: number) {
    this.#fd = fd;
    this.#put(MAGIC);
  }

  raw(bytes: Buffer): void {
    this.#bytes(RAW, bytes);
  }

  content(path: string, size: number): void {
    this.#path(CONTENT, path, size);
  }

  /** Keeps the content of an open file that is about to go. */
  lost(path: string, size: number, fd: number): void {
    this.#path(LOST, path, size);
    const buffer = Buffer.allocUnsafe(FRAME_BYTES / 2);
    for (let at = 0; at < size; ) {
      const count = readSync(fd, buffer, 0, Math.min(buffer.length, size - at), at);
      if (count === 0) throw new Error(`"${path}" is shorter than it was`);
      this.#bytes(PIECE, buffer.subarray(0, count));
      at += count;
    }
  }

  /** Everything is in the file after this. */
  end(): void {
    this.#flush();
  }

  #bytes(kind: number, bytes: Buffer): void {
    for (let at = 0; at < bytes.length; ) {
      if (this.#used + 6 > FRAME_BYTES) this.#flush();
      const count = Math.min(bytes.length - at, FRAME_BYTES - this.#used - 5);
      this.#used = this.#frame.writeUInt8(kind, this.#used);
      this.#used = this.#frame.writeUInt32LE(count, this.#used);
      bytes.copy(this.#frame, this.#used, at, at + count);
      this.#used += count;
      at += count;
    }
  }

  #path(kind: number, path: string, size: number): void {
    if (this.#used + 9 + path.length > FRAME_BYTES) this.#flush();
    this.#used = this.#frame.writeUInt8(kind, this.#used);
    this.#used = this.#frame.writeUIntLE(size, this.#used, 6);
    this.#used = this.#frame.writeUInt16LE(path.length, this.#used);
    this.#used += this.#frame.write(path, this.#used, 'latin1');
  }

  #flush(): void {
    if (this.#used === 0) return;
    const packed = zstdCompressSync(this.#frame.subarray(0, this.#used), LEVEL);
    const head = Buffer.alloc(4);
    head.writeUInt32LE(packed.length);
    this.#put(head);
    this.#put(packed);
    this.#used = 0;
  }

  #put(bytes: Buffer): void {
    for (let at = 0; at < bytes.length; ) at += writeSync(this.#fd, bytes, at);
  }
}
