import assert from 'node:assert/strict';
import { linkSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { after, test } from 'node:test';
import { walk } from './walk.ts';

const root = mkdtempSync(join(tmpdir(), 'berth-walk-'));
after(() => rmSync(root, { recursive: true, force: true }));

for (const path of [
  'a.txt',
  'src/deep/app.ts',
  'src/deep/app.js',
  'src/other.js',
  'node_modules/x/index.js',
  'ö/é',
  'z-last',
]) {
  mkdirSync(join(root, dirname(path)), { recursive: true });
  writeFileSync(join(root, path), path);
}
symlinkSync('a.txt', join(root, 'link'));
mkdirSync(join(root, 'empty'));

const paths = (...exclude: string[]): string[] =>
  [...walk(root, exclude)].map(([type, path]) => `${type} ${Buffer.from(path, 'latin1').toString()}`);

test('directories come before what is in them, and names are bytes', () => {
  assert.deepEqual(paths('node_modules'), [
    'f a.txt',
    'd empty',
    'l link',
    'd src',
    'd src/deep',
    'f src/deep/app.js',
    'f src/deep/app.ts',
    'f src/other.js',
    'f z-last',
    'd ö',
    'f ö/é',
  ]);
});

test('what is kept of an ignored directory brings the directories above it, and no others', () => {
  assert.deepEqual(paths('*', '!src/deep/*.ts', '!link'), ['l link', 'd src', 'd src/deep', 'f src/deep/app.ts']);
  assert.deepEqual(paths('*', '!**/index.js'), ['d node_modules', 'd node_modules/x', 'f node_modules/x/index.js']);
  assert.deepEqual(paths('*'), []);
});

test('size, mode, target', () => {
  const entries = new Map([...walk(root, [])].map((entry) => [entry[1], entry]));
  assert.equal(entries.get('a.txt')?.[3], 5);
  assert.equal(entries.get('link')?.[5], 'a.txt');
  assert.equal(entries.get('src')?.[3], 0);
});

test('users B10: a file with several names is sent once, whatever is ignored of them', () => {
  const folder = mkdtempSync(join(tmpdir(), 'walk-'));
  writeFileSync(join(folder, 'a'), 'content');
  for (const name of ['b', 'c']) linkSync(join(folder, 'a'), join(folder, name));
  const sent = (...exclude: string[]): string[] => [...walk(folder, exclude)].map((entry) => `${entry[1]} ${entry[5]}`);
  try {
    assert.deepEqual(sent(), ['a ', 'b a', 'c a']);
    assert.deepEqual(sent('a'), ['b ', 'c b']);
  } finally {
    rmSync(folder, { recursive: true });
  }
});
