import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import type { Log } from '../../base/log.ts';
import { type KeptEntry, Trees } from './trees.ts';

test('a kept tree whose list was torn is thrown away, and the next build has a new one', () => {
  const root = mkdtempSync(join(tmpdir(), 'berth-trees-'));
  const warned: string[] = [];
  const log = { warn: (text: string) => warned.push(text) } as unknown as Log;
  try {
    new Trees(root, log).hold('one').release();
    const [list = ''] = readdirSync(root).filter((name) => name.endsWith('.json'));
    writeFileSync(join(root, list), '');
    assert.deepEqual(new Trees(root, log).list(), []);
    assert.deepEqual(readdirSync(root), []);

    new Trees(root, log).hold('one').release();
    writeFileSync(join(root, readdirSync(root).find((name) => name.endsWith('.json')) ?? ''), '[');
    const held = new Trees(root, log).hold('one');
    assert.equal(held.entries.size, 0);
    held.release();
    assert.equal(warned.length, 2);
  } finally {
    rmSync(root, { recursive: true, force: true });
  }
});

test('what a kept tree holds is known again when its list was forgotten, as by a daemon that started again', () => {
  const root = mkdtempSync(join(tmpdir(), 'berth-trees-'));
  const log = { warn: (text: string) => assert.fail(text) } as unknown as Log;
  const file: KeptEntry = {
    type: 'file',
    mode: 0o644,
    size: 1,
    sha256: '',
    linkname: '',
    uid: 0,
    gid: 0,
    modTime: '1',
    major: 0,
    minor: 0,
    hardlink: '',
    xattrs: new Map([['user.a', 'b']]),
  };
  try {
    const first = new Trees(root, log).hold('one');
    first.changing();
    first.changed(new Map([['a', file]]));
    first.release();
    const again = new Trees(root, log).hold('one');
    assert.equal(again.directory, first.directory);
    assert.deepEqual(again.entries, new Map([['a', file]]));
    again.release();
  } finally {
    rmSync(root, { recursive: true, force: true });
  }
});
