// Brings repositories of another registry here: tag by tag, with all that hangs on each, and nothing twice. What broke off is gone on
// with by asking again: tags that are here already as they are there are passed over, and so are blobs.
import { BerthError, messageOf } from '../../base/errors.ts';
import { type Credentials, RefusedError, type Registries, type Remote } from '../../registry/client/index.ts';
import {
  checkDigest,
  isRepositoryName,
  type ManifestInfo,
  matchesPattern,
  mediaTypeOf,
  parseDigest,
  readManifest,
  RegistryError,
} from '../model/index.ts';
import { keepBlob, keepManifest, type KeepPlace } from './keep.ts';

export interface Origin {
  readonly domain: string;
  /** Before the names of the repositories there, which are without it here; '' for nothing. */
  readonly path: string;
  /** Of names as they are here. */
  readonly pattern: string;
  readonly credentials: Credentials;
}

export interface BringPlace extends KeepPlace {
  readonly registries: Registries;
  /** Throws for a tag that must stay what it is here. */
  readonly checkTag: (name: string, tag: string, was: string | undefined, digest: string) => void;
  /** Told of each tag: that it came, or why it did not. */
  readonly say: (name: string, tag: string, failure: string | undefined) => void;
}

export interface Brought {
  repositories: number;
  tags: number;
  /** Tags that were here as they are there. */
  same: number;
  failed: number;
  blobs: number;
  bytes: number;
}

/** An index within an index, what is attached to what is attached: deeper ones are refused. */
const MAX_DEPTH = 4;
/** Blobs of a manifest that come at a time. */
const BLOBS_AT_ONCE = 4;

export async function bring(place: BringPlace, origin: Origin, signal: AbortSignal): Promise<Brought> {
  const done: Brought = { repositories: 0, tags: 0, same: 0, failed: 0, blobs: 0, bytes: 0 };
  for await (const path of repositoriesOf(place.registries, origin, signal)) {
    const name = origin.path === '' ? path : path.slice(origin.path.length + 1);
    if (!isRepositoryName(name) || !matchesPattern(origin.pattern, name)) continue;
    const remote = await place.registries.writer(origin.domain, path, origin.credentials, signal);
    await new Repository(place, remote, name, done, signal).bring();
    done.repositories += 1;
  }
  return done;
}

/** A pattern that is one name needs no catalog, which many registries keep to themselves. */
async function* repositoriesOf(
  registries: Registries,
  { domain, path, pattern, credentials }: Origin,
  signal: AbortSignal,
): AsyncGenerator<string> {
  if (!pattern.includes('*')) yield path === '' ? pattern : `${path}/${pattern}`;
  else
    for await (const name of registries.repositories(domain, credentials, signal))
      if (path === '' || name.startsWith(`${path}/`)) yield name;
}

class Repository {
  readonly #place: BringPlace;
  readonly #remote: Remote;
  readonly #name: string;
  readonly #done: Brought;
  readonly #signal: AbortSignal;

  constructor(place: BringPlace, remote: Remote, name: string, done: Brought, signal: AbortSignal) {
    this.#place = place;
    this.#remote = remote;
    this.#name = name;
    this.#done = done;
    this.#signal = signal;
  }

  /** A tag that cannot be brought does not keep the others away; a registry that is gone does. */
  async bring(): Promise<void> {
    for (const tag of await this.#tags()) {
      this.#signal.throwIfAborted();
      try {
        const isNew = await this.#bringTag(tag);
        this.#done[isNew ? 'tags' : 'same'] += 1;
        if (isNew) this.#place.say(this.#name, tag, undefined);
      } catch (error) {
        if (!isOfOneImage(error)) throw error;
        this.#done.failed += 1;
        this.#place.say(this.#name, tag, messageOf(error));
      }
    }
  }

  /** docker-registry lists repositories whose tags are all gone, and has no tags of them. */
  async #tags(): Promise<readonly string[]> {
    try {
      return await this.#remote.tags(this.#signal);
    } catch (error) {
      if (error instanceof RefusedError && error.status === 404) return [];
      throw error;
    }
  }

  async #bringTag(tag: string): Promise<boolean> {
    const { repositories } = this.#place.storage;
    const here = await repositories.tagged(this.#name, tag);
    const there = await this.#remote.manifestDigest(tag, this.#signal);
    if (here && here.text === there && (await repositories.hasManifest(this.#name, here))) {
      await this.#bringReferrers(here.text, 0);
      return false;
    }
    await this.#bringManifest(tag, 0);
    return true;
  }

  async #bringManifest(reference: string, depth: number): Promise<void> {
    if (depth > MAX_DEPTH)
      throw new RegistryError('MANIFEST_INVALID', { message: `${reference} is too deep within others` });
    const known = parseDigest(reference);
    const { repositories } = this.#place.storage;
    if (known && (await repositories.hasManifest(this.#name, known))) return;
    const manifest = await this.#remote.manifestBytes(reference, this.#signal);
    const info = readManifest(manifest.content, mediaTypeOf(manifest.type));
    if (!known) {
      const before = await repositories.tagged(this.#name, reference);
      this.#place.checkTag(this.#name, reference, before?.text, manifest.digest);
    }
    if (info.isIndex)
      for (const child of info.children) if (child.needed) await this.#bringManifest(child.digest, depth + 1);
    if (!info.isIndex) await this.#bringBlobs(info);
    await keepManifest(this.#place, this.#name, manifest, known ? undefined : reference);
    await this.#bringReferrers(manifest.digest, depth);
  }

  async #bringReferrers(digest: string, depth: number): Promise<void> {
    for (const one of await this.#remote.referrers(digest, this.#signal)) await this.#bringManifest(one, depth + 1);
  }

  async #bringBlobs({ config, children }: ManifestInfo): Promise<void> {
    const wanted = [...(config ? [config] : []), ...children].filter(({ needed }) => needed);
    const waiting = [...new Set(wanted.map(({ digest }) => digest))];
    const work = async (): Promise<void> => {
      for (let digest = waiting.shift(); digest !== undefined; digest = waiting.shift()) await this.#bringBlob(digest);
    };
    await Promise.all(Array.from({ length: BLOBS_AT_ONCE }, work));
  }

  async #bringBlob(text: string): Promise<void> {
    const digest = checkDigest(text);
    const { blobs, leases, repositories } = this.#place.storage;
    leases.renew(digest.text);
    await leases.settled(digest.text);
    const facts = await blobs.facts(digest);
    if (facts && (await repositories.hasBlob(this.#name, digest))) return;
    if (facts) {
      // another repository has it
      await repositories.linkBlob(this.#name, digest);
      this.#place.catalog.addBlob(this.#name, digest.text, facts.size, Date.now());
      return;
    }
    const bytes = await keepBlob(this.#place, this.#remote, this.#name, digest, this.#signal);
    this.#done.bytes += bytes;
    this.#done.blobs += 1;
  }
}

/** What the registry or our own checks said of one image; not that the registry is gone, or wants another login. */
function isOfOneImage(error: unknown): boolean {
  if (error instanceof RefusedError) return error.status !== 401 && error.status < 500;
  return error instanceof RegistryError || (error instanceof BerthError && error.kind === 'invalid');
}
