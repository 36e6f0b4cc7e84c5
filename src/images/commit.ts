// A new image on top of another one: `docker commit`, and each step of a build.
import { rfc3339 } from '../base/clock.ts';
import type { Digest } from '../base/ids.ts';
import { internal } from '../base/errors.ts';
import { packTar } from '../host/sandbox/index.ts';
import type { ImageConfig } from '../spec/docker/index.ts';
import { hostPlatform, type ImageFile } from '../spec/oci/index.ts';
import type { Lease } from '../store/index.ts';
import type { Image } from './catalog/catalog.ts';
import type { ImageContext } from './catalog/context.ts';
import { checkGiven, type Reference } from './reference/index.ts';
import { applyTag } from './catalog/tag.ts';
import { compactConfig, encodeImageFile, historyEntry } from './catalog/write.ts';

export interface CommitOptions {
  /** The image that the container was made from, which may have been removed since; absent for one from nothing. */
  readonly parent?: Digest;
  /** The container's upper directory of its overlay; absent for an image that differs in its configuration only. */
  readonly upperDir?: string;
  /** Paths below the upper directory that are left out, such as mount points that the engine made. */
  readonly without?: readonly string[];
  readonly config: ImageConfig;
  /** The container itself, as the image remembers it for old clients. */
  readonly container?: { readonly id: string; readonly config: unknown };
  readonly author?: string;
  readonly comment?: string;
  /** What the history line says was run. */
  readonly createdBy?: string;
  readonly reference?: Reference;
  readonly created?: string;
  readonly signal?: AbortSignal;
}

/** Archives of nothing have this digest: such a layer is not worth having, and Docker marks it as empty in the history. */
const EMPTY_TAR: Digest = 'sha256:5f70bf18a086007016e948b04aed3b82103a36bea41755b6cddfaf10ace3c6ef';

export async function commitImage(context: ImageContext, options: CommitOptions): Promise<Image> {
  const { catalog, store } = context;
  if (options.reference) checkGiven(options.reference);
  const base = options.parent === undefined ? undefined : catalog.getKept(options.parent);
  if (options.parent !== undefined && !base) throw internal(`image ${options.parent} is missing`);
  const lease = store.leases.take();
  let image: Image | undefined;
  try {
    const top = base?.chains.at(-1);
    if (top) lease.layers.add(top);
    let diffId = EMPTY_TAR;
    if (options.upperDir !== undefined) {
      const archive = packTar(
        options.upperDir,
        { whiteouts: 'overlay', ...(options.without ? { without: options.without } : {}) },
        options.signal,
      );
      diffId = await layerOf(context, top, archive, lease, options.signal);
    }
    const empty = diffId === EMPTY_TAR;
    image = await catalog.create(
      committedFile(base?.file, empty ? undefined : diffId, options),
      base && catalog.get(base.id)?.id,
      lease,
    );
    if (options.reference) applyTag(context, image, options.reference);
    return image;
  } finally {
    lease[Symbol.dispose]();
    if (!image) catalog.collect(false);
  }
}

/** A container that changed nothing has an archive of two empty blocks, which is no layer. */
async function layerOf(
  context: ImageContext,
  parent: Digest | undefined,
  archive: AsyncGenerator<Buffer, void, void>,
  lease: Lease,
  signal: AbortSignal | undefined,
): Promise<Digest> {
  const head: Buffer[] = [];
  let length = 0;
  for (;;) {
    const next = await archive.next();
    if (next.done) break;
    head.push(next.value);
    length += next.value.length;
    if (length > 1024) break;
  }
  if (length <= 1024) return EMPTY_TAR;
  async function* all(): AsyncGenerator<Buffer, void, void> {
    yield* head;
    yield* archive;
  }
  const layer = await context.store.layers.register(parent, all(), lease, signal ? { signal } : {});
  return layer.diffId;
}

function committedFile(base: ImageFile | undefined, diffId: Digest | undefined, options: CommitOptions): Buffer {
  const created = options.created ?? rfc3339();
  const platform = base ?? hostPlatform();
  const item = historyEntry({
    created,
    ...(options.createdBy ? { createdBy: options.createdBy } : {}),
    ...(options.author ? { author: options.author } : {}),
    ...(options.comment ? { comment: options.comment } : {}),
    empty: diffId === undefined,
  });
  return encodeImageFile({
    architecture: platform.architecture,
    ...(platform.variant ? { variant: platform.variant } : {}),
    os: platform.os,
    ...(base?.['os.version'] ? { 'os.version': base['os.version'] } : {}),
    created,
    ...(options.author ? { author: options.author } : {}),
    ...(options.container ? { container: options.container.id, container_config: options.container.config } : {}),
    config: compactConfig(options.config),
    rootfs: { type: 'layers', diff_ids: [...(base?.rootfs.diff_ids ?? []), ...(diffId === undefined ? [] : [diffId])] },
    history: [...(base?.history ?? []), item],
  });
}
