import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { readKeyValueFile } from './index.ts';

const folder = mkdtempSync(join(tmpdir(), 'berth-env-'));
after(() => rmSync(folder, { recursive: true, force: true }));

function read(content: string | Buffer): string[] {
  writeFileSync(join(folder, 'env'), content);
  return readKeyValueFile(join(folder, 'env'), (key) => (key === 'HERE' ? 'yes' : undefined));
}

test('an env file has pairs, comments, names of variables, and may begin with a byte order mark', () => {
  assert.deepEqual(read('\ufeffA=1\r\n# no\n  B= x \nHERE\nGONE\n\n'), ['A=1', 'B= x ', 'HERE=yes']);
});

test('users E14: an env file that is no UTF-8 is refused with the bytes of the line', () => {
  assert.throws(
    () => read(Buffer.from('A=1\nB=caf\xe9\nC=2', 'latin1')),
    /: invalid utf8 bytes at line 2: \[66 61 99 97 102 233\]$/,
  );
});
