// Holds the storage against itself: tags, links and manifests whose bytes are missing or wrong; and puts right what can be.
import { INDEX_TYPES, parseDigest, readManifest } from '../model/index.ts';
import type { Storage } from '../storage/index.ts';

export interface HubFinding {
  readonly repository: string;
  readonly what: string;
  /** Undefined: only a push can. */
  readonly repair: (() => Promise<unknown>) | undefined;
}

/** `isDeep`: all bytes are read and hashed again. */
export async function* checkHub(storage: Storage, isDeep: boolean): AsyncGenerator<HubFinding> {
  const { blobs, repositories } = storage;
  if (isDeep)
    for await (const digest of blobs.list())
      if ((await blobs.facts(digest)) && !(await blobs.isSound(digest)))
        yield {
          repository: '',
          what: `blob ${digest.text} is not what its name says`,
          repair: () => blobs.remove(digest),
        };
  for await (const repository of repositories.names({ all: true })) yield* checkRepository(storage, repository);
}

async function* checkRepository({ blobs, repositories }: Storage, repository: string): AsyncGenerator<HubFinding> {
  const finding = (what: string, repair?: () => Promise<unknown>): HubFinding => ({ repository, what, repair });
  for (const digest of await repositories.blobs(repository))
    if (!(await blobs.facts(digest)))
      yield finding(`a link to blob ${digest.text}, which is not there`, () =>
        repositories.unlinkBlob(repository, digest),
      );
  for (const digest of await repositories.manifests(repository)) {
    const content = await blobs.read(digest);
    if (!content) {
      yield finding(`manifest ${digest.text} is missing or damaged`, () =>
        repositories.unlinkManifest(repository, digest),
      );
      continue;
    }
    for (const missing of await missingOf({ blobs, repositories }, repository, content))
      yield finding(`manifest ${digest.text} names ${missing}, which is not there: push the image again`);
  }
  for (const tag of await repositories.tags(repository)) {
    const digest = await repositories.tagged(repository, tag);
    if (!digest || !(await repositories.hasManifest(repository, digest)))
      yield finding(`tag ${tag} names a manifest that is not there`, () => repositories.untag(repository, tag));
  }
}

async function missingOf(
  { blobs, repositories }: Pick<Storage, 'blobs' | 'repositories'>,
  repository: string,
  content: Buffer,
): Promise<readonly string[]> {
  const missing: string[] = [];
  let info: ReturnType<typeof readManifest>;
  try {
    info = readManifest(content, '');
  } catch {
    return [];
  }
  for (const { digest: text, needed } of [...(info.config ? [info.config] : []), ...info.children]) {
    const digest = parseDigest(text);
    if (!digest || !needed) continue;
    const isLinked = INDEX_TYPES.has(info.mediaType)
      ? await repositories.hasManifest(repository, digest)
      : await repositories.hasBlob(repository, digest);
    if (!isLinked || !(await blobs.facts(digest))) missing.push(text);
  }
  return missing;
}
