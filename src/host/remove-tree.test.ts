import assert from 'node:assert/strict';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { removeTree } from './remove-tree.ts';

const work = mkdtempSync(join(tmpdir(), 'remove-tree-'));
after(() => rmSync(work, { recursive: true, force: true }));

test('a tree goes, whatever its shape; what its links lead to stays', async () => {
  const kept = join(work, 'kept');
  mkdirSync(kept);
  writeFileSync(join(kept, 'file'), '');
  const tree = join(work, 'tree');
  mkdirSync(join(tree, ...Array.from({ length: 60 }, () => 'd')), { recursive: true });
  for (let at = 0; at < 600; at += 1) writeFileSync(join(tree, `file ${at}`), '');
  for (let at = 0; at < 300; at += 1) mkdirSync(join(tree, 'd', String(at)));
  symlinkSync(kept, join(tree, 'link'));
  symlinkSync('nowhere', join(tree, 'd', 'dangling'));
  await removeTree(tree);
  assert.deepEqual([existsSync(tree), readdirSync(kept)], [false, ['file']]);
});

test('names that are no UTF-8 go like others', { timeout: 10_000 }, async () => {
  const tree = join(work, 'bytes-ä');
  mkdirSync(join(tree, 'ü'), { recursive: true });
  const odd = (name: number[], ...path: string[]): Buffer =>
    Buffer.concat([Buffer.from(`${join(tree, ...path)}/`), Buffer.from(name)]);
  writeFileSync(odd([0xff]), '');
  mkdirSync(odd([0xfe], 'ü'));
  writeFileSync(odd([0xc3, 0x28], 'ü'), '');
  await removeTree(tree);
  assert.equal(existsSync(tree), false);
});

test('what is no directory goes too, and what is not there is no mistake', async () => {
  const target = join(work, 'target');
  mkdirSync(target);
  symlinkSync(target, join(work, 'alone'));
  await removeTree(join(work, 'alone'));
  assert.deepEqual([existsSync(join(work, 'alone')), existsSync(target)], [false, true]);
  await removeTree(join(work, 'alone'));
});

test('a tree that is removed twice at once goes once', async () => {
  const tree = join(work, 'twice');
  for (let at = 0; at < 50; at += 1) mkdirSync(join(tree, String(at), 'below'), { recursive: true });
  await Promise.all([removeTree(tree), removeTree(tree)]);
  assert.equal(existsSync(tree), false);
});
