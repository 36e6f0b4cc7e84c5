import assert from 'node:assert/strict';
import { chmodSync, chownSync, mkdirSync, mkdtempSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { secureDataRoot, secureExecRoot } from './directories.ts';

const modeOf = (path: string): string => (statSync(path).mode & 0o7777).toString(8);

test('safety M5: roots that are there already lose what others could do', (t) => {
  const root = mkdtempSync('/tmp/berth-modes-');
  t.after(() => rmSync(root, { recursive: true }));
  const [data, exec] = [join(root, 'data'), join(root, 'exec')];
  mkdirSync(join(data, 'volumes'), { recursive: true });
  mkdirSync(exec);
  for (const one of [data, join(data, 'volumes'), exec]) {
    chmodSync(one, 0o777);
    chownSync(one, 65534, 65534);
  }
  secureDataRoot(data);
  secureExecRoot(exec);
  assert.deepEqual([modeOf(data), modeOf(join(data, 'volumes')), modeOf(exec)], ['710', '700', '711']);
  assert.deepEqual([statSync(data).uid, statSync(exec).gid], [0, 0]);
});

test('safety M5: roots that are there already and stricter stay so', (t) => {
  const root = mkdtempSync('/tmp/berth-modes-');
  t.after(() => rmSync(root, { recursive: true }));
  chmodSync(root, 0o700);
  secureDataRoot(root);
  secureExecRoot(root);
  assert.equal(modeOf(root), '700');
});

test('safety M5: a directory of the whole system is no root of the daemon', (t) => {
  const shared = mkdtempSync('/tmp/berth-modes-');
  t.after(() => rmSync(shared, { recursive: true }));
  chmodSync(shared, 0o1777);
  for (const one of [shared, '/']) assert.throws(() => secureDataRoot(one), /is shared with others/);
  assert.equal(modeOf(shared), '1777');
});
