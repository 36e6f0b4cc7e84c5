import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { unmountSync } from './mount.ts';
import { mountLayers, mountOverlay } from './overlay.ts';

test('125 layers are mounted wherever the data root is and whatever it is called, and no descriptor stays open', (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'berth-overlay,a:b-'));
  const deep = join(folder, ...Array.from({ length: 6 }, () => 'a-name-of-some-length'));
  t.after(() => rmSync(folder, { recursive: true }));
  const lowerDirs = Array.from({ length: 125 }, (_, number) => join(deep, `layer-${number}`));
  for (const [number, layer] of lowerDirs.entries()) {
    mkdirSync(layer, { recursive: true });
    writeFileSync(join(layer, `file-${number}`), '');
  }
  const [merged, upper, work] = ['merged', 'upper', 'work'].map((name) => join(folder, name)) as [
    string,
    string,
    string,
  ];
  for (const one of [merged, upper, work]) mkdirSync(one);
  const descriptors = readdirSync('/proc/self/fd').length;
  for (const mountAll of [
    () => mountOverlay({ lowerDirs, upper, work, volatile: false }, merged),
    () => mountLayers(lowerDirs, merged),
  ]) {
    mountAll();
    try {
      assert.equal(readdirSync(merged).length, 125);
    } finally {
      unmountSync(merged);
    }
  }
  assert.equal(readdirSync('/proc/self/fd').length, descriptors);
});
