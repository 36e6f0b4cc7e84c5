import assert from 'node:assert/strict';
import { test } from 'node:test';
import { keys } from '../model/objects.ts';
import { checkBackup } from './backup.ts';

const backup = (...more: readonly object[]) => ({
  schema: 1,
  time: '2026-01-01T00:00:00Z',
  cluster: 'c',
  sealKey: 'k',
  revision: 7,
  entries: [{ key: keys.cluster, value: '{}' }, ...more],
});
const value = JSON.stringify({ schema: 1, value: 'eA==', attempt: 'a' });

test("a backup holds the cluster's objects, and keys of applications that can be read", () => {
  assert.equal(checkBackup(backup({ key: keys.value('app/x'), value })).entries.length, 2);
  for (const entry of [
    { key: keys.value('app/x'), value: 'x' },
    { key: keys.value('app/x'), value: 'null' },
    { key: keys.value('app/x'), value: '{"value":7}' },
    { key: keys.value('app/x'), value: '{"value":"","lease":7}' },
    // whoever has such a key may end the lease of that number, be it a manager's
    { key: keys.lease('1'), value: '{"seconds":9,"owner":""}' },
    { key: '/elsewhere', value },
    { key: 7, value },
    { key: keys.cluster },
  ])
    assert.throws(() => checkBackup(backup(entry)), { kind: 'invalid' }, JSON.stringify(entry));
  assert.throws(() => checkBackup({ ...backup(), entries: [] }), { kind: 'invalid' });
});
