// Objects by key in one SQLite file: what the daemon must remember over a crash. A record that cannot be read is skipped with a warning.
import { closeSync, openSync, renameSync } from 'node:fs';
import { DatabaseSync, type StatementSync } from 'node:sqlite';
import { messageOf } from '../../base/errors.ts';
import type { Log } from '../../base/log.ts';
import { faultPoint } from '../../host/fault.ts';
import { migrate } from './migrate.ts';
import { lengthenLog, Reserve } from './reserve.ts';

/** One kind of object. Values are JSON; reads happen once at start, so the caller keeps its own map. */
export interface RecordTable<T> {
  /** Every readable record; `accept` may refuse one of a wrong shape by throwing or returning undefined. */
  load(accept?: (value: unknown, key: string) => T | undefined): Map<string, T>;
  put(key: string, value: T): void;
  delete(key: string): void;
  /** Whether there is a record of that key, readable or not. */
  has(key: string): boolean;
}

export interface Records extends Disposable {
  /** `name` is a table name of letters; the table is made when missing. */
  table<T>(name: string): RecordTable<T>;
  /** Runs `work` in one transaction. */
  together(work: () => void): void;
}

const [SQLITE_CORRUPT, SQLITE_NOTADB] = [11, 26];

/**
 * Opens or makes the database. WAL with synchronous=NORMAL: every write survives the death of the daemon; power loss may
 * lose the last ones but never tears the file. A file that is no database is put aside as `<file>.damaged-<time>`; one of
 * an older Berth is brought forward (migrations.ts), one of a newer is refused. On a full disk it opens, what is there can be
 * changed and deleted, and what is new is refused.
 */
export function openRecords(file: string, log: Log): Records {
  let database: DatabaseSync;
  try {
    database = connect(file);
  } catch (error) {
    if (![SQLITE_CORRUPT, SQLITE_NOTADB].includes(codeOf(error))) throw error;
    const aside = `${file}.damaged-${Date.now()}`;
    log.warn(`${file} cannot be read (${messageOf(error)}); kept as ${aside}, starting with an empty one`);
    for (const suffix of ['', '-wal', '-shm']) {
      try {
        renameSync(file + suffix, aside + suffix);
      } catch {
        // that part does not exist
      }
    }
    database = connect(file);
  }
  try {
    migrate(database, file, log);
  } catch (error) {
    database.close();
    throw error;
  }
  const reserve = new Reserve(database, file);
  try {
    reserve.hold();
    lengthenLog(file);
  } catch (error) {
    log.warn(`${file}: no room is held for what ends on a full disk: ${messageOf(error)}`);
  }
  /** Before a record that is not there yet. */
  const begin = (): void => {
    if (!database.isTransaction) reserve.hold();
  };
  return {
    table: <T>(name: string) => tableOf<T>(database, name, { log, begin }),
    together(work) {
      database.exec('BEGIN IMMEDIATE');
      try {
        work();
        database.exec('COMMIT');
      } catch (error) {
        if (database.isTransaction) database.exec('ROLLBACK');
        throw error;
      }
    },
    [Symbol.dispose]() {
      database.close();
      // closing took the log away; it is there again before others take its room
      lengthenLog(file);
    },
  };
}

/** Of SQLite, without what tells more of it. */
function codeOf(error: unknown): number {
  return ((error as { errcode?: number }).errcode ?? 0) & 0xff;
}

function connect(file: string): DatabaseSync {
  // SQLite gives its side files the mode of the database
  closeSync(openSync(file, 'a', 0o600));
  const database = new DatabaseSync(file);
  try {
    // exclusive: nobody else opens it, and the index of the log is then no file that needs room
    database.exec(
      'PRAGMA locking_mode = EXCLUSIVE; PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; PRAGMA busy_timeout = 2000',
    );
    database.prepare('SELECT count(*) FROM sqlite_master').get();
  } catch (error) {
    database.close();
    throw error;
  }
  return database;
}

function tableOf<T>(
  database: DatabaseSync,
  name: string,
  { log, begin }: { readonly log: Log; readonly begin: () => void },
): RecordTable<T> {
  if (!/^[a-z_]+$/.test(name)) throw new Error(`bad table name ${name}`);
  database.exec(`CREATE TABLE IF NOT EXISTS ${name} (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID`);
  const insert: StatementSync = database.prepare(
    `INSERT INTO ${name} (key, value) VALUES (?, ?) ON CONFLICT (key) DO UPDATE SET value = excluded.value`,
  );
  const exists: StatementSync = database.prepare(`SELECT 1 FROM ${name} WHERE key = ?`);
  const remove: StatementSync = database.prepare(`DELETE FROM ${name} WHERE key = ?`);
  return {
    load(accept) {
      const found = new Map<string, T>();
      for (const row of database.prepare(`SELECT key, value FROM ${name}`).all()) {
        const key = String(row['key']);
        try {
          const value: unknown = JSON.parse(String(row['value']));
          if (typeof value !== 'object' || value === null) throw new Error('not an object');
          const accepted = accept ? accept(value, key) : (value as T);
          if (accepted === undefined) throw new Error('unknown shape');
          found.set(key, accepted);
        } catch (error) {
          log.warn(`${name} record ${key} skipped: ${messageOf(error)}`);
        }
      }
      return found;
    },
    put(key, value) {
      faultPoint(`records.${name}.put`);
      if (exists.get(key) === undefined) begin();
      insert.run(key, JSON.stringify(value));
    },
    delete(key) {
      faultPoint(`records.${name}.delete`);
      remove.run(key);
    },
    has: (key) => exists.get(key) !== undefined,
  };
}
