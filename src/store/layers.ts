// Layers: each unpacked once, under the ID of the chain it completes, and shared by all images and containers above it.
import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { chmod, type FileHandle, mkdir, open, rename, rm } from 'node:fs/promises';
import { basename } from 'node:path';
import { conflict, internal, invalid, isErrno, messageOf } from '../base/errors.ts';
import type { Digest } from '../base/ids.ts';
import { isDigest } from '../base/ids.ts';
import type { Log } from '../base/log.ts';
import { KeyedMutex } from '../base/mutex.ts';
import {
  canInflateSync,
  digestTar,
  joinArchive,
  packTar,
  syncFileSystem,
  type UnpackResult,
  unpackTar,
} from '../host/sandbox/index.ts';
import { removeTree } from '../host/remove-tree.ts';
import { MEDIA } from '../spec/oci/index.ts';
import type { Blob, Blobs, Ingest } from './blobs.ts';
import { chainOf } from './chain.ts';
import { type Compression, decompress, peekCompression, tee } from './compression.ts';
import type { Lease } from './lease.ts';
import { type ArchiveForm, teePacked } from './pack.ts';
import { type StorePaths, UNFINISHED } from './paths.ts';
import type { RecordTable } from './records/index.ts';

export interface Layer {
  readonly chain: Digest;
  readonly parent?: Digest;
  readonly diffId: Digest;
  /** Name of its directory below `l/`. */
  readonly name: string;
  /** Sum of the sizes of its files. */
  readonly size: number;
  /** The archive that it was unpacked from; of one that is `filesOnly`, what the archive would be, uncompressed. */
  readonly blob: Blob & { readonly mediaType: string };
  /** Bytes of its archive before compression; not known of layers of an older store. */
  readonly archiveSize?: number;
  /** There as files only: its archive is made when somebody wants it. */
  readonly filesOnly?: true;
  /** Set until its files are known to be on disk: the boot during which it was unpacked. */
  readonly boot?: string;
}

/** How an archive is to be compressed. */
export interface Packing {
  readonly form: ArchiveForm | 'none';
  /** The compressor's own; the quickest when there is none. */
  readonly level?: number | undefined;
}

export interface RegisterOptions {
  readonly diffId?: Digest;
  readonly signal?: AbortSignal;
  /** For an archive that is being kept elsewhere as it comes: gives its blob when all of it is there. */
  readonly kept?: () => Promise<Blob>;
  /** Called when the archive is unpacked; it becomes a layer when that has ended: for a parent that is still being made. */
  readonly after?: () => Promise<unknown>;
}

export interface UnpackedLayer {
  readonly directory: string;
  /** The file of its seams. */
  readonly tarSplit: string;
  readonly diffId: Digest;
  readonly size: number;
  /** Bytes of its archive before compression. */
  readonly length: number;
}

/** Overlayfs stacks no more. */
const MAX_DEPTH = 125;
const SYNC_DELAY_MS = 500;

export class Layers {
  readonly #paths: StorePaths;
  readonly #blobs: Blobs;
  readonly #table: RecordTable<Layer>;
  readonly #log: Log;
  readonly #form: ArchiveForm;
  readonly #layers: Map<Digest, Layer>;
  readonly #boot = readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
  /** Layers of one chain ID are unpacked one after the other: the second finds the first's. */
  readonly #mutex = new KeyedMutex();
  #syncTimer: NodeJS.Timeout | undefined;

  /** `form`: how archives that are made here are compressed. */
  constructor(paths: StorePaths, blobs: Blobs, table: RecordTable<Layer>, log: Log, form: ArchiveForm) {
    this.#form = form;
    this.#paths = paths;
    this.#blobs = blobs;
    this.#table = table;
    this.#log = log;
    this.#layers = table.load(acceptLayer) as Map<Digest, Layer>;
  }

  /** Throws away what was half done, and unpacks again what a power loss may have torn. */
  async recover(): Promise<void> {
    const known = new Set([...this.#layers.values()].map((layer) => layer.name));
    for (const name of readdirSync(this.#paths.layers)) {
      if (known.has(name)) continue;
      if (name.startsWith(UNFINISHED)) await removeTree(this.#paths.layer(name));
      else await this.#discard(this.#paths.layer(name));
    }
    for (const name of readdirSync(this.#paths.tarSplit))
      if (!known.has(name)) await rm(this.#paths.tarSplitOf(name), { force: true });
    for (const layer of this.#layers.values()) {
      const there = existsSync(this.#paths.layer(layer.name));
      if (there && (layer.boot === undefined || layer.boot === this.#boot)) continue;
      this.#log.warn(
        `layer ${layer.chain} ${there ? 'may not be whole' : 'is missing'}: ${layer.filesOnly ? 'reading it as a whole' : 'unpacking it again'}`,
      );
      try {
        await this.#rebuild(layer);
      } catch (error) {
        this.#log.error(`layer ${layer.chain} is lost: ${messageOf(error)}`);
        this.#layers.delete(layer.chain);
        this.#table.delete(layer.chain);
      }
    }
    if ([...this.#layers.values()].some((layer) => layer.boot !== undefined)) this.#syncSoon();
  }

  get(chain: Digest): Layer | undefined {
    return this.#layers.get(chain);
  }

  all(): ReadonlyMap<Digest, Layer> {
    return this.#layers;
  }

  directory(layer: Layer): string {
    return this.#paths.layer(layer.name);
  }

  /** The layer and those below it, topmost first. Throws internal when one is missing. */
  stack(top: Digest): Layer[] {
    const layers: Layer[] = [];
    for (let chain: Digest | undefined = top; chain !== undefined; ) {
      const layer: Layer | undefined = this.#layers.get(chain);
      if (!layer) throw internal(`layer ${chain} is missing`);
      layers.push(layer);
      chain = layer.parent;
    }
    return layers;
  }

  /**
   * Unpacks an archive (plain, gzip, zstd, xz, bzip2) onto `parent`. With `diffId` the archive must have that digest when
   * uncompressed, else nothing is kept. The lease keeps the layer until an image does.
   */
  async register(
    parent: Digest | undefined,
    archive: AsyncIterable<Uint8Array>,
    lease: Lease,
    options: RegisterOptions = {},
  ): Promise<Layer> {
    if (options.after === undefined) this.#checkDepth(parent);
    const directory = this.#paths.newLayer();
    const tarSplitPath = this.#paths.newTemporary();
    const { kept } = options;
    let ingest: Ingest | undefined;
    let end: (() => Promise<void>) | undefined;
    try {
      await mkdir(directory, { mode: 0o755 });
      // mkdir's mode is cut by the daemon's umask, and a layer without an entry for its root has this one
      await chmod(directory, 0o755);
      const peeked = await peekCompression(archive);
      const { compression, stream } = peeked;
      ({ end } = peeked);
      // gzip and zstd are kept as they came, so that the blob has the digest that others know it by
      if (!kept && (compression === 'gzip' || compression === 'zstd')) ingest = await this.#blobs.ingest();
      const into = ingest;
      const source = into ? tee(stream, (chunk) => into.write(chunk)) : stream;
      const unpacked = await this.#unpack(directory, tarSplitPath, source, compression, options);
      const diffId: Digest = `sha256:${unpacked.sha256}`;
      await options.after?.();
      if (options.after !== undefined) this.#checkDepth(parent);
      const made = { directory, tarSplit: tarSplitPath, diffId, size: unpacked.size, length: unpacked.length };
      return await this.#place(parent, made, lease, async () => {
        const blob = await (kept?.() ?? ingest?.commit());
        return blob && { ...blob, mediaType: typeOf(compression) };
      });
    } finally {
      // where nobody came to read it; what it waits for may end after this
      void end?.().catch(() => undefined);
      await ingest?.discard();
      await rm(tarSplitPath, { force: true });
      await removeTree(directory);
    }
  }

  /**
   * A layer that was unpacked elsewhere on the store's file system, which is moved. Undefined when it is not there: it was taken
   * before.
   */
  async take(parent: Digest | undefined, unpacked: UnpackedLayer, lease: Lease): Promise<Layer | undefined> {
    this.#checkDepth(parent);
    if (!existsSync(unpacked.directory)) return this.#layers.get(chainOf(parent, unpacked.diffId));
    return this.#place(parent, unpacked, lease, () => Promise.resolve(undefined));
  }

  async #place(
    parent: Digest | undefined,
    unpacked: UnpackedLayer,
    lease: Lease,
    commit: () => Promise<(Blob & { readonly mediaType: string }) | undefined>,
  ): Promise<Layer> {
    const { diffId, size, length } = unpacked;
    const chain = chainOf(parent, diffId);
    return this.#mutex.run(chain, async () => {
      lease.layers.add(chain);
      const existing = this.#layers.get(chain);
      if (existing) return existing;
      const blob = await commit();
      if (blob) lease.blobs.add(blob.digest);
      const layer: Layer = {
        chain,
        ...(parent === undefined ? {} : { parent }),
        diffId,
        name: this.#nameFor(chain),
        size,
        archiveSize: length,
        ...(blob ? { blob } : { blob: { digest: diffId, size: length, mediaType: MEDIA.layer }, filesOnly: true }),
        boot: this.#boot,
      };
      await rename(unpacked.tarSplit, this.#paths.tarSplitOf(layer.name));
      await rename(unpacked.directory, this.#paths.layer(layer.name));
      this.#put(layer);
      this.#syncSoon();
      return layer;
    });
  }

  async #unpack(
    directory: string,
    tarSplitPath: string,
    source: AsyncIterable<Uint8Array>,
    compression: Compression,
    options: RegisterOptions,
  ): Promise<UnpackResult> {
    const tarSplit = await open(tarSplitPath, 'wx', 0o600);
    // the thread that unpacks undoes the usual compression itself, without a copy between threads
    const gzip = compression === 'gzip' && canInflateSync();
    const plain = gzip ? source : decompress(source, compression);
    try {
      const unpacked = await unpackTar(directory, plain, { whiteouts: 'overlay', gzip }, options.signal, tarSplit.fd);
      const got = `sha256:${unpacked.sha256}`;
      if (options.diffId !== undefined && options.diffId !== got)
        throw invalid(`layers from manifest don't match image configuration: expected ${options.diffId}, got ${got}`);
      return unpacked;
    } finally {
      await tarSplit.close();
    }
  }

  /**
   * Takes the upper directory of an overlay over as a layer on `parent`, without a copy: the caller unmounted it and gives it away.
   * Nothing changed is no layer: answers undefined. Files that are younger than `latest` (seconds since 1970) get that time.
   */
  async adopt(
    parent: Digest | undefined,
    directory: string,
    lease: Lease,
    options: { readonly latest?: number; readonly signal?: AbortSignal } = {},
  ): Promise<Layer | undefined> {
    this.#checkDepth(parent);
    const { signal, latest } = options;
    const found = await digestTar(
      directory,
      { whiteouts: 'overlay', ...(latest === undefined ? {} : { latest }) },
      signal,
    );
    // two empty blocks
    if (found.length <= 1024) return undefined;
    const diffId: Digest = `sha256:${found.sha256}`;
    const chain = chainOf(parent, diffId);
    return this.#mutex.run(chain, async () => {
      lease.layers.add(chain);
      const existing = this.#layers.get(chain);
      if (existing) return existing;
      const layer: Layer = {
        chain,
        ...(parent === undefined ? {} : { parent }),
        diffId,
        name: this.#nameFor(chain),
        size: found.size,
        archiveSize: found.length,
        blob: { digest: diffId, size: found.length, mediaType: MEDIA.layer },
        filesOnly: true,
        boot: this.#boot,
      };
      await rename(directory, this.#paths.layer(layer.name));
      this.#put(layer);
      this.#syncSoon();
      return layer;
    });
  }

  /** The layer with an archive in the store, made now when there is none. The lease keeps the archive. */
  withArchive(layer: Layer, lease: Lease, packing: Packing = { form: this.#form }): Promise<Layer> {
    return this.#mutex.run(layer.chain, async () => {
      const now = this.#layers.get(layer.chain) ?? layer;
      if (!now.filesOnly) return now;
      const { filesOnly: _, ...rest } = now;
      const whole: Layer = { ...rest, blob: await this.pack(now, lease, packing) };
      this.#put(whole);
      return whole;
    });
  }

  /** An archive of the layer that the lease alone keeps. */
  async pack(layer: Layer, lease: Lease, { form, level }: Packing): Promise<Layer['blob']> {
    const ingest = await this.#blobs.ingest();
    try {
      const write = (part: Uint8Array): Promise<void> => ingest.write(part);
      const archive = this.archive(layer);
      const plain = createHash('sha256');
      for await (const chunk of form === 'none' ? tee(archive, write) : teePacked(archive, { form, level }, write))
        plain.update(chunk);
      if (`sha256:${plain.digest('hex')}` !== layer.diffId)
        throw internal(`the files of layer ${layer.chain} are damaged`);
      const blob = await ingest.commit();
      lease.blobs.add(blob.digest);
      return { ...blob, mediaType: typeOf(form) };
    } finally {
      await ingest.discard();
    }
  }

  /** The archive as it was before compression: its digest is the layer's diff ID, and is checked when it is made of the files. */
  async *archive(layer: Layer, signal?: AbortSignal): AsyncGenerator<Uint8Array, void, void> {
    const tarSplit = await openIfThere(this.#paths.tarSplitOf(layer.name));
    if (!tarSplit) {
      yield* layer.filesOnly
        ? packTar(this.directory(layer), { whiteouts: 'overlay' }, signal)
        : decompress(this.#blobs.read(layer.blob.digest), compressionOf(layer.blob.mediaType));
      return;
    }
    try {
      const { sha256 } = yield* joinArchive(this.directory(layer), tarSplit.fd, signal);
      if (`sha256:${sha256}` !== layer.diffId) throw internal(`layer ${layer.chain} is damaged`);
    } finally {
      await tarSplit.close();
    }
  }

  /** Its files once more, from its archive. Throws internal when that is damaged too. */
  async unpackAgain(chain: Digest): Promise<void> {
    const layer = this.#layers.get(chain);
    if (layer) await this.#mutex.run(chain, () => this.#rebuild(layer));
    this.#syncSoon();
  }

  /** The layer is there as files only from now on. */
  forgetArchive(chain: Digest): void {
    const layer = this.#layers.get(chain);
    if (!layer || layer.filesOnly) return;
    this.#put({
      ...layer,
      blob: { digest: layer.diffId, size: layer.archiveSize ?? layer.size, mediaType: MEDIA.layer },
      filesOnly: true,
    });
  }

  #checkDepth(parent: Digest | undefined): void {
    if (parent !== undefined && this.stack(parent).length >= MAX_DEPTH) throw invalid('max depth exceeded');
  }

  /** Forgets a layer at once; its files go in the background. Nothing may be above it. */
  remove(chain: Digest): void {
    const layer = this.#layers.get(chain);
    if (!layer) return;
    for (const other of this.#layers.values())
      if (other.parent === chain) throw conflict(`layer ${chain} is below ${other.chain}`);
    this.#layers.delete(chain);
    this.#table.delete(chain);
    rm(this.#paths.tarSplitOf(layer.name), { force: true }).catch(() => undefined);
    this.#discard(this.#paths.layer(layer.name)).catch((error: unknown) =>
      this.#log.warn(`removing layer ${chain}: ${messageOf(error)}`),
    );
  }

  /** Writes what is pending; for the daemon's end. */
  close(): void {
    if (this.#syncTimer) clearTimeout(this.#syncTimer);
    this.#syncTimer = undefined;
  }

  #put(layer: Layer): void {
    this.#layers.set(layer.chain, layer);
    this.#table.put(layer.chain, layer);
  }

  #nameFor(chain: Digest): string {
    const hex = chain.slice('sha256:'.length);
    for (let digits = 12; ; digits += 4) {
      const name = hex.slice(0, digits);
      if (!existsSync(this.#paths.layer(name))) return name;
    }
  }

  async #discard(directory: string): Promise<void> {
    const aside = this.#paths.newLayer();
    if (!basename(directory).startsWith(UNFINISHED)) await rename(directory, aside);
    await removeTree(aside);
  }

  async #rebuild(layer: Layer): Promise<void> {
    if (layer.filesOnly) {
      // there is nothing to make it of but itself
      const hash = createHash('sha256');
      for await (const chunk of this.archive(layer)) hash.update(chunk);
      if (`sha256:${hash.digest('hex')}` !== layer.diffId) throw internal('its files are damaged');
      this.#put({ ...layer, boot: this.#boot });
      return;
    }
    const directory = this.#paths.newLayer();
    const tarSplitPath = this.#paths.newTemporary();
    await mkdir(directory, { mode: 0o755 });
    const { digest, mediaType } = layer.blob;
    const compression = compressionOf(mediaType);
    const unpacked = await this.#unpack(directory, tarSplitPath, this.#blobs.read(digest), compression, {
      diffId: layer.diffId,
    });
    await rename(tarSplitPath, this.#paths.tarSplitOf(layer.name));
    await removeTree(this.directory(layer));
    await rename(directory, this.directory(layer));
    this.#put({ ...layer, archiveSize: unpacked.length, boot: this.#boot });
  }

  /**
   * Files of new layers reach the disk a little later, all at once; a power loss before that costs unpacking the layer
   * again from its blob, which is on disk already.
   */
  #syncSoon(): void {
    if (this.#syncTimer) return;
    this.#syncTimer = setTimeout(() => {
      this.#syncTimer = undefined;
      this.#sync().catch((error: unknown) => this.#log.warn(`writing layers to disk: ${messageOf(error)}`));
    }, SYNC_DELAY_MS);
    this.#syncTimer.unref();
  }

  async #sync(): Promise<void> {
    const pending = [...this.#layers.values()].filter((layer) => layer.boot !== undefined);
    const directory = await open(this.#paths.layers, 'r');
    try {
      await syncFileSystem(directory.fd);
    } finally {
      await directory.close();
    }
    for (const layer of pending) {
      const now = this.#layers.get(layer.chain);
      const { boot: _, ...synced } = layer;
      if (now === layer) this.#put(synced);
      // it was changed meanwhile, its files perhaps too
      else if (now?.boot !== undefined) this.#syncSoon();
    }
  }
}

async function openIfThere(path: string): Promise<FileHandle | undefined> {
  try {
    return await open(path, 'r');
  } catch (error) {
    if (isErrno(error, 'ENOENT')) return undefined;
    throw error;
  }
}

function typeOf(compression: Compression): string {
  if (compression === 'none') return MEDIA.layer;
  if (compression === 'gzip') return MEDIA.layerGzip;
  if (compression === 'zstd') return MEDIA.layerZstd;
  throw invalid(`layers compressed with ${compression} are not supported`);
}

function compressionOf(mediaType: string): Compression {
  if (mediaType === MEDIA.layer) return 'none';
  return mediaType === MEDIA.layerGzip ? 'gzip' : 'zstd';
}

function acceptLayer(value: unknown, key: string): Layer | undefined {
  const layer = value as Partial<Layer>;
  const good =
    isDigest(key) &&
    layer.chain === key &&
    typeof layer.name === 'string' &&
    /^[a-f0-9]+$/.test(layer.name) &&
    typeof layer.size === 'number' &&
    typeof layer.diffId === 'string' &&
    typeof layer.blob?.digest === 'string' &&
    isDigest(layer.blob.digest);
  return good ? (layer as Layer) : undefined;
}
