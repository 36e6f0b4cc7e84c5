// Questions on the catalog that people ask: a repository with its numbers, its tags, what an image stands on and what stands on it.
import type { DatabaseSync } from 'node:sqlite';

export interface RepositoryFacts {
  readonly name: string;
  readonly description: string;
  readonly readme: string;
  readonly stars: number;
  readonly pulls: number;
  /** Milliseconds since 1970. */
  readonly pushedAt: number;
  /** Bytes of its blobs, each counted once. */
  readonly size: number;
  readonly tags: number;
}

export interface TagFacts {
  readonly name: string;
  readonly digest: string;
  readonly mediaType: string;
  readonly artifactType: string;
  /** Compressed bytes of all its platforms. */
  readonly size: number;
  readonly platforms: readonly string[];
  readonly pushedAt: number;
}

export interface ImageName {
  readonly repository: string;
  readonly digest: string;
  /** The tag that was pushed last of those that name it, '' for none. */
  readonly tag: string;
}

export interface CollectionFacts {
  readonly name: string;
  readonly title: string;
  readonly owner: string;
  readonly repositories: readonly string[];
}

export const MAX_DESCRIPTION = 1000;
export const MAX_README = 256 * 1024;

export class Browser {
  readonly #database: DatabaseSync;

  constructor(database: DatabaseSync) {
    this.#database = database;
  }

  /** undefined: nothing was pushed under this name. */
  repository(name: string): RepositoryFacts | undefined {
    const row = this.#database
      .prepare(
        `SELECT name, description, readme, stars, pulls, pushed_at,
           (SELECT coalesce(sum(size), 0) FROM layer WHERE repository = r.id) AS size,
           (SELECT count(*) FROM tag WHERE repository = r.id) AS tags
         FROM repository r WHERE name = ? AND pullable`,
      )
      .get(name);
    return (
      row && {
        name: String(row['name']),
        description: String(row['description']),
        readme: String(row['readme']),
        stars: Number(row['stars']),
        pulls: Number(row['pulls']),
        pushedAt: Number(row['pushed_at']),
        size: Number(row['size']),
        tags: Number(row['tags']),
      }
    );
  }

  /** Those pushed last first. */
  tags(repository: string, from: number, most: number): readonly TagFacts[] {
    return this.#database
      .prepare(
        `SELECT t.name, t.digest, t.pushed_at, m.media_type, m.artifact_type, m.content_size, m.platforms
         FROM tag t JOIN repository r ON r.id = t.repository
         LEFT JOIN manifest m ON m.repository = t.repository AND m.digest = t.digest
         WHERE r.name = ? ORDER BY t.pushed_at DESC, t.name LIMIT ? OFFSET ?`,
      )
      .all(repository, most, from)
      .map((row) => ({
        name: String(row['name']),
        digest: String(row['digest']),
        pushedAt: Number(row['pushed_at']),
        mediaType: String(row['media_type'] ?? ''),
        artifactType: String(row['artifact_type'] ?? ''),
        size: Number(row['content_size'] ?? 0),
        platforms: String(row['platforms'] ?? '')
          .split(',')
          .filter((platform) => platform !== ''),
      }));
  }

  /** Images whose layers all lie at the bottom of this one; those with most layers first. */
  basesOf(repository: string, digest: string, most: number): readonly ImageName[] {
    return this.#names(
      `SELECT b.id, max(c.depth) AS depth FROM image i JOIN repository r ON r.id = i.repository
       JOIN chain c ON c.image = i.id JOIN image b ON b.chain = c.chain
       WHERE r.name = ? AND i.digest = ? GROUP BY b.id ORDER BY depth DESC LIMIT ?`,
      repository,
      digest,
      most,
    );
  }

  /** Images that have all layers of this one at their bottom, and more. */
  builtOn(repository: string, digest: string, most: number): readonly ImageName[] {
    return this.#names(
      `SELECT c.image AS id FROM image i JOIN repository r ON r.id = i.repository
       JOIN chain c ON c.chain = i.chain WHERE r.name = ? AND i.digest = ? AND i.chain <> 0 LIMIT ?`,
      repository,
      digest,
      most,
    );
  }

  describe(name: string, text: { readonly description?: string; readonly readme?: string }): void {
    for (const column of ['description', 'readme'] as const)
      if (text[column] !== undefined)
        this.#database.prepare(`UPDATE repository SET ${column} = ? WHERE name = ?`).run(text[column], name);
  }

  hasStar(account: string, name: string): boolean {
    const row = this.#database
      .prepare('SELECT 1 FROM star s JOIN repository r ON r.id = s.repository WHERE s.account = ? AND r.name = ?')
      .get(account, name);
    return row !== undefined;
  }

  setStar(account: string, name: string, isSet: boolean): void {
    const sql = isSet
      ? 'INSERT OR IGNORE INTO star (account, repository) SELECT ?, id FROM repository WHERE name = ?'
      : 'DELETE FROM star WHERE account = ? AND repository = (SELECT id FROM repository WHERE name = ?)';
    this.#database.prepare(sql).run(account, name);
  }

  starred(account: string): readonly string[] {
    return this.#database
      .prepare(
        'SELECT r.name FROM star s JOIN repository r ON r.id = s.repository WHERE s.account = ? ORDER BY r.name LIMIT 1000',
      )
      .all(account)
      .map((row) => String(row['name']));
  }

  collections(): readonly CollectionFacts[] {
    return this.#database
      .prepare(
        `SELECT c.name, c.title, c.owner, (SELECT json_group_array(r.name) FROM collected d
           JOIN repository r ON r.id = d.repository WHERE d.collection = c.name) AS names
         FROM collection c ORDER BY c.name LIMIT 1000`,
      )
      .all()
      .map((row) => ({
        name: String(row['name']),
        title: String(row['title']),
        owner: String(row['owner']),
        repositories: (JSON.parse(String(row['names'])) as string[]).toSorted(),
      }));
  }

  setCollection({ name, title, owner, repositories }: CollectionFacts): void {
    this.#database.exec('BEGIN IMMEDIATE');
    try {
      this.#database.prepare('DELETE FROM collection WHERE name = ?').run(name);
      this.#database.prepare('INSERT INTO collection (name, title, owner) VALUES (?, ?, ?)').run(name, title, owner);
      const add = this.#database.prepare(
        'INSERT OR IGNORE INTO collected (collection, repository) SELECT ?, id FROM repository WHERE name = ?',
      );
      for (const repository of repositories) add.run(name, repository);
      this.#database.exec('COMMIT');
    } catch (error) {
      this.#database.exec('ROLLBACK');
      throw error;
    }
  }

  removeCollection(name: string): void {
    this.#database.prepare('DELETE FROM collection WHERE name = ?').run(name);
  }

  #names(sql: string, ...values: (string | number)[]): readonly ImageName[] {
    return this.#database
      .prepare(
        `WITH found AS (${sql}) SELECT r.name AS repository, i.digest AS digest,
           (SELECT t.name FROM tag t WHERE t.repository = i.repository AND t.digest = i.digest
            ORDER BY t.pushed_at DESC LIMIT 1) AS tag
         FROM found f JOIN image i ON i.id = f.id JOIN repository r ON r.id = i.repository`,
      )
      .all(...values)
      .map((row) => ({
        repository: String(row['repository']),
        digest: String(row['digest']),
        tag: String(row['tag'] ?? ''),
      }));
  }
}
