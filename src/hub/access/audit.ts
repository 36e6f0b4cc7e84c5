// The audit trail: who did what to which repository, from where; the oldest entries go when there are too many.
import type { DatabaseSync } from 'node:sqlite';

export interface AuditEntry {
  /** Milliseconds since 1970. */
  readonly at: number;
  readonly account: string;
  readonly address: string;
  readonly action: string;
  readonly repository: string;
  readonly what: string;
}

const MAX_ENTRIES = 1_000_000;
/** Looked at once in so many. */
const TRIM_EVERY = 1000;

export class Audit {
  readonly #database: DatabaseSync;
  readonly #most: number;
  readonly #insert: ReturnType<DatabaseSync['prepare']>;

  constructor(database: DatabaseSync, most = MAX_ENTRIES) {
    this.#database = database;
    this.#most = most;
    this.#insert = database.prepare(
      'INSERT INTO audit (at, account, address, action, repository, what) VALUES (?, ?, ?, ?, ?, ?)',
    );
  }

  add({ at, account, address, action, repository, what }: AuditEntry): void {
    const { lastInsertRowid } = this.#insert.run(at, account, address, action, repository, what);
    if (Number(lastInsertRowid) % TRIM_EVERY === 0)
      this.#database.prepare('DELETE FROM audit WHERE id <= ?').run(Number(lastInsertRowid) - this.#most);
  }

  /** The newest first. */
  list(most: number): readonly AuditEntry[] {
    return this.#database
      .prepare('SELECT at, account, address, action, repository, what FROM audit ORDER BY id DESC LIMIT ?')
      .all(most)
      .map((row) => ({
        at: Number(row['at']),
        account: String(row['account']),
        address: String(row['address']),
        action: String(row['action']),
        repository: String(row['repository']),
        what: String(row['what']),
      }));
  }
}
