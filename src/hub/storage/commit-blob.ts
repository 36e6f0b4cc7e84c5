// Makes a blob of an upload: checked, in its place, linked into the repository, the upload gone.
import type { BlobDigest } from '../model/index.ts';
import type { Storage } from './storage.ts';
import { blobPath } from './paths.ts';

/** Answers its size. Throws DIGEST_INVALID; the upload is still there then. */
export async function commitBlob(storage: Storage, name: string, id: string, digest: BlobDigest): Promise<number> {
  const { blobs, leases, repositories, uploads } = storage;
  leases.renew(digest.text);
  await leases.settled(digest.text);
  const isThere = async (): Promise<boolean> => (await blobs.facts(digest)) !== undefined;
  const size = await uploads.finish(name, id, digest, blobPath(digest), isThere);
  await repositories.linkBlob(name, digest);
  await uploads.cancel(name, id);
  return size;
}
