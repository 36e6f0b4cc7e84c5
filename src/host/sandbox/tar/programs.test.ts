// Archives as programs write them; testdata/README.md says which wrote what.
import assert from 'node:assert/strict';
import { globSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { gunzipSync } from 'node:zlib';
import { dump } from './listing.ts';

const data = join(import.meta.dirname, 'testdata');

test('what programs write is read, or refused, as the golden text says', () => {
  const files = globSync('*.tar.gz', { cwd: data }).toSorted();
  const found = files.map(
    (file) => `${file.replace('.tar.gz', '')}\n${dump(gunzipSync(readFileSync(join(data, file))))}`,
  );
  const golden = join(data, 'programs.txt');
  if (process.env['UPDATE_GOLDEN']) writeFileSync(golden, found.join('\n'));
  assert.equal(found.join('\n'), readFileSync(golden, 'utf8'), 'UPDATE_GOLDEN=1 writes it');
});
