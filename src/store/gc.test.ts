import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Digest } from '../base/ids.ts';
import { chainOf, chainsOf } from './chain.ts';
import { findGarbage } from './gc.ts';

const id = (name: string): Digest => `sha256:${name}`;
const layers = new Map([
  [id('base'), { blob: { digest: id('B') } }],
  [id('mid'), { parent: id('base'), blob: { digest: id('M') } }],
  [id('top'), { parent: id('mid'), blob: { digest: id('T') } }],
  [id('other'), { parent: id('base'), blob: { digest: id('M') } }],
]);
const blobs = ['B', 'M', 'T', 'cfg', 'old'].map(id);

test('what a root stands on is kept, upper layers go before lower ones', () => {
  assert.deepEqual(findGarbage({ roots: [id('other')], blobRoots: [id('cfg')], layers, blobs }), {
    layers: [id('top'), id('mid')],
    blobs: [id('T'), id('old')],
  });
  assert.deepEqual(findGarbage({ roots: [], blobRoots: [], layers, blobs }).layers, [
    id('top'),
    id('mid'),
    id('other'),
    id('base'),
  ]);
  assert.deepEqual(findGarbage({ roots: [id('top'), id('other')], blobRoots: blobs, layers, blobs }), {
    layers: [],
    blobs: [],
  });
});

test('chain IDs are as the OCI image specification computes them', () => {
  const [a, b] = [id('a'.repeat(64)), id('b'.repeat(64))];
  assert.equal(chainOf(undefined, a), a);
  assert.deepEqual(chainsOf([a, b]), [a, chainOf(a, b)]);
});
