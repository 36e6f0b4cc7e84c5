// Brings a database to the schema version of this program: a copy of it first, then every step in one transaction.
import { existsSync, rmSync } from 'node:fs';
import type { DatabaseSync } from 'node:sqlite';
import { messageOf, unavailable } from '../../base/errors.ts';
import type { Log } from '../../base/log.ts';
import { MIGRATIONS, type Migration, SCHEMA_VERSION, type StoredRecord } from './migrations.ts';

/**
 * The version stands in the file's own header (`user_version`); files of before there were versions have 0. Throws
 * unavailable when a newer Berth wrote the file: what that one knows must not be lost.
 */
export function migrate(
  database: DatabaseSync,
  file: string,
  log: Log,
  { steps = MIGRATIONS, to = SCHEMA_VERSION }: { steps?: readonly Migration[]; to?: number } = {},
): void {
  const from = Number(database.prepare('PRAGMA user_version').get()?.['user_version'] ?? 0);
  if (from > to)
    throw unavailable(
      `${file} was written by a newer Berth (its records have version ${from}, this program knows ${to}); start that one, or name another --data-root`,
    );
  if (from === to) return;
  const tables = new Set(
    database
      .prepare("SELECT name FROM sqlite_master WHERE type = 'table'")
      .all()
      .map((row) => String(row['name'])),
  );
  if (tables.size > 0) {
    const copy = `${file}.v${from}`;
    // of an attempt that was broken off
    if (existsSync(copy)) rmSync(copy);
    database.prepare('VACUUM INTO ?').run(copy);
    log.info(`${file}: records go from version ${from} to ${to}; as they were they are kept in ${copy}`);
  }
  database.exec('BEGIN IMMEDIATE');
  try {
    for (const step of steps) if (step.version > from && tables.has(step.table)) change(database, step, log);
    database.exec(`PRAGMA user_version = ${to}; COMMIT`);
  } catch (error) {
    database.exec('ROLLBACK');
    throw error;
  }
}

function change(database: DatabaseSync, step: Migration, log: Log): void {
  const update = database.prepare(`UPDATE ${step.table} SET value = ? WHERE key = ?`);
  for (const row of database.prepare(`SELECT key, value FROM ${step.table}`).all()) {
    try {
      const before = String(row['value']);
      const after = JSON.stringify(step.change(JSON.parse(before) as StoredRecord));
      if (after !== before) update.run(after, String(row['key']));
    } catch (error) {
      // a record that nobody can read stays as it is, and is passed over when it is loaded
      log.warn(
        `${step.table} record ${String(row['key'])} is not brought to version ${step.version}: ${messageOf(error)}`,
      );
    }
  }
}
