// What layers hold, read when somebody first asks and kept in the database: one reading a layer at a time, two in all.
import { gunzipSync, gzipSync } from 'node:zlib';
import type { DatabaseSync } from 'node:sqlite';
import { tooLarge } from '../../base/errors.ts';
import { type BlobDigest, RegistryError } from '../model/index.ts';
import type { Storage } from '../storage/index.ts';
import { type LayerFile, type LayerListing, listLayer } from './list-layer.ts';

/** Layers above this are not looked into, bytes as they lie in the registry. */
const MAX_LAYER = 2 * 1024 ** 3;
/** Read at a time. */
const AT_ONCE = 2;
/** Layers that are remembered; those that were asked for longest ago go. */
const MAX_KEPT = 2000;

export class Listings {
  readonly #blobs: Storage['blobs'];
  readonly #database: DatabaseSync;
  readonly #running = new Map<string, Promise<LayerListing>>();
  readonly #waiting: (() => void)[] = [];
  #busy = 0;

  constructor(database: DatabaseSync, blobs: Storage['blobs']) {
    this.#database = database;
    this.#blobs = blobs;
  }

  /** Throws BLOB_UNKNOWN, tooLarge, and TarError for what is no archive. */
  get(digest: BlobDigest): Promise<LayerListing> {
    const row = this.#database.prepare('SELECT content FROM listing WHERE digest = ?').get(digest.text);
    if (row) return Promise.resolve(unpack(row['content'] as Uint8Array));
    const running = this.#running.get(digest.text);
    if (running) return running;
    const work = this.#read(digest).finally(() => this.#running.delete(digest.text));
    this.#running.set(digest.text, work);
    return work;
  }

  async #read(digest: BlobDigest): Promise<LayerListing> {
    const facts = await this.#blobs.facts(digest);
    if (!facts) throw new RegistryError('BLOB_UNKNOWN', { detail: digest.text });
    if (facts.size > MAX_LAYER) throw tooLarge(`a layer of more than ${MAX_LAYER} bytes is not looked into`);
    while (this.#busy >= AT_ONCE) await new Promise<void>((resolve) => this.#waiting.push(resolve));
    this.#busy += 1;
    try {
      const listing = await listLayer(this.#blobs.stream(digest));
      this.#database
        .prepare('INSERT OR REPLACE INTO listing (digest, at, content) VALUES (?, ?, ?)')
        .run(digest.text, Date.now(), pack(listing));
      this.#database
        .prepare('DELETE FROM listing WHERE digest IN (SELECT digest FROM listing ORDER BY at DESC LIMIT -1 OFFSET ?)')
        .run(MAX_KEPT);
      return listing;
    } finally {
      this.#busy -= 1;
      this.#waiting.shift()?.();
    }
  }
}

/** Lines are a third of what JSON would be, and packed a tenth. Names may hold anything but a NUL. */
function pack({ files, packages }: LayerListing): Uint8Array {
  const lines = files.map(({ path, type, size, mark }) => `${type}\0${size}\0${mark}\0${path}`);
  return gzipSync(JSON.stringify({ lines, packages }), { level: 3 });
}

function unpack(content: Uint8Array): LayerListing {
  const { lines, packages } = JSON.parse(gunzipSync(content).toString('utf8')) as {
    readonly lines: readonly string[];
    readonly packages: string;
  };
  return {
    packages,
    files: lines.map((line) => {
      const [type = 'other', size = '0', mark = '', path = ''] = line.split('\0');
      return { path, type: type as LayerFile['type'], size: Number(size), mark };
    }),
  };
}
