// A manifest list made elsewhere to a registry, with the images that it names taken over from their repositories.
import { invalid } from '../../base/errors.ts';
import { type Digest, sha256 } from '../../base/ids.ts';
import {
  type Credentials,
  parseDocument,
  type Registries,
  type Remote,
  retrying,
} from '../../registry/client/index.ts';
import { familiarString, type Reference, withDefaultTag } from '../reference/index.ts';

export interface Publication {
  readonly content: Buffer;
  readonly mediaType: string;
  /** Where each manifest of the list is, by digest. */
  readonly sources: readonly Reference[];
}

/** Gives the digest of what was pushed. Throws invalid when an image is in another registry, which no mount can reach. */
export async function publish(
  registries: Registries,
  name: Reference,
  { content, mediaType, sources }: Publication,
  credentials: Credentials,
  signal: AbortSignal,
): Promise<Digest> {
  parseDocument(content, mediaType);
  for (const source of sources)
    if (source.domain !== name.domain)
      throw invalid(
        `cannot use source images from a different registry than the target image: ${source.domain} != ${name.domain}`,
      );
  const target = await registries.writer(name.domain, name.path, credentials, signal);
  for (const source of sources) await takeOver(registries, target, source, credentials, signal);
  const { tag = 'latest' } = withDefaultTag(name);
  await retrying(() => target.putManifest(tag, mediaType, content, signal), registries.settings, signal);
  return sha256(content);
}

async function takeOver(
  registries: Registries,
  target: Remote,
  source: Reference,
  credentials: Credentials,
  signal: AbortSignal,
): Promise<void> {
  if (source.path === target.path) return;
  const { digest } = source;
  if (digest === undefined) throw invalid(`${familiarString(source)} has no digest`);
  const from = await registries.writer(source.domain, source.path, credentials, signal);
  const { document, content } = await from.manifest(digest, signal);
  if (document.kind !== 'manifest') throw invalid(`${familiarString(source)} is a manifest list`);
  for (const blob of new Set([document.config.digest, ...document.layers.map((layer) => layer.digest)])) {
    if ((await target.blobSize(blob, signal)) !== undefined) continue;
    const left = await target.mount(blob, source.path, signal);
    if (left) throw invalid(`couldn't mount blob ${blob} from ${source.path}`);
  }
  await retrying(() => target.putManifest(digest, document.mediaType, content, signal), registries.settings, signal);
}
