// Mount points are directories of the root itself.
import assert from 'node:assert/strict';
import { lstatSync, mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { makeMountPoints } from './mount-points.ts';

test('fault R35: a link or a file at /dev, /proc or /sys becomes a directory, and what a link leads to stays as it is', () => {
  const folder = mkdtempSync(join(tmpdir(), 'mount-points-'));
  try {
    const root = join(folder, 'root');
    mkdirSync(join(root, 'sys/kept'), { recursive: true });
    mkdirSync(join(folder, 'outside'));
    symlinkSync('../outside', join(root, 'dev'));
    writeFileSync(join(root, 'proc'), '');
    makeMountPoints(root);
    for (const place of ['dev', 'proc', 'sys']) assert.ok(lstatSync(join(root, place)).isDirectory(), place);
    assert.deepEqual([readdirSync(join(root, 'sys')), readdirSync(join(folder, 'outside'))], [['kept'], []]);
  } finally {
    rmSync(folder, { recursive: true });
  }
});
