// Layers on their way: each downloaded once, whoever waits for it, and unpacked while it comes.
import { availableParallelism } from 'node:os';
import { BerthError, invalid, isErrno, messageOf } from '../../base/errors.ts';
import type { Digest } from '../../base/ids.ts';
import type { Log } from '../../base/log.ts';
import { KeyedMutex } from '../../base/mutex.ts';
import type { RegistrySettings, Remote } from '../../registry/client/index.ts';
import type { Descriptor } from '../../spec/oci/index.ts';
import type { Layer, Store } from '../../store/index.ts';
import { Download } from './download.ts';
import { Shared } from './shared.ts';
import { Slots } from './slots.ts';

/** What is said about a layer, in Docker's words. */
export interface LayerNote {
  readonly status: string;
  readonly current?: number;
  readonly total?: number;
}

export interface LayerRequest {
  readonly descriptor: Descriptor;
  readonly diffId: Digest;
  readonly chain: Digest;
  readonly parent: Digest | undefined;
  /** When the parent is there. */
  readonly parentReady: () => Promise<unknown>;
  readonly remotes: readonly Remote[];
}

/** What a transfer gives back as soon as it can. */
interface Held {
  readonly free: () => void;
  readonly unlock: () => void;
}

type Transfer = Shared<LayerNote, Layer>;

const EVERY_MS = 100;

export class Transfers {
  readonly #store: Store;
  readonly #settings: RegistrySettings;
  readonly #log: Log;
  readonly #collect: () => void;
  readonly #running = new Map<Digest, Transfer>();
  /** The same archive may be wanted on different parents: the second finds the first's blob. */
  readonly #byBlob = new KeyedMutex();
  readonly #downloads: Slots;
  /** The disk is full: what comes in pieces is not kept until those that are on their way have ended. */
  #full = false;
  readonly #unpackers = new Slots(Math.max(2, availableParallelism()));

  /** `collect` is called when a transfer that nobody waits for any more has ended, and may have left something. */
  constructor(store: Store, settings: RegistrySettings, log: Log, collect: () => void) {
    this.#collect = collect;
    this.#store = store;
    this.#settings = settings;
    this.#log = log;
    this.#downloads = new Slots(() => settings.maxDownloads);
  }

  /** The layer, when it is there. Of several that wait for it one may leave without the others noticing. */
  async get(request: LayerRequest, onNote: (note: LayerNote) => void, signal: AbortSignal): Promise<Layer> {
    for (;;) {
      let transfer = this.#running.get(request.chain);
      if (transfer?.abandoned) {
        await transfer.settled;
        if (this.#running.get(request.chain) === transfer) this.#running.delete(request.chain);
        continue;
      }
      if (!transfer) {
        const mine: Transfer = new Shared((notify, gone) => this.#transfer(request, notify, gone));
        transfer = mine;
        this.#running.set(request.chain, mine);
        void mine.settled.then(() => {
          if (this.#running.get(request.chain) === mine) this.#running.delete(request.chain);
          if (this.#running.size === 0) this.#full = false;
          if (mine.abandoned) this.#collect();
        });
      }
      return transfer.join(onNote, signal);
    }
  }

  async #transfer(request: LayerRequest, notify: (note: LayerNote) => void, signal: AbortSignal): Promise<Layer> {
    const there = this.#store.layers.get(request.chain);
    if (there) return there;
    if (this.#downloads.full) notify({ status: 'Waiting' });
    const free = await this.#downloads.take(signal);
    const unlock = await this.#lock(request.descriptor.digest);
    try {
      return await this.#bring(request, notify, { free, unlock }, signal);
    } catch (error) {
      if (!(error instanceof StaleError)) throw error;
      // what an earlier run had left was not what it should have been
      this.#log.warn(`layer ${request.descriptor.digest}: ${error.message}; downloading it again`);
      return await this.#bring(request, notify, { free, unlock }, signal);
    } finally {
      unlock();
      free();
    }
  }

  /** Gives what unlocks again: nobody waits for a parent while holding a blob that the parent may need. */
  async #lock(blob: string): Promise<() => void> {
    const locked = Promise.withResolvers<void>();
    const over = Promise.withResolvers<void>();
    void this.#byBlob.run(blob, async () => {
      locked.resolve();
      await over.promise;
    });
    await locked.promise;
    return over.resolve;
  }

  async #bring(
    request: LayerRequest,
    notify: (note: LayerNote) => void,
    held: Held,
    signal: AbortSignal,
  ): Promise<Layer> {
    const { descriptor, diffId, parent } = request;
    const digest = descriptor.digest as Digest;
    const { blobs, layers } = this.#store;
    using lease = this.#store.leases.take();
    lease.blobs.add(digest);
    if (request.parent !== undefined) lease.layers.add(request.parent);
    const unpack = async (source: AsyncIterable<Uint8Array>, commit: () => Promise<unknown>): Promise<Layer> => {
      const done = await this.#unpackers.take(signal);
      try {
        return await layers.register(parent, source, lease, {
          diffId,
          kept: () => Promise.resolve({ digest, size: descriptor.size }),
          signal,
          after: async () => {
            done();
            await commit();
            held.unlock();
            await request.parentReady();
          },
        });
      } finally {
        done();
      }
    };
    if (blobs.has(digest)) {
      held.free();
      return unpack(blobs.read(digest), () => Promise.resolve());
    }
    const stopped = new AbortController();
    const progress = new Progress(notify, descriptor.size);
    const download = new Download(await blobs.resume(digest), {
      digest,
      size: descriptor.size,
      finalPath: blobs.path(digest),
      remotes: request.remotes,
      settings: this.#settings,
      onProgress: (note) => progress.note(note),
      signal: AbortSignal.any([signal, stopped.signal]),
    });
    void download.finished.then(
      () => {
        held.free();
        notify({ status: 'Verifying Checksum' });
        notify({ status: 'Download complete' });
      },
      () => undefined,
    );
    try {
      return await unpack(progress.unpacking(download.read()), () => download.commit());
    } catch (error) {
      stopped.abort();
      if (isErrno(error, 'ENOSPC', 'EDQUOT')) this.#full = true;
      await this.#give(download, digest, error, signal);
      throw error;
    } finally {
      await (this.#full ? this.#giveRoom(download) : download.close());
    }
  }

  /** Unfinished downloads are there to save time; on a full disk their room is worth more. */
  async #giveRoom(download: Download): Promise<void> {
    await download.discard();
    const bytes = this.#store.blobs.dropPartials();
    if (bytes > 0) this.#log.warn(`the disk is full: ${bytes} bytes of unfinished downloads are given up`);
  }

  /** After a failure: says whether what came was wrong, which is worse than a broken archive, and throws it away then. */
  async #give(download: Download, digest: Digest, error: unknown, signal: AbortSignal): Promise<void> {
    if (signal.aborted || !isOfArchive(error)) return;
    await download.finished.catch(() => undefined);
    await download.discard();
    // with the right digest it is whole, and still of no use
    this.#store.blobs.settle(digest);
    if (download.resumedAt > 0) throw new StaleError(messageOf(error));
    const wrong = /^unexpected content digest \S+, expected (\S+)$/.exec(messageOf(error))?.[1];
    if (wrong !== undefined) throw invalid(`filesystem layer verification failed for digest ${wrong}`);
    if (!messageOf(error).startsWith("layers from manifest don't match"))
      throw invalid(`failed to register layer: ${messageOf(error)}`, { cause: error });
  }
}

/** Whether it would fail in the same way wherever it is unpacked. */
function isOfArchive(error: unknown): boolean {
  const codes = [
    'ELOOP',
    'ENAMETOOLONG',
    'ENOTDIR',
    'EISDIR',
    'ENOENT',
    'EEXIST',
    'EINVAL',
    'EFBIG',
    'EMLINK',
    'EOVERFLOW',
  ];
  return isErrno(error, ...codes) || (error instanceof BerthError && error.kind === 'invalid');
}

/** A download that went on from an earlier one came to nothing. */
class StaleError extends Error {}

/** Notes of one layer, ten a second at most. */
class Progress {
  readonly #notify: (note: LayerNote) => void;
  readonly #total: number;
  #last = 0;
  #downloaded = false;

  constructor(notify: (note: LayerNote) => void, total: number) {
    this.#notify = notify;
    this.#total = total;
  }

  note(note: { readonly bytes: number } | { readonly waits: number }): void {
    if ('waits' in note) {
      const seconds = Math.ceil(note.waits / 1000);
      this.#notify({ status: `Retrying in ${seconds} second${seconds === 1 ? '' : 's'}` });
      return;
    }
    this.#downloaded = note.bytes >= this.#total;
    this.#show('Downloading', note.bytes);
  }

  #show(status: string, current: number): void {
    const now = Date.now();
    if (now - this.#last < EVERY_MS) return;
    this.#last = now;
    this.#notify({ status, current, total: this.#total });
  }

  /** Passes the archive on; once it is all there, what is left of it is shown as being unpacked. */
  async *unpacking(source: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array, void, void> {
    let current = 0;
    for await (const chunk of source) {
      yield chunk;
      current += chunk.length;
      if (this.#downloaded) this.#show('Extracting', current);
    }
    if (current > 0) this.#notify({ status: 'Extracting', current, total: this.#total });
  }
}
