// One image of an archive into the store: its layers, then its configuration.
import { availableParallelism } from 'node:os';
import { conflict, invalid, messageOf } from '../../base/errors.ts';
import { type Digest, isDigest } from '../../base/ids.ts';
import type { Platform } from '../../spec/oci/index.ts';
import { chainsOf, type Lease } from '../../store/index.ts';
import type { Image } from '../catalog/catalog.ts';
import type { ImageContext } from '../catalog/context.ts';
import { parseImageFile } from '../catalog/file.ts';
import { type Say, withProgress } from '../catalog/progress.ts';
import { Slots } from '../transfers/slots.ts';
import type { Archive } from './archive.ts';

export interface LoadOptions {
  readonly say: Say;
  /** No progress of layers. */
  readonly quiet?: boolean;
  readonly platform?: Platform;
  readonly signal?: AbortSignal;
}

export interface ToLoad {
  /** The configuration: where it is in the archive, or the bytes when it had to be made. */
  readonly config: string | Buffer;
  /** Members of the archive, lowest first. */
  readonly layers: readonly string[];
  /** `repository:tag` as the archive says it. */
  readonly names: readonly string[];
  readonly parent: string | undefined;
  /** The manifest that the archive has of it. */
  readonly manifest?: { readonly content: Buffer; readonly mediaType: string };
}

export async function loadOne(
  context: ImageContext,
  archive: Archive,
  item: ToLoad,
  options: LoadOptions,
  lease: Lease,
): Promise<Image> {
  const content = typeof item.config === 'string' ? await archive.readWhole(item.config) : item.config;
  const file = parseImageFile(content);
  if (file.os !== 'linux') throw invalid(`cannot load ${file.os} image on linux`);
  const diffIds = file.rootfs.diff_ids as Digest[];
  if (item.layers.length !== diffIds.length) {
    throw invalid(`invalid manifest, layers length mismatch: expected ${item.layers.length}, got ${diffIds.length}`);
  }
  await loadLayers(context, archive, item, diffIds, options, lease);
  return context.catalog.create(content, undefined, lease);
}

/** Layers that are compressed are unpacked several at a time; each has its place when the one below it has. */
async function loadLayers(
  context: ImageContext,
  archive: Archive,
  item: ToLoad,
  diffIds: readonly Digest[],
  options: LoadOptions,
  lease: Lease,
): Promise<void> {
  const slots = new Slots(availableParallelism());
  const stop = new AbortController();
  const signal = options.signal ? AbortSignal.any([options.signal, stop.signal]) : stop.signal;
  const chains = chainsOf(diffIds);
  const work: Promise<unknown>[] = [];
  for (const [at, diffId] of diffIds.entries()) {
    const chain = chains[at];
    if (chain === undefined) break;
    lease.layers.add(chain);
    if (context.store.layers.get(chain)) continue;
    const below = Promise.all(work);
    below.catch(() => undefined);
    const one = { name: item.layers[at] ?? '', at, diffId, parent: chains[at - 1], below };
    const done = loadLayer(context, archive, one, slots, { ...options, signal }, lease);
    done.catch((error: unknown) => stop.abort(error));
    work.push(done);
  }
  await Promise.allSettled(work);
  options.signal?.throwIfAborted();
  if (stop.signal.aborted) throw stop.signal.reason;
}

interface Wanted {
  readonly name: string;
  readonly at: number;
  readonly diffId: Digest;
  readonly parent: Digest | undefined;
  /** Ends when the layers below have their places. */
  readonly below: Promise<unknown>;
}

async function loadLayer(
  context: ImageContext,
  archive: Archive,
  wanted: Wanted,
  slots: Slots,
  options: LoadOptions & { readonly signal: AbortSignal },
  lease: Lease,
): Promise<void> {
  const { layers } = context.store;
  const { name, at, diffId, parent, below } = wanted;
  const say: Say = options.quiet ? () => undefined : options.say;
  const status = { status: 'Loading layer', id: diffId.slice(7, 19) };
  const unpacked = archive.layer(name);
  if (unpacked && !('known' in unpacked)) {
    checkDiffId(at, diffId, unpacked.diffId);
    await below;
    const { length: total } = unpacked;
    if (await layers.take(parent, unpacked, lease)) {
      await say({ ...status, progressDetail: { current: total, total } });
      return;
    }
  }
  if (unpacked) {
    // it is there above another layer, whose files cannot be shared with this one
    checkDiffId(at, diffId, 'known' in unpacked ? unpacked.known : unpacked.diffId);
    await below;
    const there = [...layers.all().values()].find((layer) => layer.diffId === diffId);
    if (!there) throw conflict(`layer ${diffId} was removed while it was loaded`);
    await layers.register(parent, layers.archive(there, options.signal), lease, { diffId });
    return;
  }
  const free = await slots.take(options.signal);
  try {
    const { size: total } = archive.member(name);
    const source = withProgress(archive.read(name), say, { ...status, total });
    const after = (): Promise<unknown> => {
      free();
      return below;
    };
    await layers.register(parent, source, lease, { diffId, signal: options.signal, after });
  } catch (error) {
    const got = /got (sha256:[a-f0-9]{64})$/.exec(messageOf(error))?.[1];
    if (got !== undefined && isDigest(got)) checkDiffId(at, diffId, got);
    throw error;
  } finally {
    free();
  }
}

function checkDiffId(at: number, wanted: Digest, got: Digest): void {
  if (wanted !== got) throw invalid(`invalid diffID for layer ${at}: expected "${wanted}", got "${got}"`);
}
