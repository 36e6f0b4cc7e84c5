// A repository as a place where a build cache is kept for others.
import { notFound } from '../base/errors.ts';
import type { CacheBlob, CacheRemote } from '../builder/model/ports.ts';
import { type Credentials, RefusedError, type Remote, retrying } from '../registry/client/index.ts';
import type { ImageContext } from './catalog/context.ts';
import { uploadBlob } from './push/upload.ts';
import { familiarString, fullName, parseReference, withDefaultTag } from './reference/index.ts';

/** Throws invalid for what is no name, and what the registry says when it cannot be spoken to. */
export async function registryCache(
  { registries, sources }: ImageContext,
  text: string,
  credentialsOf: (domain: string) => Promise<Credentials>,
  signal: AbortSignal,
): Promise<CacheRemote> {
  const name = withDefaultTag(parseReference(text));
  const credentials = await credentialsOf(name.domain);
  // mirrors are for images: a cache is read where it was written
  const remote: Remote = await registries.writer(name.domain, name.path, credentials, signal);
  const { settings } = registries;
  const reference = name.digest ?? name.tag ?? 'latest';
  return {
    async manifest(digest, until) {
      try {
        return (await retrying(() => remote.manifestBytes(digest ?? reference, until), settings, until)).content;
      } catch (error) {
        if (error instanceof RefusedError && error.status === 404) throw notFound(`${familiarString(name)}: not found`);
        throw error;
      }
    },
    async *blob(digest, until) {
      const { answer } = await retrying(() => remote.blob(digest, 0, until), settings, until);
      try {
        for await (const chunk of answer.body) yield chunk as Buffer;
      } finally {
        answer.body.destroy();
      }
    },
    async has(digest, until) {
      return (await retrying(() => remote.blobSize(digest, until), settings, until)) !== undefined;
    },
    async put(blob: CacheBlob, until) {
      const { digest, size, from } = blob;
      if ('path' in from) {
        const known = sources.of(digest, name.domain);
        const request = { digest, size, path: from.path, remote, sources: known, settings, signal: until };
        await uploadBlob({ ...request, onProgress: () => undefined });
        sources.add(digest, fullName(name));
        return;
      }
      const { bytes } = from;
      await retrying(
        async () => {
          const upload = await remote.startUpload(until);
          const stream = (async function* () {
            yield bytes;
          })();
          await remote.finishUpload(upload, digest, { stream, length: bytes.length }, until);
        },
        settings,
        until,
      );
    },
    async publish(manifest, mediaType, until) {
      await retrying(() => remote.putManifest(reference, mediaType, manifest, until), settings, until);
    },
  };
}
