// What the store has on disk. A layer never changes, so that its files are counted once.
import type { Digest } from '../base/ids.ts';
import { diskUsage, diskUsageOf } from '../host/sandbox/disk-usage.ts';
import type { Layers } from './layers.ts';
import type { StorePaths } from './paths.ts';

/** Bytes, as du counts them. */
export interface StoreUsage {
  /** Layers, all other blobs, and downloads that are kept for another time. */
  readonly total: number;
  /** Files of a layer, its archive, and what gives the archive back; 0 for one that was not there. */
  readonly layer: (chain: Digest) => number;
}

export class StoreMeter {
  readonly #paths: StorePaths;
  readonly #layers: Layers;
  /** Bytes of a layer's files, by the path of its directory. */
  #known: ReadonlyMap<string, number> = new Map();

  constructor(paths: StorePaths, layers: Layers) {
    this.#paths = paths;
    this.#layers = layers;
  }

  async measure(): Promise<StoreUsage> {
    const layers = [...this.#layers.all().values()];
    const directories = layers.map((layer) => this.#layers.directory(layer));
    const { blobs, partial, tarSplit } = this.#paths;
    const folders = [blobs, partial, tarSplit];
    const measured = await diskUsage([...folders, ...directories.filter((path) => !this.#known.has(path))]);
    const filesOf = (path: string): number => this.#known.get(path) ?? measured.get(path) ?? 0;
    const files = directories.map(filesOf);
    // what is not written yet may take more or less when it is
    this.#known = new Map(
      directories.flatMap((path, at) => (layers[at]?.boot === undefined ? [[path, files[at] ?? 0]] : [])),
    );
    const beside = folders.reduce((sum, path) => sum + (measured.get(path) ?? 0) - diskUsageOf(path), 0);
    const sizes = new Map(
      layers.map(({ chain, name, blob, filesOnly }, at) => [
        chain,
        (files[at] ?? 0) +
          diskUsageOf(this.#paths.tarSplitOf(name)) +
          (filesOnly ? 0 : diskUsageOf(this.#paths.blob(blob.digest))),
      ]),
    );
    return {
      total: files.reduce((sum, bytes) => sum + bytes, beside),
      layer: (chain) => sizes.get(chain) ?? 0,
    };
  }
}
