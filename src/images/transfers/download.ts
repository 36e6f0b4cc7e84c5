// A blob on its way from a registry to the disk: goes on where a connection broke, and may be read while it grows.
import { type FileHandle, open } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { cancelled, invalid, isErrno } from '../../base/errors.ts';
import { usedUp } from '../../base/garbage.ts';
import type { Digest } from '../../base/ids.ts';
import { NetworkError, type RegistrySettings, type Remote, waitBefore } from '../../registry/client/index.ts';
import type { Blob, PartialBlob } from '../../store/index.ts';

export interface DownloadRequest {
  readonly digest: Digest;
  readonly size: number;
  /** Where it is when it is whole. */
  readonly finalPath: string;
  /** Who has it, best first. */
  readonly remotes: readonly Remote[];
  readonly settings: RegistrySettings;
  /** Bytes that are there; or how long it waits after a failure, milliseconds. */
  readonly onProgress: (note: { readonly bytes: number } | { readonly waits: number }) => void;
  readonly signal: AbortSignal;
}

/** An attempt that brought less than this brought nothing. */
const PROGRESS_BYTES = 64 * 1024;
/** However well each of them begins, more connections for one blob are not made. */
const MAX_CONNECTIONS = 50;
/** Slower than so many bytes in the time of an idle connection is as good as idle. */
const LEAST_BYTES = 1024;
const READ_BYTES = 1024 * 1024;
/** Pieces of a connection, 64 KiB at most, that wait while others are written. */
const MAX_QUEUE = 16;

export class Download {
  readonly #partial: PartialBlob;
  readonly #request: DownloadRequest;
  /** Where it began: what was there before is not from this download. */
  readonly resumedAt: number;
  readonly finished: Promise<void>;
  readonly #committed: Promise<Blob>;
  #failure: { readonly error: unknown } | undefined;
  #done = false;
  #wake: (() => void)[] = [];

  constructor(partial: PartialBlob, request: DownloadRequest) {
    this.#partial = partial;
    this.#request = request;
    this.resumedAt = partial.size;
    this.finished = this.#run();
    // it goes to the disk while the rest of it is being unpacked: at the end there would be all the unpacked files before it
    this.#committed = this.finished.then(() => partial.commit());
    this.#committed.then(
      () => {
        this.#done = true;
        this.#rouse();
      },
      (error: unknown) => {
        this.#failure = { error };
        this.#rouse();
      },
    );
  }

  /** Throws invalid when it is not what was asked for; then nothing of it is kept. */
  commit(): Promise<Blob> {
    return this.#committed;
  }

  /** Ends it; what came so far is kept for another time. The signal of the wish must have been given before, if it runs. */
  async close(): Promise<void> {
    await this.#committed.catch(() => undefined);
    await this.#partial.keep();
  }

  async discard(): Promise<void> {
    await this.#committed.catch(() => undefined);
    await this.#partial.discard();
  }

  #rouse(): void {
    const waiting = this.#wake;
    this.#wake = [];
    for (const wake of waiting) wake();
  }

  /** The bytes from the first on, as they come. Read from the file, so that a slow reader slows nobody down. */
  async *read(): AsyncGenerator<Uint8Array, void, void> {
    const file = await this.#open();
    try {
      for (let at = 0; ; ) {
        const there = this.#partial.size - at;
        if (there > 0) {
          const buffer = Buffer.allocUnsafe(Math.min(there, READ_BYTES));
          const { bytesRead } = await file.read(buffer, 0, buffer.length, at);
          at += bytesRead;
          yield buffer.subarray(0, bytesRead);
          usedUp(bytesRead);
        } else if (this.#failure) throw this.#failure.error;
        else if (this.#done) return;
        else
          await new Promise<void>((resolve) => {
            this.#wake.push(resolve);
          });
      }
    } finally {
      await file.close();
    }
  }

  /** It may be whole, and have its last name, before anybody reads it; or be wrong, and gone. */
  async #open(): Promise<FileHandle> {
    try {
      return await open(this.#partial.path, 'r');
    } catch (error) {
      if (!isErrno(error, 'ENOENT')) throw error;
      await this.#committed;
      return open(this.#request.finalPath, 'r');
    }
  }

  async #run(): Promise<void> {
    const { size, digest, remotes, settings, signal } = this.#request;
    const limits = { attempts: settings.attempts, ...settings.timing };
    if (this.#partial.size > size) await this.#partial.restart();
    this.#partial.expect(size - this.#partial.size);
    this.#request.onProgress({ bytes: this.#partial.size });
    let remote = 0;
    let attempt = 1;
    for (let connections = 1; this.#partial.size < size; connections += 1) {
      const before = this.#partial.size;
      try {
        await this.#fetch(remotes[remote] as Remote);
        if (this.#partial.size < size)
          throw new NetworkError(`unexpected EOF: ${this.#partial.size} of ${size} bytes of ${digest}`, 'EOF', true);
      } catch (error) {
        if (signal.aborted) throw cancelled('context canceled', { cause: error });
        if (isErrno(error, 'ENOSPC', 'EDQUOT')) throw error;
        if (this.#partial.size - before >= Math.min(PROGRESS_BYTES, size / 2)) attempt = 1;
        const wait = connections < MAX_CONNECTIONS ? waitBefore(error, attempt, limits) : undefined;
        if (wait === undefined) {
          if (remote + 1 >= remotes.length) throw error;
          remote += 1;
          attempt = 1;
          continue;
        }
        attempt += 1;
        await this.#wait(wait);
      }
    }
  }

  /** As Docker does, a second less each second. */
  async #wait(milliseconds: number): Promise<void> {
    for (let left = milliseconds; left > 0; left -= 1000) {
      this.#request.onProgress({ waits: left });
      await sleep(Math.min(left, 1000), undefined, { signal: this.#request.signal });
    }
  }

  /** One connection, for as long as it lasts. */
  async #fetch(remote: Remote): Promise<void> {
    const { digest, size, settings, signal, onProgress } = this.#request;
    const partial = this.#partial;
    const { answer, start } = await remote.blob(digest, partial.size, signal);
    const { body } = answer;
    // a registry that cannot begin in the middle sends again what is there
    let skip = partial.size - start;
    const guard = watchSpeed(body, settings.timing.idle, answer.url.host);
    let queue: Buffer[] = [];
    let failure: { error: unknown } | undefined;
    let ended = false;
    let wake: () => void = () => undefined;
    body.on('data', (chunk: Buffer) => {
      guard.count(chunk.length);
      queue.push(chunk);
      if (queue.length >= MAX_QUEUE) body.pause();
      wake();
    });
    body.once('end', () => {
      ended = true;
      wake();
    });
    body.once('error', (error) => {
      failure = {
        error:
          error instanceof NetworkError
            ? error
            : new NetworkError(`Get "${answer.url.host}": ${error.message}`, 'ECONNRESET', true, error),
      };
      wake();
    });
    body.once('close', () => {
      ended = true;
      wake();
    });
    try {
      for (;;) {
        if (queue.length === 0) {
          if (failure) throw failure.error;
          if (ended) return;
          await new Promise<void>((resolve) => {
            wake = resolve;
          });
          continue;
        }
        let chunks = queue;
        queue = [];
        body.resume();
        if (skip > 0) [chunks, skip] = dropped(chunks, skip);
        const before = partial.size;
        await partial.write(chunks);
        usedUp(partial.size - before);
        if (partial.size > size) {
          await partial.restart();
          throw invalid(`${remote.host} sends more for ${digest} than the ${size} bytes that its manifest says`);
        }
        onProgress({ bytes: partial.size });
        this.#rouse();
        if (partial.size === size && ended) return;
      }
    } finally {
      guard.stop();
      body.destroy();
    }
  }
}

/** Chunks without their first bytes, and how many bytes are still to be left out. */
function dropped(chunks: readonly Buffer[], count: number): [Buffer[], number] {
  let left = count;
  const rest: Buffer[] = [];
  for (const chunk of chunks) {
    const cut = Math.min(left, chunk.length);
    left -= cut;
    if (cut < chunk.length) rest.push(chunk.subarray(cut));
  }
  return [rest, left];
}

/** Breaks a connection that brings hardly anything; a silent one breaks by itself. */
function watchSpeed(
  body: { destroy(error: Error): void },
  window: number,
  host: string,
): { count(bytes: number): void; stop(): void } {
  let bytes = 0;
  const timer = setInterval(() => {
    if (bytes < LEAST_BYTES)
      body.destroy(
        new NetworkError(`${host} sends too slowly: ${bytes} bytes in ${window / 1000} seconds`, 'ETIMEDOUT', true),
      );
    bytes = 0;
  }, window);
  return {
    count: (more) => {
      bytes += more;
    },
    stop: () => clearInterval(timer),
  };
}
