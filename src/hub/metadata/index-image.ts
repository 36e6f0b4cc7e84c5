// Puts an image into the index by which others find it: platform, labels, and the chain of its layers, which tells whose base it is.
import { createHash } from 'node:crypto';
import type { DatabaseSync } from 'node:sqlite';

export interface ImageFacts {
  readonly platform: string;
  readonly createdAt: number | undefined;
  /** Compressed bytes. */
  readonly size: number;
  /** As its annotation says; '' when nothing does. */
  readonly baseName: string;
  /** Digests, the lowest first. */
  readonly layers: readonly string[];
  readonly labels: Readonly<Record<string, string>>;
}

/** Labels of one image, characters of a value, and layers that are looked for among bases. */
const MAX_LABELS = 100;
const MAX_VALUE = 500;
const MAX_LAYERS = 200;

/** Within the transaction of its manifest. */
export function indexImage(database: DatabaseSync, repository: number, digest: string, image: ImageFacts): void {
  const chains = chainsOf(image.layers.slice(0, MAX_LAYERS));
  const { lastInsertRowid: id } = database
    .prepare(
      `INSERT INTO image (repository, digest, platform, created_at, size, base_name, chain) VALUES (?, ?, ?, ?, ?, ?, ?)`,
    )
    .run(repository, digest, image.platform, image.createdAt ?? null, image.size, image.baseName, chains.at(-1) ?? 0);
  const chain = database.prepare('INSERT OR IGNORE INTO chain (chain, image, depth) VALUES (?, ?, ?)');
  for (const [depth, value] of chains.slice(0, -1).entries()) chain.run(value, id, depth + 1);
  const label = database.prepare('INSERT OR IGNORE INTO label (name, value, image) VALUES (?, ?, ?)');
  for (const [name, value] of Object.entries(image.labels).slice(0, MAX_LABELS))
    label.run(name.slice(0, MAX_VALUE), value.slice(0, MAX_VALUE), id);
}

/** A number for each layer with all below it; 48 bits, which is enough to tell some millions apart. */
function chainsOf(layers: readonly string[]): readonly number[] {
  let before = '';
  return layers.map((layer) => {
    before = createHash('sha256').update(`${before} ${layer}`).digest('hex');
    return Number.parseInt(before.slice(0, 12), 16);
  });
}
