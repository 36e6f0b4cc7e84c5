// First images without a registry: made of the host's own, signed Debian packages.
import { invalid } from '../../base/errors.ts';
import { hostPlatform } from '../../spec/oci/index.ts';
import type { Image } from '../catalog/catalog.ts';
import type { ImageContext } from '../catalog/context.ts';
import { importLayer } from '../catalog/import.ts';
import { parseReference, withDefaultTag } from '../reference/index.ts';
import { busyboxRootfs } from './busybox.ts';
import { debianRootfs } from './debian.ts';
import type { Rootfs } from './rootfs.ts';

export { mmdebstrap, readSuite } from './mmdebstrap.ts';

/**
 * Makes an image: `busybox[:TAG]`, `debian[:SUITE]`. The same packages give the same image id. Throws invalid for a name
 * that cannot be made, unavailable when a tool or the packages cannot be had.
 */
export async function bootstrapImage(
  context: ImageContext,
  name: string,
  onProgress: (line: string) => Promise<void> | void,
  signal?: AbortSignal,
): Promise<Image> {
  const reference = withDefaultTag(parseReference(name));
  if (
    reference.domain !== 'docker.io' ||
    !/^library\/(?:busybox|debian)$/.test(reference.path) ||
    reference.tag === undefined
  ) {
    throw invalid(`"${name}" cannot be made from this host's packages`, {
      hint: 'Known are busybox[:TAG] and debian[:SUITE].',
    });
  }
  const rootfs: Rootfs =
    reference.path === 'library/busybox'
      ? await busyboxRootfs(context.store.paths, onProgress, signal)
      : await debianRootfs(context.store.paths, reference.tag, onProgress, signal);
  await using _ = rootfs;
  await onProgress('Unpacking the layer');
  return importLayer(context, rootfs.archive(), rootfs.config, {
    reference,
    platform: hostPlatform(),
    created: rootfs.created,
    createdBy: rootfs.createdBy,
    message: rootfs.comment,
    ...(signal ? { signal } : {}),
  });
}
