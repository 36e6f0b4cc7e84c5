// One index of an archive into the store: its images, what is said of them, and then the index itself.
import { type Digest, sha256 } from '../../base/ids.ts';
import type { Lease } from '../../store/index.ts';
import type { Image } from '../catalog/catalog.ts';
import type { ImageContext } from '../catalog/context.ts';
import type { Member } from '../catalog/indexes.ts';
import type { Archive } from './archive.ts';
import type { IndexToLoad } from './oci.ts';
import { type LoadOptions, loadOne } from './one.ts';

/** Answers the image that stands for it; it has no name yet. */
export async function loadIndex(
  context: ImageContext,
  archive: Archive,
  index: IndexToLoad,
  options: LoadOptions,
  lease: Lease,
): Promise<Image> {
  const members = new Map<Digest, Member>();
  const put = async (content: Buffer): Promise<Digest> => {
    const digest = sha256(content);
    lease.blobs.add(digest);
    await context.store.blobs.put(content);
    return digest;
  };
  for (const { digest, item } of index.images) {
    options.signal?.throwIfAborted();
    const image = await loadOne(context, archive, item, options, lease);
    if (item.manifest) {
      await put(item.manifest.content);
      context.catalog.setManifest(image.id, { digest, mediaType: item.manifest.mediaType });
    }
    members.set(digest, { kind: 'image', image: image.id });
  }
  for (const { content, blobs } of index.statements) {
    const there: Digest[] = [];
    for (const blob of blobs) there.push(await put(blob));
    members.set(await put(content), { kind: 'statements', blobs: there });
  }
  for (const content of index.inner) members.set(await put(content), { kind: 'index' });
  return context.catalog.createIndex(index.content, index.mediaType, members, [], lease);
}
