// The index of what the storage holds: repositories, manifests with what they refer to, tags, and which repository has a blob.
import type { DatabaseSync } from 'node:sqlite';
import type { ManifestInfo } from '../model/index.ts';
import { together } from './database.ts';
import { type ImageFacts, indexImage } from './index-image.ts';

export interface ManifestRow {
  readonly digest: string;
  readonly mediaType: string;
  readonly size: number;
  readonly artifactType: string;
  readonly annotations: Readonly<Record<string, string>>;
}

export interface PushedManifest {
  readonly digest: string;
  /** Of the document itself. */
  readonly size: number;
  readonly info: ManifestInfo;
  readonly tags: readonly string[];
  /** Milliseconds since 1970. */
  readonly at: number;
  /** Of an image with a configuration that could be read. */
  readonly image?: ImageFacts | undefined;
}

/** Characters of a description that are kept. */
const MAX_DESCRIPTION = 1000;

type Statement = ReturnType<DatabaseSync['prepare']>;

export class Catalog {
  readonly #database: DatabaseSync;
  readonly #statements = new Map<string, Statement>();
  readonly #ids = new Map<string, number>();

  constructor(database: DatabaseSync) {
    this.#database = database;
  }

  has(name: string): boolean {
    return this.#idOf(name) !== undefined;
  }

  addBlob(name: string, digest: string, size: number, at: number): void {
    this.#run(
      'INSERT OR IGNORE INTO layer (digest, repository, size) VALUES (?, ?, ?)',
      digest,
      this.#id(name, at),
      size,
    );
  }

  removeBlob(name: string, digest: string): void {
    this.#run('DELETE FROM layer WHERE digest = ? AND repository = ?', digest, this.#idOf(name) ?? 0);
  }

  /** Repositories that have a blob. */
  holders(digest: string): readonly string[] {
    return this.#texts(
      'SELECT r.name AS text FROM layer l JOIN repository r ON r.id = l.repository WHERE l.digest = ? LIMIT 1000',
      digest,
    );
  }

  addManifest(name: string, { digest, size, info, tags, at, image }: PushedManifest): void {
    const id = this.#id(name, at);
    const content = info.isIndex
      ? this.#sizeOf(id, info)
      : info.children.reduce((sum, child) => sum + child.size, info.config?.size ?? 0);
    together(this.#database, () => {
      this.#run(
        `INSERT OR REPLACE INTO manifest
         (repository, digest, media_type, size, artifact_type, subject, annotations, content_size, pushed_at, platforms)
         VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
        id,
        digest,
        info.mediaType,
        size,
        info.artifactType,
        info.subject ?? null,
        JSON.stringify(info.annotations),
        content,
        at,
        info.isIndex ? platformsOf(info) : (image?.platform ?? ''),
      );
      if (image) indexImage(this.#database, id, digest, image);
      for (const tag of tags)
        this.#run(
          'INSERT OR REPLACE INTO tag (repository, name, digest, pushed_at) VALUES (?, ?, ?, ?)',
          id,
          tag,
          digest,
          at,
        );
      const description = info.annotations['org.opencontainers.image.description'];
      if (description !== undefined)
        this.#run('UPDATE repository SET description = ? WHERE id = ?', description.slice(0, MAX_DESCRIPTION), id);
      this.#run('UPDATE repository SET pushed_at = max(pushed_at, ?) WHERE id = ?', at, id);
      if (tags.length > 0) this.#run('UPDATE repository SET size = ? WHERE id = ?', content, id);
    });
  }

  removeManifest(name: string, digest: string): void {
    const id = this.#idOf(name) ?? 0;
    this.#run('DELETE FROM tag WHERE repository = ? AND digest = ?', id, digest);
    this.#run('DELETE FROM manifest WHERE repository = ? AND digest = ?', id, digest);
  }

  removeTag(name: string, tag: string): void {
    this.#run('DELETE FROM tag WHERE repository = ? AND name = ?', this.#idOf(name) ?? 0, tag);
  }

  tagsOf(name: string, digest: string): readonly string[] {
    return this.#texts(
      'SELECT name AS text FROM tag WHERE repository = ? AND digest = ?',
      this.#idOf(name) ?? 0,
      digest,
    );
  }

  removeRepository(name: string): void {
    this.#run('DELETE FROM repository WHERE name = ?', name);
    this.#ids.delete(name);
  }

  /** In the order of their digests; `after` is exclusive. */
  referrers(name: string, subject: string, after: string, most: number): readonly ManifestRow[] {
    return this.#statement(
      `SELECT digest, media_type, size, artifact_type, annotations FROM manifest
       WHERE repository = ? AND subject = ? AND digest > ? ORDER BY digest LIMIT ?`,
    )
      .all(this.#idOf(name) ?? 0, subject, after, most)
      .map((row) => ({
        digest: String(row['digest']),
        mediaType: String(row['media_type']),
        size: Number(row['size']),
        artifactType: String(row['artifact_type']),
        annotations: JSON.parse(String(row['annotations'])) as Record<string, string>,
      }));
  }

  /** In lexical order; `after` is exclusive. Repositories with something to pull only. */
  names(after: string, most: number): readonly string[] {
    return this.#texts(
      'SELECT name AS text FROM repository WHERE name > ? AND pullable ORDER BY name LIMIT ?',
      after,
      most,
    );
  }

  countPull(name: string): void {
    this.#run('UPDATE repository SET pulls = pulls + 1 WHERE name = ?', name);
  }

  fact(name: string): string | undefined {
    return this.#texts('SELECT value AS text FROM fact WHERE name = ?', name)[0];
  }

  setFact(name: string, value: string): void {
    this.#run('INSERT OR REPLACE INTO fact (name, value) VALUES (?, ?)', name, value);
  }

  /** What the images of an index take together; they were pushed before it. */
  #sizeOf(repository: number, info: ManifestInfo): number {
    const digests = JSON.stringify(info.children.map(({ digest }) => digest));
    const row = this.#statement(
      `SELECT coalesce(sum(content_size), 0) AS size FROM manifest
       WHERE repository = ? AND digest IN (SELECT value FROM json_each(?))`,
    ).get(repository, digests);
    return Number(row?.['size']);
  }

  /** The row of a repository, made when there is none. */
  #id(name: string, at: number): number {
    const known = this.#idOf(name);
    if (known !== undefined) return known;
    const id = Number(this.#run('INSERT INTO repository (name, pushed_at) VALUES (?, ?)', name, at).lastInsertRowid);
    this.#ids.set(name, id);
    return id;
  }

  #idOf(name: string): number | undefined {
    const known = this.#ids.get(name);
    if (known !== undefined) return known;
    const row = this.#statement('SELECT id FROM repository WHERE name = ?').get(name);
    if (row) this.#ids.set(name, Number(row['id']));
    return row && Number(row['id']);
  }

  #texts(sql: string, ...values: (string | number)[]): readonly string[] {
    return this.#statement(sql)
      .all(...values)
      .map((row) => String(row['text']));
  }

  #run(sql: string, ...values: (string | number | null)[]): ReturnType<Statement['run']> {
    return this.#statement(sql).run(...values);
  }

  #statement(sql: string): Statement {
    let statement = this.#statements.get(sql);
    if (!statement) {
      statement = this.#database.prepare(sql);
      this.#statements.set(sql, statement);
    }
    return statement;
  }
}

/** `linux/amd64,linux/arm64/v8`; attestations have a platform of their own, `unknown`. */
function platformsOf({ children }: ManifestInfo): string {
  const names = children.flatMap(({ platform }) => {
    const parts = [platform?.['os'], platform?.['architecture'], platform?.['variant']];
    return platform && platform['os'] !== 'unknown' ? [parts.filter((part) => typeof part === 'string').join('/')] : [];
  });
  return [...new Set(names)].join(',');
}
