// Removes what nothing needs, while pushes go on: blobs that no manifest names, links to them, uploads that nobody went on with.
import { messageOf } from '../../base/errors.ts';
import type { Log } from '../../base/log.ts';
import type { Catalog } from '../metadata/index.ts';
import { type BlobDigest, parseDigest, readManifest } from '../model/index.ts';
import type { Storage } from '../storage/index.ts';

/** An upload that nobody went on with for so long is given up. */
const UPLOAD_MS = 7 * 24 * 3_600_000;

export interface Collection {
  readonly blobs: number;
  readonly bytes: number;
  readonly links: number;
  readonly uploads: number;
}

export interface CollectOptions {
  readonly storage: Storage;
  readonly catalog: Catalog;
  readonly log: Log;
  readonly now: number;
  /** Nothing is removed, only counted. */
  readonly isTrial: boolean;
}

/** What is younger than the grace time of the leases stays: its manifest may be on its way. */
export async function collect(options: CollectOptions): Promise<Collection> {
  const { storage, catalog, now, isTrial } = options;
  const { blobs, leases, repositories, uploads } = storage;
  const young = now - leases.graceMs;
  const needed = new Set<string>();
  let links = 0;
  let broken = 0;
  for await (const name of repositories.names({ all: true })) {
    const own = await neededBy(storage, name, options.log);
    for (const digest of own) needed.add(digest);
    for (const digest of await repositories.blobs(name)) {
      if (own.has(digest.text) || leases.isHeld(digest.text)) continue;
      if (((await repositories.blobLinkedAt(name, digest)) ?? now) > young) {
        // its manifest may come: the bytes stay as long as the link
        needed.add(digest.text);
        continue;
      }
      links += 1;
      if (isTrial) continue;
      await repositories.unlinkBlob(name, digest);
      catalog.removeBlob(name, digest.text);
    }
    if (!isTrial) broken += await uploads.sweep(name, now - UPLOAD_MS);
  }
  let count = 0;
  let bytes = 0;
  for await (const digest of blobs.list()) {
    if (needed.has(digest.text) || leases.isHeld(digest.text)) continue;
    const facts = await blobs.facts(digest);
    if (facts && facts.changedAt > young) continue;
    if (isTrial || (await leases.removeUnheld(digest.text, () => blobs.remove(digest)))) {
      count += 1;
      bytes += facts?.size ?? 0;
    }
  }
  leases.sweep();
  return { blobs: count, bytes, links, uploads: broken };
}

/** The manifests of a repository, and what they name. Throws when one cannot be read: better nothing goes than too much. */
async function neededBy({ blobs, repositories }: Storage, name: string, log: Log): Promise<ReadonlySet<string>> {
  const needed = new Set<string>();
  for (const digest of await repositories.manifests(name)) {
    needed.add(digest.text);
    const content = await blobs.read(digest);
    if (!content) {
      log.warn(`manifest ${digest.text} of ${name} is missing or damaged: what it named may be collected`);
      continue;
    }
    for (const one of references(content)) needed.add(one.text);
  }
  return needed;
}

function references(content: Buffer): readonly BlobDigest[] {
  try {
    const { config, children } = readManifest(content, '');
    return [...(config ? [config] : []), ...children].flatMap(({ digest }) => parseDigest(digest) ?? []);
  } catch {
    // of a kind that is not served here: whatever looks like a digest is kept
    const found = content.toString('utf8').match(/sha256:[a-f0-9]{64}|sha512:[a-f0-9]{128}/g) ?? [];
    return found.flatMap((text) => parseDigest(text) ?? []);
  }
}

/** Runs it again and again until `signal`; a failure is told and does not end it. */
export function collectRegularly(
  options: Omit<CollectOptions, 'now' | 'isTrial'> & { readonly before: () => Promise<unknown> },
  everyMs: number,
  signal: AbortSignal,
): void {
  const timer = setInterval(() => {
    // clients of the process before this one may still rely on what it told them
    if (!options.storage.leases.isSettled) return;
    const collected = options.before().then(() => collect({ ...options, now: Date.now(), isTrial: false }));
    collected.then(
      (done) => {
        if (done.blobs + done.links + done.uploads > 0) options.log.info(done, 'what nothing needs was removed');
      },
      (error: unknown) => options.log.error(`nothing more is collected now: ${messageOf(error)}`),
    );
  }, everyMs);
  timer.unref();
  signal.addEventListener('abort', () => clearInterval(timer), { once: true });
}
