// The image store: blobs, unpacked layers and the records that name them, below one directory.
import { mkdirSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { messageOf } from '../base/errors.ts';
import type { Digest } from '../base/ids.ts';
import type { Log } from '../base/log.ts';
import { Blobs } from './blobs.ts';
import { type Decision, planCollection, type Root } from './gc.ts';
import { type Layer, Layers } from './layers.ts';
import { Leases } from './lease.ts';
import { type StorePaths, storePaths } from './paths.ts';
import type { ArchiveForm } from './pack.ts';
import { openRecords, type Records } from './records/index.ts';
import { StoreMeter, type StoreUsage } from './usage.ts';

export type { Blob, Blobs, Ingest } from './blobs.ts';
export { collectionText, type Decision, type Root } from './gc.ts';
export { chainsOf } from './chain.ts';
export { type Compression, decompress, detectCompression, peekCompression } from './compression.ts';
export type { PartialBlob } from './partial.ts';
export type { Layer, Layers } from './layers.ts';
export type { ArchiveForm } from './pack.ts';
export type { Lease } from './lease.ts';
export type { StorePaths } from './paths.ts';
export type { Records, RecordTable } from './records/index.ts';

export interface Store extends Disposable {
  readonly paths: StorePaths;
  readonly blobs: Blobs;
  readonly layers: Layers;
  readonly leases: Leases;
  readonly records: Records;
  /** What would be kept and what would go, with the reasons. `roots` and `blobRoots` are what images need. */
  plan(roots: Iterable<Root>, blobRoots: Iterable<Root>): Decision[];
  /** Removes layers and blobs that nothing needs; answers the layers, upper ones first. */
  collect(roots: Iterable<Root>, blobRoots: Iterable<Root>): Layer[];
  /** A walk through the files of layers that were not counted yet. */
  usage(): Promise<StoreUsage>;
}

/** Opens or makes the store below `root`; what was half done when the daemon last ended is gone afterwards. */
export async function openStore(
  root: string,
  log: Log,
  given?: Records,
  archiveForm: ArchiveForm = 'gzip',
): Promise<Store> {
  const paths = storePaths(root);
  for (const directory of [root, paths.blobs, paths.layers, paths.tarSplit, paths.temporary, paths.partial])
    mkdirSync(directory, { recursive: true, mode: 0o700 });
  for (const name of readdirSync(paths.temporary))
    rmSync(join(paths.temporary, name), { recursive: true, force: true });
  const records = given ?? openRecords(paths.database, log);
  const blobs = new Blobs(paths);
  const layers = new Layers(paths, blobs, records.table<Layer>('layer'), log, archiveForm);
  const meter = new StoreMeter(paths, layers);
  const leases = new Leases();
  await layers.recover();
  blobs.sweepPartials();
  /** None while work goes on, and none when they cannot be listed: the next collection finds them. */
  const listed = (): Digest[] => {
    if (leases.busy) return [];
    try {
      return blobs.list().map(({ digest }) => digest);
    } catch (error) {
      log.warn(`blobs are not collected now: ${messageOf(error)}`);
      return [];
    }
  };
  const plan = (roots: Iterable<Root>, blobRoots: Iterable<Root>): Decision[] => {
    const held = (digests: readonly Digest[]): Root[] => digests.map((digest) => ({ digest, by: 'work in progress' }));
    return planCollection({
      roots: [...roots, ...held(leases.layers())],
      blobRoots: [...blobRoots, ...held(leases.blobs())],
      layers: layers.all(),
      blobs: listed(),
    });
  };
  return {
    paths,
    blobs,
    layers,
    leases,
    records,
    plan,
    collect(roots, blobRoots) {
      const gone: Layer[] = [];
      for (const { kind, digest, keep } of plan(roots, blobRoots)) {
        if (keep) continue;
        if (kind === 'blob') void blobs.remove(digest).catch((error: unknown) => log.warn(String(error)));
        else {
          const layer = layers.get(digest);
          if (layer) gone.push(layer);
          layers.remove(digest);
        }
      }
      return gone;
    },
    usage: () => meter.measure(),
    [Symbol.dispose]() {
      layers.close();
      if (!given) records[Symbol.dispose]();
    },
  };
}
