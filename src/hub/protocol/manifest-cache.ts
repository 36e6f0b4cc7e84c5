// Manifests in memory: content by digest never changes, so only its size counts. What is asked for least recently goes.
import { type BlobDigest, readManifest } from '../model/index.ts';
import type { Storage } from '../storage/index.ts';

export interface CachedManifest {
  readonly content: Buffer;
  readonly mediaType: string;
}

const MAX_BYTES = 32 * 1024 * 1024;

export class ManifestCache {
  readonly #blobs: Storage['blobs'];
  readonly #held = new Map<string, CachedManifest>();
  #bytes = 0;

  constructor(blobs: Storage['blobs']) {
    this.#blobs = blobs;
  }

  /** undefined when it is not there, or is damaged. */
  async get(digest: BlobDigest): Promise<CachedManifest | undefined> {
    const known = this.#held.get(digest.text);
    if (known) {
      this.#held.delete(digest.text);
      this.#held.set(digest.text, known);
      return known;
    }
    const content = await this.#blobs.read(digest);
    if (!content) return undefined;
    const manifest = { content, mediaType: readManifest(content, '').mediaType };
    this.#held.set(digest.text, manifest);
    this.#bytes += content.length;
    for (const [text, { content: oldest }] of this.#held) {
      if (this.#bytes <= MAX_BYTES) break;
      this.#held.delete(text);
      this.#bytes -= oldest.length;
    }
    return manifest;
  }

  forget(digest: BlobDigest): void {
    const known = this.#held.get(digest.text);
    if (!known) return;
    this.#held.delete(digest.text);
    this.#bytes -= known.content.length;
  }
}
