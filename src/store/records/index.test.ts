import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { test } from 'node:test';
import { silentLog } from '../../base/log.ts';
import { openRecords } from './index.ts';

function inFolder(body: (folder: string) => void): void {
  const folder = mkdtempSync(join(tmpdir(), 'berth-records-'));
  try {
    body(folder);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

test('what was put is there after a reopen, what was deleted is not', () =>
  inFolder((folder) => {
    const file = join(folder, 'a.db');
    {
      using records = openRecords(file, silentLog);
      const things = records.table<{ n: number }>('things');
      things.put('a', { n: 1 });
      things.put('a', { n: 2 });
      things.put('b', { n: 3 });
      things.delete('b');
    }
    using again = openRecords(file, silentLog);
    assert.deepEqual([...again.table<{ n: number }>('things').load()], [['a', { n: 2 }]]);
  }));

test('fault K65: a truncated or unknown record is skipped, the others stay', () =>
  inFolder((folder) => {
    const file = join(folder, 'a.db');
    {
      using records = openRecords(file, silentLog);
      records.table('things').put('good', { n: 1 });
    }
    const raw = new DatabaseSync(file);
    raw.exec(`INSERT INTO things VALUES ('torn', '{"n":'), ('empty', ''), ('null', 'null'), ('odd', '{"x":1}')`);
    raw.close();
    using again = openRecords(file, silentLog);
    const loaded = again
      .table<{ n: number }>('things')
      .load((value) => (typeof (value as { n?: unknown }).n === 'number' ? (value as { n: number }) : undefined));
    assert.deepEqual([...loaded.keys()], ['good']);
  }));

test('fault K65: a file that is no database is put aside', () =>
  inFolder((folder) => {
    const file = join(folder, 'a.db');
    writeFileSync(file, 'garbage '.repeat(1000));
    using records = openRecords(file, silentLog);
    assert.equal(records.table('things').load().size, 0);
    assert.equal(readdirSync(folder).filter((name) => name.includes('.damaged-')).length, 1);
  }));

test('a transaction that throws leaves nothing', () =>
  inFolder((folder) => {
    using records = openRecords(join(folder, 'a.db'), silentLog);
    const things = records.table('things');
    assert.throws(() =>
      records.together(() => {
        things.put('a', {});
        throw new Error('no');
      }),
    );
    assert.equal(things.load().size, 0);
  }));
