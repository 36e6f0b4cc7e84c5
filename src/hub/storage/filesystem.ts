// The storage driver over a directory: temporary file, rename, and fsync of all that waits for it at once, since a disk takes as long for
// one as for a hundred.
import { randomUUID } from 'node:crypto';
import { createReadStream, readFileSync, statSync } from 'node:fs';
import { type FileHandle, mkdir, open, readdir, rename, rm, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { Readable } from 'node:stream';
import { internal, isErrno } from '../../base/errors.ts';
import { faultPoint } from '../../host/fault.ts';
import { giveBuffer, takeBuffer } from './buffers.ts';
import type { Appender, ObjectFacts, Range, StorageDriver } from './driver.ts';

/** What goes to a client at a time: large enough that threads are not the price. */
const READ_BYTES = 512 * 1024;
/** So many files and folders at most wait for the next settling; whoever adds more settles them. */
const MAX_UNSETTLED = 4096;
/** Synced at a time: they share the disk's journal. */
const SYNC_AT_ONCE = 8;

export class FileSystem implements StorageDriver {
  readonly #root: string;
  /** Files and folders that were written and not synced. */
  #unsettled = new Set<string>();
  #settling: Promise<void> = Promise.resolve();
  #next: Promise<void> | undefined;

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

  stream(path: string, range?: Range): Readable {
    return createReadStream(this.#at(path), { highWaterMark: READ_BYTES, ...range });
  }

  /** Two buffers: one is filled while the other is on its way. */
  async send(path: string, { start, end }: Range, take: (piece: Buffer) => Promise<void>): Promise<void> {
    const file = await open(this.#at(path), 'r');
    let [filled, other] = [takeBuffer(), takeBuffer()];
    let sent = Promise.resolve();
    try {
      for (let at = start; at <= end; ) {
        const { bytesRead } = await file.read(filled, 0, Math.min(filled.length, end + 1 - at), at);
        if (bytesRead === 0) throw internal(`${path} ends after ${at} bytes`);
        await sent;
        sent = take(filled.subarray(0, bytesRead));
        sent.catch(() => undefined);
        at += bytesRead;
        [filled, other] = [other, filled];
      }
      await sent;
      // those of a connection that broke may still be in the kernel's hands
      giveBuffer(filled);
      giveBuffer(other);
    } finally {
      await file.close();
    }
  }

  async write(path: string, content: string | Uint8Array, lasts: 'now' | 'settled' = 'now'): Promise<void> {
    const target = this.#at(path);
    const temporary = `${target}.${randomUUID()}.tmp`;
    const made = await makeFolder(dirname(target));
    try {
      const file = await open(temporary, 'wx', 0o644);
      try {
        await file.writeFile(content);
        if (lasts === 'now') await file.sync();
      } finally {
        await file.close();
      }
      faultPoint('hub.write.rename');
      await rename(temporary, target);
    } catch (error) {
      await rm(temporary, { force: true });
      throw error;
    }
    const folders = [dirname(target), ...made];
    if (lasts === 'now') await syncAll(folders);
    else await this.#later([target, ...folders]);
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
    await this.#later(await makeFolder(dirname(target)));
    return new FileAppender(await open(target, 'a', 0o644));
  }

  async move(from: string, to: string): Promise<void> {
    const target = this.#at(to);
    const made = await makeFolder(dirname(target));
    faultPoint('hub.blob.rename');
    await rename(this.#at(from), target);
    await this.#later([dirname(target), ...made]);
  }

  /** Whoever comes while others settle waits for the next time, with all that came meanwhile. */
  settle(): Promise<void> {
    this.#next ??= this.#settling
      .catch(() => undefined)
      .then(async () => {
        this.#settling = this.#next ?? this.#settling;
        this.#next = undefined;
        const paths = this.#unsettled;
        this.#unsettled = new Set();
        try {
          if (paths.size > 0) faultPoint('hub.settle');
          await syncAll([...paths]);
        } catch (error) {
          for (const path of paths) this.#unsettled.add(path);
          throw error;
        }
      });
    return this.#next;
  }

  async #later(paths: readonly string[]): Promise<void> {
    for (const path of paths) this.#unsettled.add(path);
    if (this.#unsettled.size > MAX_UNSETTLED) await this.settle();
  }

  #at(path: string): string {
    return join(this.#root, path);
  }
}

/** Answers the folders that have a new name in them, which is to be synced too. */
async function makeFolder(folder: string): Promise<readonly string[]> {
  const known = await stat(folder).catch(() => undefined);
  if (known) return [];
  const first = await mkdir(folder, { recursive: true, mode: 0o755 });
  if (first === undefined) return [];
  const above: string[] = [];
  for (let at = folder; at.length >= first.length; at = dirname(at)) above.push(dirname(at));
  return above;
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

/** What was removed meanwhile needs it no more. */
async function syncAll(paths: readonly string[]): Promise<void> {
  let next = 0;
  const sync = async (): Promise<void> => {
    for (let path = paths[next++]; path !== undefined; path = paths[next++]) {
      let file: FileHandle;
      try {
        file = await open(path, 'r');
      } catch (error) {
        if (isErrno(error, 'ENOENT', 'ENOTDIR')) continue;
        throw error;
      }
      try {
        await file.sync();
      } finally {
        await file.close();
      }
    }
  };
  await Promise.all(Array.from({ length: Math.min(SYNC_AT_ONCE, paths.length) }, sync));
}
