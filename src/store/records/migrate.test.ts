import assert from 'node:assert/strict';
import { existsSync, globSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { after, before, test } from 'node:test';
import { silentLog } from '../../base/log.ts';
import { openRecords } from './index.ts';
import { migrate } from './migrate.ts';
import { MIGRATIONS, type Migration, SCHEMA_VERSION } from './migrations.ts';

const fixtures = join(import.meta.dirname, 'testdata');
let folder = '';
before(() => {
  folder = mkdtempSync(join(tmpdir(), 'migrate-'));
});
after(() => rmSync(folder, { recursive: true, force: true }));

/** A database as an older Berth left it. */
function older(fixture: string, version: number): string {
  const file = join(mkdtempSync(join(folder, 'root-')), 'some.db');
  const database = new DatabaseSync(file);
  database.exec(readFileSync(join(fixtures, fixture), 'utf8'));
  database.exec(`PRAGMA user_version = ${version}`);
  database.close();
  return file;
}

const versionOf = (file: string): unknown => {
  const database = new DatabaseSync(file);
  const version = database.prepare('PRAGMA user_version').get()?.['user_version'];
  database.close();
  return version;
};

test('every file that an older Berth left opens, and no record of it is passed over', () => {
  const warnings: string[] = [];
  const log = { ...silentLog, warn: (...words: unknown[]) => void warnings.push(words.join(' ')) };
  const files = globSync(join(fixtures, '*-v*.sql'));
  assert.ok(files.length >= 2);
  for (const path of files) {
    const name = basename(path);
    const file = older(name, Number(/-v(\d+)\.sql$/.exec(name)?.[1]));
    const text = readFileSync(path, 'utf8');
    const tables = [...text.matchAll(/^CREATE TABLE (\w+)/gm)].map(([, table = '']) => table);
    {
      using records = openRecords(file, log);
      for (const table of tables) {
        const rows = [...text.matchAll(new RegExp(`^INSERT INTO ${table} `, 'gm'))].length;
        assert.equal(records.table(table).load().size, rows, `${name}: ${table}`);
      }
    }
    assert.equal(versionOf(file), SCHEMA_VERSION);
    assert.ok(existsSync(`${file}.v0`));
  }
  assert.deepEqual(warnings, []);
});

test('users E1: version 1 has no record with a port that is none', () => {
  using records = openRecords(older('berth-v0.sql', 0), silentLog);
  const found = [...records.table<{ name: string; config: { ExposedPorts?: object } }>('containers').load().values()];
  const odd = found.find(({ name }) => name === 'odd');
  assert.deepEqual(odd?.config.ExposedPorts, { '53/udp': {} });
});

test('a file of a newer Berth is refused and stays as it is', () => {
  const file = older('berth-v0.sql', SCHEMA_VERSION + 1);
  assert.throws(() => openRecords(file, silentLog), /was written by a newer Berth .* start that one/);
  assert.equal(versionOf(file), SCHEMA_VERSION + 1);
  const database = new DatabaseSync(file);
  assert.match(
    String(database.prepare("SELECT value FROM containers WHERE value LIKE '%odd%'").get()?.['value']),
    /70000/,
  );
  database.close();
});

test('a step that fails leaves the file at its old version, and the next start tries again', () => {
  const file = older('berth-v0.sql', 0);
  const database = new DatabaseSync(file);
  const steps: Migration[] = [
    { version: 1, what: 'renames', table: 'volumes', change: ({ name, ...rest }) => ({ ...rest, called: name }) },
    { version: 2, what: 'breaks', table: 'no such', change: (record) => record },
  ];
  database.exec('CREATE TABLE "no such" (key TEXT, value TEXT)');
  assert.throws(() => migrate(database, file, silentLog, { steps, to: 2 }));
  assert.match(String(database.prepare('SELECT value FROM volumes').get()?.['value']), /"name":"data"/);
  database.exec('DROP TABLE "no such"');
  migrate(database, file, silentLog, { steps, to: 2 });
  assert.match(String(database.prepare('SELECT value FROM volumes').get()?.['value']), /"called":"data"/);
  database.close();
});

test('a new file has the newest version and needs no copy', () => {
  const file = join(folder, 'new.db');
  openRecords(file, silentLog)[Symbol.dispose]();
  assert.equal(versionOf(file), SCHEMA_VERSION);
  assert.equal(existsSync(`${file}.v0`), false);
});

test('users E1: ports of a record are read as the parser reads them', () => {
  const bad = {
    config: { ExposedPorts: { '70000/tcp': {}, '53/UDP': {} } },
    hostConfig: { PortBindings: { banana: [], '80': [] } },
    ports: { '70000/tcp': null, '80/tcp': [] },
  };
  assert.deepEqual(MIGRATIONS[0]?.change(bad), {
    config: { ExposedPorts: { '53/udp': {} } },
    hostConfig: { PortBindings: { '80/tcp': [] } },
    ports: { '80/tcp': [] },
  });
});

test('steps are numbered without a gap', () => {
  assert.deepEqual(
    MIGRATIONS.map(({ version }) => version),
    MIGRATIONS.map((_, at) => at + 1),
  );
});
