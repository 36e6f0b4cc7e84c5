// Opens the hub's database: one SQLite file, brought to the schema of this program, a copy of it kept before it is changed.
import { closeSync, existsSync, mkdirSync, openSync, rmSync } from 'node:fs';
import { dirname } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { unavailable } from '../../base/errors.ts';
import { type SchemaStep, STEPS } from './migrations.ts';

/** Throws unavailable when a newer program wrote the file. */
export function openDatabase(file: string, steps: readonly SchemaStep[] = STEPS): DatabaseSync {
  mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
  // SQLite gives its side files the mode of the database
  closeSync(openSync(file, 'a', 0o600));
  const database = new DatabaseSync(file);
  try {
    database.exec(
      'PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; PRAGMA busy_timeout = 2000; PRAGMA foreign_keys = ON',
    );
    migrate(database, file, steps);
  } catch (error) {
    database.close();
    throw error;
  }
  return database;
}

function migrate(database: DatabaseSync, file: string, steps: readonly SchemaStep[]): void {
  const from = Number(database.prepare('PRAGMA user_version').get()?.['user_version'] ?? 0);
  const to = steps.at(-1)?.version ?? 0;
  if (from > to)
    throw unavailable(
      `${file} was written by a newer Berth (its schema has version ${from}, this program knows ${to}); start that one, or name another --root`,
    );
  if (from === to) return;
  if (from > 0) {
    const copy = `${file}.v${from}`;
    // of an attempt that was broken off
    if (existsSync(copy)) rmSync(copy);
    database.prepare('VACUUM INTO ?').run(copy);
  }
  together(database, () => {
    for (const step of steps) if (step.version > from) database.exec(step.sql);
    database.exec(`PRAGMA user_version = ${to}`);
  });
}

/** Runs `work` in one transaction. */
export function together<T>(database: DatabaseSync, work: () => T): T {
  database.exec('BEGIN IMMEDIATE');
  try {
    const result = work();
    database.exec('COMMIT');
    return result;
  } catch (error) {
    database.exec('ROLLBACK');
    throw error;
  }
}
