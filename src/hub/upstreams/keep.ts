// Keeps what another registry has: a manifest with its tag, and a blob, which is brought once for all repositories.
import type { Remote } from '../../registry/client/index.ts';
import { imageFacts } from '../images/index.ts';
import type { Catalog } from '../metadata/index.ts';
import { type BlobDigest, checkDigest, mediaTypeOf, readManifest } from '../model/index.ts';
import { commitBlob, type Storage } from '../storage/index.ts';

export interface KeepPlace {
  readonly storage: Storage;
  readonly catalog: Catalog;
  readonly blobBytes: number;
}

export interface RemoteManifest {
  readonly content: Buffer;
  readonly digest: string;
  /** Its Content-Type. */
  readonly type: string;
}

/** Byte for byte; the tag last. */
export async function keepManifest(
  { storage, catalog }: KeepPlace,
  name: string,
  { content, digest: text, type }: RemoteManifest,
  tag?: string,
): Promise<void> {
  const digest = checkDigest(text);
  const info = readManifest(content, mediaTypeOf(type));
  storage.leases.renew(digest.text);
  await storage.leases.settled(digest.text);
  await storage.blobs.write(digest, content);
  await storage.repositories.linkManifest(name, digest);
  if (tag === undefined) await storage.settle();
  else await storage.repositories.tag(name, tag, digest);
  catalog.addManifest(name, {
    digest: digest.text,
    size: content.length,
    info,
    tags: tag === undefined ? [] : [tag],
    at: Date.now(),
    image: await imageFacts(storage, info),
  });
}

/** Answers how many bytes came. Nobody else sees them before they are whole and what their digest says. */
export async function keepBlob(
  place: KeepPlace,
  remote: Remote,
  name: string,
  digest: BlobDigest,
  signal: AbortSignal,
): Promise<number> {
  const { storage, catalog, blobBytes } = place;
  const { answer } = await remote.blob(digest.text, 0, signal);
  const { id } = await storage.uploads.start(name, digest.algorithm);
  try {
    await storage.uploads.append(name, id, { source: answer.body, algorithm: digest.algorithm, most: blobBytes });
    const size = await commitBlob(storage, name, id, digest);
    catalog.addBlob(name, digest.text, size, Date.now());
    return size;
  } catch (error) {
    await storage.uploads.cancel(name, id);
    throw error;
  }
}
