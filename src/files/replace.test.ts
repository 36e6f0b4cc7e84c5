import assert from 'node:assert/strict';
import {
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, test } from 'node:test';
import { openResult, putResult, replaceFile } from './replace.ts';

let work = '';
beforeEach(() => {
  work = mkdtempSync(join(tmpdir(), 'replace-'));
  writeFileSync(join(work, 'victim'), 'original');
});
afterEach(() => rmSync(work, { recursive: true, force: true }));

test('safety L5: a link in the place of a result is replaced and not followed', () => {
  for (const put of [(path: string) => putResult(path, 'new'), (path: string) => replaceFile(path, 'new', 0o600)]) {
    const path = join(work, 'result');
    rmSync(path, { force: true });
    symlinkSync(join(work, 'victim'), path);
    put(path);
    assert.deepEqual([readFileSync(path, 'utf8'), lstatSync(path).isFile()], ['new', true]);
    assert.equal(readFileSync(join(work, 'victim'), 'utf8'), 'original');
  }
});

test('safety L5: what was not finished leaves what was there, and nothing else', () => {
  const path = join(work, 'victim');
  {
    using file = openResult(path);
    file.write('half');
  }
  assert.deepEqual([readdirSync(work), readFileSync(path, 'utf8')], [['victim'], 'original']);
  const folder = join(work, 'folder');
  mkdirSync(folder);
  assert.throws(() => putResult(folder, 'x'));
  assert.deepEqual(readdirSync(work).sort(), ['folder', 'victim']);
});

test('devices and pipes are written as they are', () => {
  putResult('/dev/null', 'x');
  assert.ok(lstatSync('/dev/null').isCharacterDevice());
});
