// Reads one file of a log from a position to its end, and on when it has grown: whole pieces, compressed files too.
import { closeSync, fstatSync, openSync, read as readCallback } from 'node:fs';
import { Readable } from 'node:stream';
import { promisify } from 'node:util';
import { createGunzip } from 'node:zlib';
import { isErrno } from '../../base/errors.ts';
import type { LogFileEntry } from './files.ts';

const read = promisify(readCallback);
const CHUNK = 256 * 1024;
/** A piece is never longer; what is, is no log. */
const MAX_PIECE = 1024 * 1024;
/** For what a chunk leaves to the next one: mostly a part of a line. */
const ROOM = 16 * 1024;
const NEWLINE = 10;

export class LogSource implements Disposable {
  readonly path: string;
  readonly identity: string;
  readonly compressed: boolean;
  /** Infinity while it has none. */
  number: number;
  #fd: number | undefined;
  #rest: Buffer = Buffer.alloc(0);
  #position = 0;

  private constructor(fd: number, entry: Pick<LogFileEntry, 'path' | 'number' | 'compressed'>) {
    const { dev, ino } = fstatSync(fd);
    this.#fd = fd;
    this.path = entry.path;
    this.number = entry.number;
    this.compressed = entry.compressed;
    this.identity = `${dev}:${ino}`;
  }

  /** Undefined for a file that is gone; one that was compressed meanwhile is opened so. */
  static open(entry: Pick<LogFileEntry, 'path' | 'number' | 'compressed'>): LogSource | undefined {
    for (const one of entry.compressed ? [entry] : [entry, { ...entry, path: `${entry.path}.gz`, compressed: true }]) {
      try {
        return new LogSource(openSync(one.path, 'r'), one);
      } catch (error) {
        if (!isErrno(error, 'ENOENT')) throw error;
      }
    }
    return undefined;
  }

  /** Bytes there are, of the file as it stands on disk. */
  get size(): number {
    return this.#fd === undefined ? 0 : fstatSync(this.#fd).size;
  }

  /** The next chunk begins there. */
  seek(position: number): void {
    this.#position = position;
    this.#rest = Buffer.alloc(0);
  }

  /** Bytes at a place of a file that is not compressed; fewer at its end. */
  async at(position: number, length: number): Promise<Buffer> {
    const buffer = Buffer.allocUnsafe(length);
    const bytesRead = await this.#read(buffer, 0, length, position);
    return buffer.subarray(0, bytesRead);
  }

  /**
   * Chunks of whole pieces, up to the end as it is now. Each is the caller's, to overwrite; with `reuse` only until the next is asked
   * for: 256 KiB at a time for all of a large log are what makes V8 collect its whole heap again and again.
   */
  async *chunks(reuse = false): AsyncGenerator<Buffer> {
    if (this.compressed) {
      yield* this.#inflated();
      return;
    }
    let kept: Buffer | undefined;
    for (;;) {
      const rest = this.#rest.length;
      if (!reuse || kept === undefined || kept.length < rest + CHUNK)
        kept = Buffer.allocUnsafeSlow(rest + CHUNK + ROOM);
      const buffer = kept;
      const bytesRead = await this.#read(buffer, rest, CHUNK, this.#position);
      if (bytesRead === 0) return;
      this.#position += bytesRead;
      this.#rest.copy(buffer);
      const whole = this.#split(buffer.subarray(0, rest + bytesRead));
      if (whole.length > 0) yield whole;
    }
  }

  async *#inflated(): AsyncGenerator<Buffer> {
    if (this.#fd === undefined || this.#position > 0) return;
    for await (const part of Readable.from(this.#packed()).pipe(createGunzip({ chunkSize: CHUNK }))) {
      const fresh = part as Buffer;
      const whole = this.#split(this.#rest.length === 0 ? fresh : Buffer.concat([this.#rest, fresh]));
      if (whole.length > 0) yield whole;
    }
  }

  async *#packed(): AsyncGenerator<Buffer> {
    for (;;) {
      const part = await this.at(this.#position, CHUNK);
      if (part.length === 0) return;
      this.#position += part.length;
      yield part;
    }
  }

  /** Keeps what is after the last newline for the next time. */
  #split(buffer: Buffer): Buffer {
    const end = buffer.lastIndexOf(NEWLINE) + 1;
    this.#rest = buffer.length - end > MAX_PIECE ? Buffer.alloc(0) : Buffer.from(buffer.subarray(end));
    return buffer.subarray(0, end);
  }

  async #read(buffer: Buffer, offset: number, length: number, position: number): Promise<number> {
    if (this.#fd === undefined) return 0;
    const { bytesRead } = await read(this.#fd, buffer, offset, length, position);
    return bytesRead;
  }

  [Symbol.dispose](): void {
    if (this.#fd !== undefined) closeSync(this.#fd);
    this.#fd = undefined;
  }
}
