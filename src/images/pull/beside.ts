// What comes with an image of an index: the index itself, and the statements that it names about the image.
import { messageOf } from '../../base/errors.ts';
import type { Digest } from '../../base/ids.ts';
import type { Fetched, Remote } from '../../registry/client/index.ts';
import type { Descriptor } from '../../spec/oci/index.ts';
import type { Lease } from '../../store/index.ts';
import type { ImageContext } from '../catalog/context.ts';
import { attestationsOf, type Member } from '../catalog/indexes.ts';
import type { Resolved } from './resolve.ts';

/** A statement above this stays where it is. */
const MAX_STATEMENT_BYTES = 16 * 1024 * 1024;
const MAX_STATEMENTS = 16;
const MAX_MANIFESTS = 4;

/**
 * Puts indexes and statements into the store; answers them as members of the index. The image is whole without statements: what
 * cannot be had is not there, and is told in the log.
 */
export async function bringIndex(
  context: ImageContext,
  { indexes, manifest, remotes }: Resolved,
  lease: Lease,
  signal: AbortSignal,
): Promise<Map<Digest, Member>> {
  const found = new Map<Digest, Member>();
  for (const [depth, { digest, content }] of indexes.entries()) {
    lease.blobs.add(digest);
    await context.store.blobs.put(content);
    if (depth > 0) found.set(digest, { kind: 'index' });
  }
  const wanted = attestationsOf(
    indexes.flatMap(({ document }) => document.manifests),
    manifest.digest,
  );
  for (const descriptor of wanted.slice(0, MAX_MANIFESTS)) {
    for (const remote of remotes) {
      try {
        found.set(descriptor.digest as Digest, await bringOne(context, remote, descriptor, lease, signal));
        break;
      } catch (error) {
        if (signal.aborted) return found;
        context.log.warn(`attestation ${descriptor.digest} of ${manifest.digest}: ${messageOf(error)}`);
      }
    }
  }
  return found;
}

async function bringOne(
  context: ImageContext,
  remote: Remote,
  { digest }: Descriptor,
  lease: Lease,
  signal: AbortSignal,
): Promise<Member> {
  const { blobs } = context.store;
  const put = async (content: Uint8Array, own: Digest): Promise<Digest> => {
    lease.blobs.add(own);
    await blobs.put(content);
    return own;
  };
  const { document, content }: Fetched = await remote.manifest(digest, signal);
  if (document.kind !== 'manifest') throw new Error('it is no manifest');
  const named = [document.config, ...document.layers];
  if (named.length > MAX_STATEMENTS + 1) throw new Error(`it names more than ${MAX_STATEMENTS} statements`);
  if (named.some(({ size }) => size > MAX_STATEMENT_BYTES)) throw new Error('a statement is too large');
  const there: Digest[] = [];
  for (const one of new Set(named.map((descriptor) => descriptor.digest as Digest))) {
    lease.blobs.add(one);
    if (!blobs.has(one)) await put(await remote.blobWhole(one, MAX_STATEMENT_BYTES, 'statement', signal), one);
    there.push(one);
  }
  await put(content, digest as Digest);
  return { kind: 'statements', blobs: there };
}
