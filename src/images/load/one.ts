// One image of an archive into the store: its layers, then its configuration.
import { invalid, messageOf } from '../../base/errors.ts';
import type { Digest } from '../../base/ids.ts';
import type { Platform } from '../../spec/oci/index.ts';
import { chainOf, type Lease } from '../../store/index.ts';
import { type Image, parseImageFile } from '../catalog.ts';
import type { ImageContext } from '../context.ts';
import { type Say, withProgress } from '../progress.ts';
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
  let parent: Digest | undefined;
  for (const [at, diffId] of diffIds.entries()) {
    const chain = chainOf(parent, diffId);
    lease.layers.add(chain);
    if (!context.store.layers.get(chain)) {
      const name = item.layers[at] ?? '';
      const { size } = archive.member(name);
      const source = archive.read(name);
      const told = options.quiet
        ? source
        : withProgress(source, options.say, { status: 'Loading layer', id: diffId.slice(7, 19), total: size });
      try {
        await context.store.layers.register(parent, told, lease, {
          diffId,
          ...(options.signal ? { signal: options.signal } : {}),
        });
      } catch (error) {
        const got = /got (sha256:[a-f0-9]{64})$/.exec(messageOf(error))?.[1];
        if (got !== undefined) throw invalid(`invalid diffID for layer ${at}: expected "${diffId}", got "${got}"`);
        throw error;
      }
    }
    parent = chain;
  }
  return context.catalog.create(content, undefined, lease);
}
