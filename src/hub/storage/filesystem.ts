// The storage driver over a directory: temporary file, fsync, rename, fsync of the directory.
import { randomUUID } from 'node:crypto';
import { createReadStream, readFileSync, statSync } from 'node:fs';
import { type FileHandle, mkdir, open, readdir, rename, rm, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { Readable } from 'node:stream';
import { isErrno } from '../../base/errors.ts';
import { faultPoint } from '../../host/fault.ts';
import type { Appender, ObjectFacts, StorageDriver } from './driver.ts';

/** What goes to a client at a time: large enough that threads are not the price. */
const READ_BYTES = 512 * 1024;

export class FileSystem implements StorageDriver {
  readonly #root: string;

  constructor(root: string) {
    this.#root = root;
  }

  /** Synchronous: an open, a read and a close take less than handing them to a thread. */
  read(path: string): Promise<Buffer | undefined> {
    try {
      return Promise.resolve(readFileSync(this.#at(path)));
    } catch (error) {
      if (isErrno(error, 'ENOENT', 'ENOTDIR', 'EISDIR')) return Promise.resolve(undefined);
      return Promise.reject(error);
    }
  }

  facts(path: string): Promise<ObjectFacts | undefined> {
    try {
      const found = statSync(this.#at(path), { throwIfNoEntry: false });
      return Promise.resolve(found?.isFile() ? { size: found.size, changedAt: found.mtimeMs } : undefined);
    } catch (error) {
      if (isErrno(error, 'ENOTDIR')) return Promise.resolve(undefined);
      return Promise.reject(error);
    }
  }

  stream(path: string, range?: { readonly start: number; readonly end: number }): Readable {
    return createReadStream(this.#at(path), { highWaterMark: READ_BYTES, ...range });
  }

  async write(path: string, content: string | Uint8Array): Promise<void> {
    const target = this.#at(path);
    const temporary = `${target}.${randomUUID()}.tmp`;
    await this.#makeFolder(dirname(target));
    try {
      const file = await open(temporary, 'wx', 0o644);
      try {
        await file.writeFile(content);
        await file.sync();
      } finally {
        await file.close();
      }
      faultPoint('hub.write.rename');
      await rename(temporary, target);
    } catch (error) {
      await rm(temporary, { force: true });
      throw error;
    }
    await syncFolder(dirname(target));
  }

  async list(path: string): Promise<readonly string[]> {
    try {
      return (await readdir(this.#at(path))).filter((name) => !name.endsWith('.tmp'));
    } catch (error) {
      if (isErrno(error, 'ENOENT', 'ENOTDIR')) return [];
      throw error;
    }
  }

  async remove(path: string): Promise<void> {
    faultPoint('hub.remove');
    await rm(this.#at(path), { recursive: true, force: true });
  }

  async append(path: string): Promise<Appender> {
    const target = this.#at(path);
    await this.#makeFolder(dirname(target));
    return new FileAppender(await open(target, 'a', 0o644));
  }

  async move(from: string, to: string): Promise<void> {
    const target = this.#at(to);
    await this.#makeFolder(dirname(target));
    faultPoint('hub.blob.rename');
    await rename(this.#at(from), target);
    await syncFolder(dirname(target));
  }

  #at(path: string): string {
    return join(this.#root, path);
  }

  /** The names of new folders last, too: each is synced into the one above it. */
  async #makeFolder(folder: string): Promise<void> {
    const known = await stat(folder).catch(() => undefined);
    if (known) return;
    const first = await mkdir(folder, { recursive: true, mode: 0o755 });
    if (first === undefined) return;
    for (let at = folder; at.length >= first.length; at = dirname(at)) await syncFolder(dirname(at));
  }
}

class FileAppender implements Appender {
  readonly #file: FileHandle;

  constructor(file: FileHandle) {
    this.#file = file;
  }

  async write(chunks: readonly Buffer[]): Promise<void> {
    faultPoint('hub.upload.write');
    const size = chunks.reduce((sum, { length }) => sum + length, 0);
    const { bytesWritten } = await this.#file.writev(chunks);
    if (bytesWritten === size) return;
    // a short write is rare: a disk that is almost full
    let rest = Buffer.concat(chunks).subarray(bytesWritten);
    while (rest.length > 0) rest = rest.subarray((await this.#file.write(rest)).bytesWritten);
  }

  truncate(size: number): Promise<void> {
    return this.#file.truncate(size);
  }

  sync(): Promise<void> {
    faultPoint('hub.upload.sync');
    return this.#file.sync();
  }

  close(): Promise<void> {
    return this.#file.close();
  }
}

async function syncFolder(path: string): Promise<void> {
  const folder = await open(path, 'r');
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}
