// Content by digest: nothing is in here whose digest was not checked, and nothing half written is ever visible.
import { createHash, type Hash } from 'node:crypto';
import { createReadStream, readdirSync, readFileSync, statSync } from 'node:fs';
import { type FileHandle, open, rename, unlink } from 'node:fs/promises';
import { internal, invalid, isErrno } from '../base/errors.ts';
import type { Digest } from '../base/ids.ts';
import { sha256 } from '../base/ids.ts';
import { faultPoint } from '../host/fault.ts';
import { syncDirectory } from './durable.ts';
import { dropPartials, type PartialBlob, resumePartial, settlePartial, sweepPartials } from './partial.ts';
import type { StorePaths } from './paths.ts';

export interface Blob {
  readonly digest: Digest;
  readonly size: number;
}

/** A blob in the making: write, then `commit`, or `discard`. */
export interface Ingest {
  write(chunk: Uint8Array): Promise<void>;
  /** On disk for good when this returns. Throws invalid when the content is not what `expected` says. */
  commit(expected?: string): Promise<Blob>;
  /** Does nothing after a commit. */
  discard(): Promise<void>;
}

export class Blobs {
  readonly #paths: StorePaths;

  constructor(paths: StorePaths) {
    this.#paths = paths;
  }

  async ingest(): Promise<Ingest> {
    const path = this.#paths.newTemporary();
    return new FileIngest(path, await open(path, 'wx', 0o600), this.#paths);
  }

  /** A blob that comes in pieces, perhaps over several runs of the daemon: what is there of it is kept until it is whole. */
  resume(digest: Digest): Promise<PartialBlob> {
    return resumePartial(this.#paths, digest);
  }

  /** What a blob was fetched for is made: it is no download any more. */
  settle(digest: Digest): void {
    settlePartial(this.#paths, digest);
  }

  /** Forgets what nobody went on with for a week. */
  sweepPartials(): void {
    sweepPartials(this.#paths);
  }

  /** Forgets every unfinished download that nobody goes on with now; answers the bytes of them. */
  dropPartials(): number {
    return dropPartials(this.#paths);
  }

  async put(content: Uint8Array): Promise<Blob> {
    const digest = sha256(content);
    if (this.has(digest)) return { digest, size: content.length };
    const ingest = await this.ingest();
    try {
      await ingest.write(content);
      return await ingest.commit(digest);
    } finally {
      await ingest.discard();
    }
  }

  path(digest: Digest): string {
    return this.#paths.blob(digest);
  }

  has(digest: Digest): boolean {
    return statSync(this.path(digest), { throwIfNoEntry: false })?.isFile() ?? false;
  }

  /** Bytes; 0 of one that is not there. */
  size(digest: Digest): number {
    return statSync(this.path(digest), { throwIfNoEntry: false })?.size ?? 0;
  }

  /** A small blob as a whole, its digest checked again. */
  readWhole(digest: Digest): Buffer {
    const content = readFileSync(this.path(digest));
    if (sha256(content) !== digest) throw internal(`blob ${digest} is damaged`);
    return content;
  }

  read(digest: Digest): AsyncIterable<Buffer> {
    return createReadStream(this.path(digest), { highWaterMark: 256 * 1024 });
  }

  list(): Blob[] {
    return readdirSync(this.#paths.blobs)
      .filter((name) => /^[a-f0-9]{64}$/.test(name))
      .map((name) => {
        const digest: Digest = `sha256:${name}`;
        return { digest, size: this.size(digest) };
      });
  }

  async remove(digest: Digest): Promise<void> {
    try {
      await unlink(this.path(digest));
    } catch (error) {
      if (!isErrno(error, 'ENOENT')) throw error;
    }
  }
}

class FileIngest implements Ingest {
  readonly #path: string;
  readonly #file: FileHandle;
  readonly #paths: StorePaths;
  readonly #hash: Hash = createHash('sha256');
  #size = 0;
  #open = true;

  constructor(path: string, file: FileHandle, paths: StorePaths) {
    this.#path = path;
    this.#file = file;
    this.#paths = paths;
  }

  async write(chunk: Uint8Array): Promise<void> {
    this.#hash.update(chunk);
    this.#size += chunk.length;
    for (let at = 0; at < chunk.length; ) at += (await this.#file.write(chunk, at, chunk.length - at)).bytesWritten;
  }

  async commit(expected?: string): Promise<Blob> {
    const digest: Digest = `sha256:${this.#hash.digest('hex')}`;
    if (expected !== undefined && expected !== digest) {
      throw invalid(`unexpected content digest ${digest}, expected ${expected}`);
    }
    await this.#file.sync();
    await this.#file.close();
    this.#open = false;
    faultPoint('blob.rename');
    await rename(this.#path, this.#paths.blob(digest));
    await syncDirectory(this.#paths.blobs);
    return { digest, size: this.#size };
  }

  async discard(): Promise<void> {
    if (!this.#open) return;
    this.#open = false;
    await this.#file.close();
    await unlink(this.#path);
  }
}
