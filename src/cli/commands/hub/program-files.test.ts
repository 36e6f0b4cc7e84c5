// Which of the bundles in dist/ a hub in a container needs.
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { reachable } from './program-files.ts';

test('what the program loads is taken, and chunks of earlier builds are not', (t) => {
  const dist = mkdtempSync(join(tmpdir(), 'berth-dist-'));
  t.after(() => rmSync(dist, { recursive: true }));
  const texts = {
    'berth.cjs': `require('./main-berth.cjs');`,
    'main-berth.cjs': `import("./hub.mjs")`,
    'hub.mjs': `await import('./main-hub.mjs')`,
    'main-hub.mjs': `import{a}from"./chunk-NEW.mjs";new URL("./hash.worker.mjs",import.meta.url);import("./gone.mjs")`,
    'chunk-NEW.mjs': `import"./main-hub.mjs"`,
    'hash.worker.mjs': '',
    'chunk-OLD.mjs': `import"./chunk-NEW.mjs"`,
  };
  for (const [name, text] of Object.entries(texts)) writeFileSync(join(dist, name), text);
  assert.deepEqual(
    reachable(dist, ['berth.cjs', 'hub.mjs']),
    Object.keys(texts)
      .filter((name) => name !== 'chunk-OLD.mjs')
      .toSorted(),
  );
});
