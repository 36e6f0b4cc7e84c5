import assert from 'node:assert/strict';
import { test } from 'node:test';
import { byteRange } from './byte-range.ts';
import { matchesEtag } from './conditional.ts';

test('a range is cut to what there is, and refused beyond it', () => {
  assert.deepEqual(byteRange('bytes=5-9', 100), { kind: 'part', start: 5, end: 9 });
  assert.deepEqual(byteRange('bytes=90-', 100), { kind: 'part', start: 90, end: 99 });
  assert.deepEqual(byteRange('bytes=-10', 100), { kind: 'part', start: 90, end: 99 });
  assert.deepEqual(byteRange('bytes=-500', 100), { kind: 'part', start: 0, end: 99 });
  assert.deepEqual(byteRange('bytes=50-1000', 100), { kind: 'part', start: 50, end: 99 });
  for (const header of ['bytes=100-', 'bytes=9-5', 'bytes=-0'])
    assert.equal(byteRange(header, 100).kind, 'unsatisfiable', header);
});

test('what is no single range of bytes means the whole', () => {
  for (const header of [undefined, '', 'bytes=-', 'items=1-2', 'bytes=1-2,4-5', 'bytes=a-b'])
    assert.equal(byteRange(header, 100).kind, 'whole', header);
});

test('an entity tag is found in a list, weak or with a star', () => {
  assert.ok(matchesEtag('"a", W/"b"', '"b"'));
  assert.ok(matchesEtag('*', '"b"'));
  assert.ok(!matchesEtag('"a"', '"b"'));
  assert.ok(!matchesEtag(undefined, '"b"'));
});
