// The directory that a step writes into: an overlay's upper directory on its layers, committed as a layer or thrown away.
import { chmodSync, chownSync, mkdirSync, readdirSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { randomId, type Digest } from '../../base/ids.ts';
import { unmount } from '../../host/mount.ts';
import { mountOverlay } from '../../host/overlay.ts';
import { removeTree } from '../../host/remove-tree.ts';
import type { Lease } from '../../store/index.ts';
import type { BuilderContext } from '../services/context.ts';

export class Workspace implements AsyncDisposable {
  /** 64 hex digits, as containers have them: what is left of it is swept like a container's. */
  readonly id = randomId();
  readonly own: string;
  readonly upper: string;
  readonly work: string;
  readonly merged: string;
  readonly lowerDirs: readonly string[];
  readonly #context: BuilderContext;
  readonly #made: string;
  #mounted = false;

  constructor(context: BuilderContext, chain: Digest | undefined) {
    this.#context = context;
    this.lowerDirs = lowerDirsOf(context, chain);
    this.own = join(context.containers, this.id);
    // beside the layers, so that it can become one by a rename; what has such a name is thrown away when the daemon starts
    this.#made = context.store.paths.newLayer();
    this.upper = join(this.#made, 'upper');
    this.work = join(this.#made, 'work');
    this.merged = join(this.own, 'merged');
    mkdirSync(this.own, { recursive: true, mode: 0o710 });
    mkdirSync(this.#made, { mode: 0o700 });
    for (const folder of [this.upper, this.work, this.merged]) mkdirSync(folder, { mode: 0o755 });
    const top = this.lowerDirs[0];
    if (top === undefined) chmodSync(this.upper, 0o755);
    else {
      const { mode, uid, gid } = statSync(top);
      chmodSync(this.upper, mode & 0o7777);
      chownSync(this.upper, uid, gid);
    }
  }

  /** Mounts the tree where the OCI runtime sees it. */
  mount(): string {
    // overlayfs wants a layer below even when there is nothing
    const lowerDirs = this.lowerDirs.length > 0 ? this.lowerDirs : [this.#empty()];
    mountOverlay({ lowerDirs, upper: this.upper, work: this.work, volatile: true }, this.merged);
    this.#mounted = true;
    return this.merged;
  }

  #empty(): string {
    const folder = join(this.own, 'empty');
    mkdirSync(folder, { recursive: true, mode: 0o755 });
    return folder;
  }

  async unmount(): Promise<void> {
    if (!this.#mounted) return;
    await unmount(this.merged);
    this.#mounted = false;
  }

  /** The layer of what was changed; the chain below when nothing was. No file is younger than `epoch`. */
  async commit(
    chain: Digest | undefined,
    lease: Lease,
    signal: AbortSignal,
    epoch?: number,
  ): Promise<{ readonly chain: Digest | undefined; readonly size: number }> {
    await this.unmount();
    if (readdirSync(this.upper).length === 0) return { chain, size: 0 };
    const options = { signal, ...(epoch === undefined ? {} : { latest: epoch }) };
    const layer = await this.#context.store.layers.adopt(chain, this.upper, lease, options);
    return layer ? { chain: layer.chain, size: layer.size } : { chain, size: 0 };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.unmount();
    rmSync(this.own, { recursive: true, force: true });
    await removeTree(this.#made);
  }
}

/** Directories of a chain of layers, topmost first. */
export function lowerDirsOf(context: BuilderContext, chain: Digest | undefined): string[] {
  const { layers } = context.store;
  return chain === undefined ? [] : layers.stack(chain).map((layer) => layers.directory(layer));
}
