import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Digest } from '../base/ids.ts';
import { chainOf, chainsOf } from './chain.ts';
import { collectionText, planCollection } from './gc.ts';

const id = (name: string): Digest => `sha256:${name}`;
const layers = new Map([
  [id('base'), { blob: { digest: id('B') } }],
  [id('mid'), { parent: id('base'), blob: { digest: id('M') } }],
  [id('top'), { parent: id('mid'), blob: { digest: id('T') } }],
  [id('other'), { parent: id('base'), blob: { digest: id('M') } }],
]);
const blobs = ['B', 'M', 'T', 'cfg', 'old'].map(id);
const by = (...names: string[]) => names.map((name) => ({ digest: id(name), by: `image of ${name}` }));

test('what a root stands on is kept, upper layers go before lower ones, each with its reason', () => {
  assert.equal(
    collectionText(planCollection({ roots: by('other'), blobRoots: by('cfg'), layers, blobs })),
    `remove  layer sha256:top  # nothing needs it
remove  layer sha256:mid  # nothing needs it
keep    layer sha256:other  # image of other
keep    layer sha256:base  # below sha256:other
keep    blob sha256:B  # archive of layer sha256:base
keep    blob sha256:M  # archive of layer sha256:other
remove  blob sha256:T  # nothing needs it
keep    blob sha256:cfg  # image of cfg
remove  blob sha256:old  # nothing needs it
`,
  );
});

test('nothing needed, everything goes; everything needed, nothing goes', () => {
  const gone = (plan: ReturnType<typeof planCollection>) =>
    plan.filter(({ keep }) => !keep).map(({ digest }) => digest);
  assert.deepEqual(gone(planCollection({ roots: [], blobRoots: [], layers, blobs: [] })), [
    id('top'),
    id('mid'),
    id('other'),
    id('base'),
  ]);
  const all = { roots: by('top', 'other'), blobRoots: by('B', 'M', 'T', 'cfg', 'old') };
  assert.deepEqual(gone(planCollection({ ...all, layers, blobs })), []);
});

test('chain IDs are as the OCI image specification computes them', () => {
  const [a, b] = [id('a'.repeat(64)), id('b'.repeat(64))];
  assert.equal(chainOf(undefined, a), a);
  assert.deepEqual(chainsOf([a, b]), [a, chainOf(a, b)]);
});
