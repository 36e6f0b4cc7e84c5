// Reads what the storage holds into the catalog: of a directory that docker-registry left, or after a repair.
import { messageOf } from '../../base/errors.ts';
import type { Log } from '../../base/log.ts';
import type { Catalog, PushedManifest } from '../metadata/index.ts';
import { imageFacts } from '../images/index.ts';
import { readManifest } from '../model/index.ts';
import type { Storage } from '../storage/index.ts';

/** The catalog is made of the storage as it is now; answers how many repositories there are. */
export async function scanStorage(storage: Storage, catalog: Catalog, log: Log, signal: AbortSignal): Promise<number> {
  let count = 0;
  for await (const name of storage.repositories.names()) {
    if (signal.aborted) return count;
    try {
      await scanRepository(storage, catalog, name);
      count += 1;
    } catch (error) {
      log.warn(`repository ${name} is not in the catalog: ${messageOf(error)}`);
    }
  }
  return count;
}

async function scanRepository({ repositories, blobs }: Storage, catalog: Catalog, name: string): Promise<void> {
  const tagsOf = new Map<string, string[]>();
  for (const tag of await repositories.tags(name)) {
    const digest = (await repositories.tagged(name, tag))?.text ?? '';
    tagsOf.set(digest, [...(tagsOf.get(digest) ?? []), tag]);
  }
  for (const digest of await repositories.blobs(name)) {
    const facts = await blobs.facts(digest);
    if (facts) catalog.addBlob(name, digest.text, facts.size, facts.changedAt);
  }
  const found: PushedManifest[] = [];
  for (const digest of await repositories.manifests(name)) {
    const facts = await blobs.facts(digest);
    const content = await blobs.read(digest);
    if (!facts || !content) continue;
    try {
      const info = readManifest(content, '');
      const tags = tagsOf.get(digest.text) ?? [];
      const at = Math.round(facts.changedAt);
      const image = await imageFacts({ blobs }, info);
      found.push({ digest: digest.text, size: content.length, info, tags, at, image });
    } catch {
      // schema 1, or what another program took: it is served to nobody
    }
  }
  // an index counts what its images take
  const order = found.toSorted((a, b) => Number(a.info.isIndex) - Number(b.info.isIndex));
  for (const manifest of order) catalog.addManifest(name, manifest);
}
