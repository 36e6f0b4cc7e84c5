// What each repository has: blobs, manifests and tags, as links into the one tree of blobs.
import { type BlobDigest, ALGORITHMS, isRepositoryName, isTag, parseDigest } from '../model/index.ts';
import type { ObjectFacts, StorageDriver } from './driver.ts';
import {
  layerFolder,
  layerLink,
  layersPath,
  REPOSITORIES,
  repositoryPath,
  revisionFolder,
  revisionLink,
  revisionsPath,
  tagFolder,
  tagHistoryLink,
  tagLink,
  tagsPath,
} from './paths.ts';

/** Names of tags that are remembered, of all repositories together. */
const MAX_KNOWN_TAGS = 200_000;

export class Repositories {
  readonly #driver: StorageDriver;
  /** Sorted tags by repository, since a page of them would else list the whole folder; one process alone writes here. */
  readonly #tags = new Map<string, readonly string[]>();
  #knownTags = 0;
  #changes = 0;

  constructor(driver: StorageDriver) {
    this.#driver = driver;
  }

  async exists(name: string): Promise<boolean> {
    const below = await this.#driver.list(repositoryPath(name));
    return below.includes('_manifests') || below.includes('_layers') || below.includes('_uploads');
  }

  async hasBlob(name: string, digest: BlobDigest): Promise<boolean> {
    return isLink(await this.#driver.facts(layerLink(name, digest)));
  }

  /** Milliseconds since 1970. */
  async blobLinkedAt(name: string, digest: BlobDigest): Promise<number | undefined> {
    return (await this.#driver.facts(layerLink(name, digest)))?.changedAt;
  }

  /** For good with the next settling: before that no manifest names it. */
  linkBlob(name: string, digest: BlobDigest): Promise<void> {
    return this.#driver.write(layerLink(name, digest), digest.text, 'settled');
  }

  unlinkBlob(name: string, digest: BlobDigest): Promise<void> {
    return this.#driver.remove(layerFolder(name, digest));
  }

  async hasManifest(name: string, digest: BlobDigest): Promise<boolean> {
    return isLink(await this.#driver.facts(revisionLink(name, digest)));
  }

  /** For good with the next settling. */
  linkManifest(name: string, digest: BlobDigest): Promise<void> {
    return this.#driver.write(revisionLink(name, digest), digest.text, 'settled');
  }

  /** Tags first: one that names what is not there would be worse than none. */
  async unlinkManifest(name: string, digest: BlobDigest): Promise<readonly string[]> {
    const tags: string[] = [];
    for (const tag of await this.tags(name))
      if ((await this.tagged(name, tag))?.text === digest.text) {
        await this.untag(name, tag);
        tags.push(tag);
      }
    await this.#driver.remove(revisionFolder(name, digest));
    return tags;
  }

  async tagged(name: string, tag: string): Promise<BlobDigest | undefined> {
    const link = await this.#driver.read(tagLink(name, tag));
    return link && parseDigest(link.toString('latin1').trim());
  }

  /** What it names, and all that hangs on that, is for good before the tag is there. */
  async tag(name: string, tag: string, digest: BlobDigest): Promise<void> {
    await this.#driver.write(tagHistoryLink(name, tag, digest), digest.text, 'settled');
    await this.#driver.settle();
    const isNew = (await this.#driver.facts(tagLink(name, tag))) === undefined;
    try {
      await this.#driver.write(tagLink(name, tag), digest.text);
    } finally {
      if (isNew) this.#forgetTags(name);
    }
  }

  async untag(name: string, tag: string): Promise<void> {
    try {
      await this.#driver.remove(tagFolder(name, tag));
    } finally {
      this.#forgetTags(name);
    }
  }

  /** In lexical order of their bytes. */
  async tags(name: string): Promise<readonly string[]> {
    const known = this.#tags.get(name);
    if (known) return known;
    const before = this.#changes;
    const tags = (await this.#driver.list(tagsPath(name))).filter(isTag).toSorted(byBytes);
    // what changed while the folder was read may be in it or not
    if (before === this.#changes && !this.#tags.has(name)) this.#keepTags(name, tags);
    return tags;
  }

  #keepTags(name: string, tags: readonly string[]): void {
    this.#tags.set(name, tags);
    this.#knownTags += tags.length;
    for (const oldest of this.#tags.keys()) {
      if (this.#knownTags <= MAX_KNOWN_TAGS && this.#tags.size <= MAX_KNOWN_TAGS / 10) break;
      this.#dropTags(oldest);
    }
  }

  #forgetTags(name: string): void {
    this.#changes += 1;
    this.#dropTags(name);
  }

  #dropTags(name: string): void {
    this.#knownTags -= this.#tags.get(name)?.length ?? 0;
    this.#tags.delete(name);
  }

  manifests(name: string): Promise<readonly BlobDigest[]> {
    return this.#digests(revisionsPath(name));
  }

  blobs(name: string): Promise<readonly BlobDigest[]> {
    return this.#digests(layersPath(name));
  }

  /** Every repository that something was pushed to; `all`: also where only blobs or uploads are. */
  async *names({ all = false, below = '' }: { all?: boolean; below?: string } = {}): AsyncGenerator<string> {
    const folder = below === '' ? REPOSITORIES : repositoryPath(below);
    for (const part of (await this.#driver.list(folder)).toSorted(byBytes)) {
      if (part.startsWith('_')) continue;
      const name = below === '' ? part : `${below}/${part}`;
      if (!isRepositoryName(name)) continue;
      const parts = await this.#driver.list(repositoryPath(name));
      if (all ? parts.some((one) => one.startsWith('_')) : parts.includes('_manifests')) yield name;
      yield* this.names({ all, below: name });
    }
  }

  /** All that is below it goes too. */
  async remove(name: string): Promise<void> {
    try {
      await this.#driver.remove(repositoryPath(name));
    } finally {
      for (const known of this.#tags.keys())
        if (known === name || known.startsWith(`${name}/`)) this.#forgetTags(known);
      this.#changes += 1;
    }
  }

  async #digests(path: string): Promise<readonly BlobDigest[]> {
    const found: BlobDigest[] = [];
    for (const algorithm of ALGORITHMS)
      for (const hex of await this.#driver.list(`${path}/${algorithm}`)) {
        const digest = parseDigest(`${algorithm}:${hex}`);
        if (digest) found.push(digest);
      }
    return found;
  }
}

/** An empty one is what a power loss left of it before it was for good. */
function isLink(facts: ObjectFacts | undefined): boolean {
  return facts !== undefined && facts.size > 0;
}

/** Names are ASCII: the order of code units is the order of bytes. */
function byBytes(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
