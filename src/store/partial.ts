// A blob whose bytes come over several connections, or several runs of the daemon: kept on disk as far as it came. A whole one
// keeps its name there beside the new one until what it is for is made: if that fails, the blob goes, and the work is not lost.
import { createHash, type Hash } from 'node:crypto';
import { createReadStream, readdirSync, rmSync, statSync } from 'node:fs';
import { type FileHandle, link, open, rename, unlink } from 'node:fs/promises';
import { join } from 'node:path';
import { conflict, invalid, isErrno } from '../base/errors.ts';
import type { Digest } from '../base/ids.ts';
import { Room } from '../host/room.ts';
import type { Blob } from './blobs.ts';
import { syncDirectory } from './durable.ts';
import type { StorePaths } from './paths.ts';

/** Write, then `commit`, `keep` for another time, or `discard`. One at a time for each digest. */
export interface PartialBlob {
  /** For whoever reads along: everything below `size` is there. */
  readonly path: string;
  /** Bytes that are there. */
  readonly size: number;
  /** Throws ENOSPC when there is no room for so many more bytes. */
  expect(bytes: number): void;
  write(chunks: readonly Uint8Array[]): Promise<void>;
  /** Begins from nothing. */
  restart(): Promise<void>;
  /**
   * On disk for good, and visible, when this returns; still to be found by a `resume` after the blob was removed, until
   * `settlePartial`. Throws invalid, and keeps nothing, when it has another digest.
   */
  commit(): Promise<Blob>;
  /** Closes it and leaves what is there for the next `resume`. Does nothing after a commit. */
  keep(): Promise<void>;
  discard(): Promise<void>;
}

const KEPT_MS = 7 * 24 * 3600 * 1000;
const opened = new Set<string>();

/** Goes on with what is there, if anything. Throws conflict while the same one is open. */
export async function resumePartial(paths: StorePaths, digest: Digest): Promise<PartialBlob> {
  const path = paths.partialBlob(digest);
  if (opened.has(path)) throw conflict(`blob ${digest} is being written`);
  opened.add(path);
  let file: FileHandle | undefined;
  try {
    // of a blob that is there, nobody but a check may change anything
    if ((statSync(path, { throwIfNoEntry: false })?.nlink ?? 0) > 1) await unlink(path);
    file = await open(path, 'a', 0o600);
    const { size } = await file.stat();
    const hash = createHash('sha256');
    // what a hash has seen cannot be written down: it sees again what is there
    if (size > 0)
      for await (const chunk of createReadStream(path, { highWaterMark: 1024 * 1024 })) hash.update(chunk as Buffer);
    return new PartialFile(paths, digest, path, file, hash, size);
  } catch (error) {
    opened.delete(path);
    await file?.close();
    throw error;
  }
}

/** What this blob was fetched for is made, or cannot be made of it. */
export function settlePartial(paths: StorePaths, digest: Digest): void {
  const path = paths.partialBlob(digest);
  if (!opened.has(path)) rmSync(path, { force: true });
}

export function sweepPartials(paths: StorePaths): void {
  const oldest = Date.now() - KEPT_MS;
  for (const name of readdirSync(paths.partial)) {
    const path = join(paths.partial, name);
    if ((statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? 0) < oldest)
      rmSync(path, { force: true, recursive: true });
  }
}

/** Forgets all that nobody is writing; answers the bytes of it. */
export function dropPartials(paths: StorePaths): number {
  let bytes = 0;
  for (const name of readdirSync(paths.partial)) {
    const path = join(paths.partial, name);
    if (opened.has(path)) continue;
    const { size = 0, nlink = 1 } = statSync(path, { throwIfNoEntry: false }) ?? {};
    // of one that is a blob as well, no byte goes
    if (nlink === 1) bytes += size;
    rmSync(path, { force: true, recursive: true });
  }
  return bytes;
}

class PartialFile implements PartialBlob {
  readonly path: string;
  readonly #paths: StorePaths;
  readonly #digest: Digest;
  readonly #file: FileHandle;
  #hash: Hash;
  #size: number;
  readonly #room: Room;
  #open = true;

  constructor(paths: StorePaths, digest: Digest, path: string, file: FileHandle, hash: Hash, size: number) {
    this.#paths = paths;
    this.#room = Room.of(paths.partial);
    this.#digest = digest;
    this.path = path;
    this.#file = file;
    this.#hash = hash;
    this.#size = size;
  }

  get size(): number {
    return this.#size;
  }

  expect(bytes: number): void {
    this.#room.ahead(bytes);
  }

  async write(chunks: readonly Uint8Array[]): Promise<void> {
    this.#room.take(chunks.reduce((sum, { length }) => sum + length, 0));
    let left = chunks;
    while (left.length > 0) {
      let { bytesWritten } = await this.#file.writev(left);
      this.#size += bytesWritten;
      const rest: Uint8Array[] = [];
      for (const chunk of left) {
        const done = Math.min(bytesWritten, chunk.length);
        bytesWritten -= done;
        if (done > 0) this.#hash.update(chunk.subarray(0, done));
        if (done < chunk.length) rest.push(chunk.subarray(done));
      }
      left = rest;
    }
  }

  async restart(): Promise<void> {
    await this.#file.truncate(0);
    this.#hash = createHash('sha256');
    this.#size = 0;
  }

  async commit(): Promise<Blob> {
    const digest: Digest = `sha256:${this.#hash.digest('hex')}`;
    if (digest !== this.#digest) {
      await this.discard();
      throw invalid(`unexpected content digest ${digest}, expected ${this.#digest}`);
    }
    await this.#file.datasync();
    const blob = this.#paths.blob(digest);
    await link(this.path, blob).catch(async (error: unknown) => {
      // a file system may have no second names
      if (!isErrno(error, 'EEXIST')) await rename(this.path, blob);
    });
    await this.#close();
    await syncDirectory(this.#paths.blobs);
    return { digest, size: this.#size };
  }

  async keep(): Promise<void> {
    if (!this.#open) return;
    if (this.#size === 0) await this.discard();
    else await this.#close();
  }

  async discard(): Promise<void> {
    if (!this.#open) return;
    await this.#close();
    await unlink(this.path);
  }

  async #close(): Promise<void> {
    this.#open = false;
    try {
      await this.#file.close();
    } finally {
      opened.delete(this.path);
    }
  }
}
