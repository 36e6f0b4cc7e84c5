import assert from 'node:assert/strict';
import { chmodSync, chownSync, lchownSync, mkdirSync, mkdtempSync, rmSync, statSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { replaceableOnTheWay, secureDataRoot, secureExecRoot } from './directories.ts';

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

test('who could put something else in the place of a root, or of a link on the way to it, is found', (t) => {
  const root = mkdtempSync('/tmp/berth-ways-');
  t.after(() => rmSync(root, { recursive: true }));
  const [real, other, link] = [join(root, 'a/real'), join(root, 'b'), join(root, 'b/link')];
  mkdirSync(real, { recursive: true });
  mkdirSync(other);
  symlinkSync(real, link);
  for (const path of [real, link]) assert.equal(replaceableOnTheWay(path), undefined);
  // the directory that has the link, then the one that has what it leads to
  chownSync(other, 65534, 65534);
  assert.equal(replaceableOnTheWay(link), link);
  assert.equal(replaceableOnTheWay(real), undefined);
  chownSync(other, 0, 0);
  chmodSync(join(root, 'a'), 0o777);
  assert.equal(replaceableOnTheWay(link), real);
  chmodSync(join(root, 'a'), 0o1777);
  assert.equal(replaceableOnTheWay(link), undefined);
  // in a sticky directory a name belongs to who made it
  chmodSync(other, 0o1777);
  lchownSync(link, 65534, 65534);
  assert.equal(replaceableOnTheWay(link), link);
  assert.equal(replaceableOnTheWay('/tmp'), undefined);
});
