// An image of one layer out of a tar archive: `docker import`.
import { rfc3339 } from '../../base/clock.ts';
import { invalid } from '../../base/errors.ts';
import type { Digest } from '../../base/ids.ts';
import type { ImageConfig } from '../../spec/docker/index.ts';
import { hostPlatform, type Platform } from '../../spec/oci/index.ts';
import { applyChanges } from '../changes/index.ts';
import type { Image } from './catalog.ts';
import { emit, type ImageContext } from './context.ts';
import { checkGiven, type Reference } from '../reference/index.ts';
import { applyTag } from './tag.ts';
import { compactConfig, encodeImageFile, historyEntry } from './write.ts';

export interface ImportOptions {
  readonly reference?: Reference;
  readonly message?: string;
  /** Dockerfile instructions. */
  readonly changes?: readonly string[];
  readonly platform?: Platform;
  /** For reproducible images: RFC 3339. Now when absent. */
  readonly created?: string;
  readonly createdBy?: string;
  readonly signal?: AbortSignal;
}

export async function importImage(
  context: ImageContext,
  archive: AsyncIterable<Uint8Array>,
  options: ImportOptions,
): Promise<Image> {
  const platform = options.platform ?? hostPlatform();
  if (platform.os !== 'linux') throw invalid('operating system is not supported');
  const config = applyChanges({}, options.changes ?? []);
  return importLayer(context, archive, config, { ...options, platform });
}

/** The same with a ready configuration. */
export async function importLayer(
  context: ImageContext,
  archive: AsyncIterable<Uint8Array>,
  config: ImageConfig,
  options: ImportOptions & { readonly platform: Platform },
): Promise<Image> {
  if (options.reference) checkGiven(options.reference);
  const lease = context.store.leases.take();
  let image: Image | undefined;
  try {
    const layer = await context.store.layers.register(
      undefined,
      archive,
      lease,
      options.signal ? { signal: options.signal } : {},
    );
    image = await context.catalog.create(importedFile(layer.diffId, config, options), undefined, lease);
    if (options.reference) applyTag(context, image, options.reference);
    emit(context, 'import', image, image.id);
    return image;
  } finally {
    lease[Symbol.dispose]();
    if (!image) context.catalog.collect(false);
  }
}

function importedFile(
  diffId: Digest,
  config: ImageConfig,
  options: ImportOptions & { readonly platform: Platform },
): Buffer {
  const created = options.created ?? rfc3339();
  const { message: comment } = options;
  return encodeImageFile({
    architecture: options.platform.architecture,
    ...(options.platform.variant ? { variant: options.platform.variant } : {}),
    os: options.platform.os,
    created,
    ...(comment ? { comment } : {}),
    config: compactConfig(config),
    rootfs: { type: 'layers', diff_ids: [diffId] },
    history: [
      historyEntry({
        created,
        ...(comment ? { comment } : {}),
        ...(options.createdBy ? { createdBy: options.createdBy } : {}),
      }),
    ],
  });
}
