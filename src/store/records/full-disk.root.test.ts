import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { isErrno } from '../../base/errors.ts';
import { silentLog } from '../../base/log.ts';
import { mount, unmountSync } from '../../host/mount.ts';
import { openRecords } from './index.ts';

interface Thing {
  readonly text: string;
}

/** Takes whatever room there is, to the last page. */
function fill(path: string): void {
  try {
    for (let number = 0; ; number += 1) writeFileSync(`${path}.${number}`, Buffer.alloc(4096));
  } catch (error) {
    if (!isErrno(error, 'ENOSPC')) throw error;
  }
}

test('fault R43: on a full disk records change and go, also after a reopen, what is new is refused, and nothing is lost', (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'berth-records-'));
  mount('none', folder, 'tmpfs', 0, 'size=16m');
  t.after(() => {
    unmountSync(folder);
    rmSync(folder, { recursive: true });
  });
  const file = join(folder, 'a.db');
  const text = 'x'.repeat(5000);
  {
    using records = openRecords(file, silentLog);
    const things = records.table<Thing>('things');
    for (let number = 0; number < 400; number += 1) things.put(`old-${number}`, { text });
    fill(join(folder, 'ballast'));
    let made = 0;
    assert.throws(
      () => {
        for (; made < 400; made += 1) things.put(`new-${made}`, { text });
      },
      { code: 'ENOSPC' },
    );
    for (let round = 0; round < 20; round += 1)
      for (let number = 0; number < 400; number += 1) things.put(`old-${number}`, { text: `${text}${round}` });
    for (let number = 0; number < made; number += 1) things.delete(`new-${number}`);
    for (let number = 0; number < 200; number += 1) things.delete(`old-${number}`);
    fill(join(folder, 'more'));
  }
  fill(join(folder, 'still-more'));
  using records = openRecords(file, silentLog);
  const things = records.table<Thing>('things');
  assert.deepEqual([...new Set([...things.load().values()].map((one) => one.text))], [`${text}19`]);
  assert.equal(things.load().size, 200);
  for (let number = 200; number < 400; number += 1) things.delete(`old-${number}`);
  assert.equal(things.load().size, 0);
});

test('a database that another process holds is no damaged one: it stays where it is', (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'berth-records-'));
  t.after(() => rmSync(folder, { recursive: true }));
  const file = join(folder, 'a.db');
  using records = openRecords(file, silentLog);
  records.table<Thing>('things').put('a', { text: 'kept' });
  assert.throws(() => openRecords(file, silentLog), /database is locked/);
  assert.equal(records.table<Thing>('things').load().size, 1);
});
