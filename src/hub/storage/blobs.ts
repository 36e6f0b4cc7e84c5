// The bytes by digest, once for all repositories.
import { createHash } from 'node:crypto';
import type { Readable } from 'node:stream';
import { ALGORITHMS, type BlobDigest, parseDigest } from '../model/index.ts';
import type { ObjectFacts, Range, StorageDriver } from './driver.ts';
import { BLOBS, blobFolder, blobPath } from './paths.ts';

export class Blobs {
  readonly #driver: StorageDriver;

  constructor(driver: StorageDriver) {
    this.#driver = driver;
  }

  facts(digest: BlobDigest): Promise<ObjectFacts | undefined> {
    return this.#driver.facts(blobPath(digest));
  }

  stream(digest: BlobDigest, range?: Range): Readable {
    return this.#driver.stream(blobPath(digest), range);
  }

  /** Hands over its bytes; a piece is used again when `take` has resolved. */
  send(digest: BlobDigest, range: Range, take: (piece: Buffer) => Promise<void>): Promise<void> {
    return this.#driver.send(blobPath(digest), range, take);
  }

  /** A small one; undefined when it is not there, or is not what its name says. */
  async read(digest: BlobDigest): Promise<Buffer | undefined> {
    const content = await this.#driver.read(blobPath(digest));
    return content && createHash(digest.algorithm).update(content).digest('hex') === digest.hex ? content : undefined;
  }

  /** A small one whose digest the caller has just computed. */
  async write(digest: BlobDigest, content: Buffer): Promise<void> {
    if ((await this.facts(digest))?.size !== content.length) await this.#driver.write(blobPath(digest), content);
  }

  remove(digest: BlobDigest): Promise<void> {
    return this.#driver.remove(blobFolder(digest));
  }

  async *list(): AsyncGenerator<BlobDigest> {
    for (const algorithm of ALGORITHMS)
      for (const head of await this.#driver.list(`${BLOBS}/${algorithm}`))
        for (const hex of await this.#driver.list(`${BLOBS}/${algorithm}/${head}`)) {
          const digest = parseDigest(`${algorithm}:${hex}`);
          if (digest) yield digest;
        }
  }

  /** Reads all of it: whether the bytes are what the name says. */
  async isSound(digest: BlobDigest): Promise<boolean> {
    const hash = createHash(digest.algorithm);
    for await (const chunk of this.stream(digest) as AsyncIterable<Buffer>) hash.update(chunk);
    return hash.digest('hex') === digest.hex;
  }
}
