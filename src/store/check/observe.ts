// Holds everything in the store against its digests and its records. Reads all of it: a gigabyte takes some seconds.
import { createHash } from 'node:crypto';
import { existsSync, readdirSync, statSync } from 'node:fs';
import { relative } from 'node:path';
import { isErrno } from '../../base/errors.ts';
import type { Digest } from '../../base/ids.ts';
import type { Store } from '../index.ts';
import type { Layer } from '../layers.ts';
import { UNFINISHED } from '../paths.ts';
import type { BlobState, LayerState, SeenLayer, SeenStore } from './plan.ts';

/** What images need, by name, for messages and for what must be there. */
export interface Wanted {
  readonly image: string;
  /** Chain IDs. */
  readonly layers: readonly Digest[];
  /** Configuration and manifests. */
  readonly documents: readonly Digest[];
}

export async function observeStore(store: Store, wanted: readonly Wanted[], signal: AbortSignal): Promise<SeenStore> {
  const usersOf = (pick: (one: Wanted) => readonly Digest[], digest: Digest): string[] =>
    wanted.filter((one) => pick(one).includes(digest)).map(({ image }) => image);
  const layers: SeenLayer[] = [];
  for (const layer of store.layers.all().values()) {
    signal.throwIfAborted();
    layers.push({
      chain: layer.chain,
      ...(layer.parent === undefined ? {} : { parent: layer.parent }),
      files: await filesOf(store, layer, signal),
      archive: layer.filesOnly
        ? undefined
        : { digest: layer.blob.digest, state: await blobState(store, layer.blob.digest, signal) },
      images: usersOf((one) => one.layers, layer.chain),
    });
  }
  const documents = [];
  for (const digest of new Set(wanted.flatMap((one) => one.documents)))
    documents.push({
      digest,
      state: await blobState(store, digest, signal),
      images: usersOf((one) => one.documents, digest),
    });
  return { layers, documents, orphans: orphansOf(store, new Set(documents.map(({ digest }) => digest))) };
}

async function filesOf(store: Store, layer: Layer, signal: AbortSignal): Promise<LayerState> {
  if (!existsSync(store.layers.directory(layer))) return 'missing';
  // a layer of an older store has no seams: its files cannot be held against a digest
  if (!layer.filesOnly && !existsSync(store.paths.tarSplitOf(layer.name))) return 'whole';
  const hash = createHash('sha256');
  try {
    for await (const chunk of store.layers.archive(layer, signal)) hash.update(chunk);
  } catch {
    signal.throwIfAborted();
    return 'damaged';
  }
  return `sha256:${hash.digest('hex')}` === layer.diffId ? 'whole' : 'damaged';
}

async function blobState(store: Store, digest: Digest, signal: AbortSignal): Promise<BlobState> {
  if (!store.blobs.has(digest)) return 'missing';
  const hash = createHash('sha256');
  try {
    for await (const chunk of store.blobs.read(digest)) {
      signal.throwIfAborted();
      hash.update(chunk);
    }
  } catch (error) {
    signal.throwIfAborted();
    return isErrno(error, 'ENOENT') ? 'missing' : 'damaged';
  }
  return `sha256:${hash.digest('hex')}` === digest ? 'whole' : 'damaged';
}

/** Only while nothing is under way: what is just being written has no record yet either. */
function orphansOf(store: Store, documents: ReadonlySet<Digest>): SeenStore['orphans'] {
  if (store.leases.busy) return [];
  const { paths } = store;
  const layers = [...store.layers.all().values()];
  const names = new Set(layers.map(({ name }) => name));
  const blobs = new Set([...layers.map(({ blob }) => blob.digest), ...documents]);
  const orphan = (path: string, what: string) => ({ path: relative(paths.root, path), what });
  return [
    ...readdirSync(paths.layers)
      .filter((name) => !name.startsWith(UNFINISHED) && !names.has(name))
      .map((name) => orphan(paths.layer(name), 'a directory of a layer')),
    ...readdirSync(paths.tarSplit)
      .filter((name) => !names.has(name))
      .map((name) => orphan(paths.tarSplitOf(name), 'a file of seams')),
    ...store.blobs
      .list()
      .filter(({ digest }) => !blobs.has(digest))
      .map(({ digest }) => orphan(paths.blob(digest), 'a blob')),
    ...readdirSync(paths.blobs)
      // one that goes in the background may be gone by now
      .filter(
        (name) =>
          !/^[a-f0-9]{64}$/.test(name) ||
          statSync(`${paths.blobs}/${name}`, { throwIfNoEntry: false })?.isFile() === false,
      )
      .map((name) => orphan(`${paths.blobs}/${name}`, 'a thing among the blobs')),
  ];
}
