// Repositories by words: the beginnings of words in names and descriptions, the best and most pulled first.
import type { DatabaseSync } from 'node:sqlite';

export interface SearchRow {
  readonly name: string;
  readonly description: string;
  readonly pulls: number;
  readonly stars: number;
  /** Milliseconds since 1970. */
  readonly pushedAt: number;
}

/** Matches that are ranked: of a word that more have, those that were pushed first. */
const MAX_RANKED = 2000;
/** Words of a question beyond these are left out. */
const MAX_WORDS = 16;

export class Search {
  readonly #matching: ReturnType<DatabaseSync['prepare']>;
  readonly #all: ReturnType<DatabaseSync['prepare']>;

  constructor(database: DatabaseSync) {
    const columns = 'r.name, r.description, r.pulls, r.stars, r.pushed_at';
    const pullable = 'EXISTS (SELECT 1 FROM manifest WHERE repository = r.id)';
    this.#matching = database.prepare(
      `SELECT ${columns} FROM (SELECT rowid FROM search WHERE search MATCH ? LIMIT ${MAX_RANKED}) s
       JOIN repository r ON r.id = s.rowid WHERE ${pullable}
       ORDER BY r.name = ? DESC, r.name LIKE ? ESCAPE '\\' DESC, r.stars * 10 + r.pulls DESC, length(r.name), r.name`,
    );
    this.#all = database.prepare(
      `SELECT ${columns} FROM repository r WHERE ${pullable} ORDER BY r.pulls DESC, r.name LIMIT ${MAX_RANKED}`,
    );
  }

  /** In their order; nothing to look for finds what is pulled most. */
  *find(text: string): Generator<SearchRow> {
    const words =
      text
        .toLowerCase()
        .match(/[\p{L}\p{N}]+/gu)
        ?.slice(0, MAX_WORDS) ?? [];
    const name = text.trim().toLowerCase();
    const rows =
      words.length === 0
        ? this.#all.all()
        : this.#matching.all(
            words.map((word) => `"${word}"*`).join(' '),
            name,
            `%/${name.replaceAll(/[\\%_]/g, (sign) => `\\${sign}`)}`,
          );
    for (const row of rows)
      yield {
        name: String(row['name']),
        description: String(row['description']),
        pulls: Number(row['pulls']),
        stars: Number(row['stars']),
        pushedAt: Number(row['pushed_at']),
      };
  }
}
