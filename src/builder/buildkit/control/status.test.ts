import assert from 'node:assert/strict';
import { test } from 'node:test';
import { gather } from './status.ts';

test('a finding of the checks says its rule and its line, a warning about no line only what it says', () => {
  const common = { kind: 'warning', vertex: 'sha256:1', detail: [], url: '', source: new Uint8Array() } as const;
  const { warnings = [] } = gather([
    { ...common, rule: 'R', short: 'a finding', file: 'Dockerfile', ranges: [{ startLine: 44, endLine: 45 }] },
    { ...common, rule: 'CacheImport', short: 'no cache', file: '', ranges: [] },
  ]);
  assert.deepEqual(
    warnings.map(({ short }) => Buffer.from(short).toString()),
    ['R: a finding (line 44)', 'no cache'],
  );
});
