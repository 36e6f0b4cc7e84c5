import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { readBounded } from './read-bounded.ts';

test('safety L9: a file that is larger than its bound is refused before it is read', () => {
  const folder = mkdtempSync(join(tmpdir(), 'berth-bounded-'));
  try {
    const path = join(folder, 'hosts');
    writeFileSync(path, '127.0.0.1 a\n');
    assert.equal(readBounded(path, 12), '127.0.0.1 a\n');
    assert.throws(() => readBounded(path, 11), { kind: 'invalid', message: `${path} is larger than 11 bytes` });
    truncateSync(path, 2 ** 40);
    assert.throws(() => readBounded(path, 1024), { kind: 'invalid' });
  } finally {
    rmSync(folder, { recursive: true });
  }
});
