import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import fc from 'fast-check';
import { BerthError } from '../../base/errors.ts';
import { sha256 } from '../../base/ids.ts';
import { DAMAGE, damaged } from '../../registry/client/testing.ts';
import { MEDIA } from '../../spec/oci/index.ts';
import { Archive } from './archive.ts';
import { hasIndexes, readOciLayout } from './oci.ts';

const directory = mkdtempSync(join(tmpdir(), 'oci-'));
after(() => rmSync(directory, { recursive: true }));

/** An archive of documents; the digests of the blobs are right. */
function archiveOf(index: unknown, ...blobs: unknown[]): Archive {
  const texts = blobs.map((blob) => JSON.stringify(blob));
  const files = [
    ['index.json', JSON.stringify(index)] as const,
    ...texts.map((text) => [`blobs/sha256/${sha256(Buffer.from(text)).slice(7)}`, text] as const),
  ];
  for (const [at, [, text]] of files.entries()) writeFileSync(join(directory, String(at)), text);
  return new Archive(directory, new Map(files.map(([name, text], file) => [name, { file, size: text.length }])));
}

const pointer = (blob: unknown, more: object = {}): object => {
  const text = JSON.stringify(blob);
  return { mediaType: MEDIA.manifest, digest: sha256(Buffer.from(text)), size: text.length, ...more };
};

const config = { os: 'linux', architecture: 'amd64' };
const image = {
  schemaVersion: 2,
  config: pointer(config, { mediaType: MEDIA.config }),
  layers: [pointer('layer', { mediaType: MEDIA.layer })],
};
const inner = { schemaVersion: 2, manifests: [pointer(image, { platform: config })] };
const layout = {
  schemaVersion: 2,
  manifests: [
    pointer(image, { annotations: { 'io.containerd.image.name': 'docker.io/library/a:1' } }),
    pointer(inner, { mediaType: MEDIA.index, annotations: { 'org.opencontainers.image.ref.name': 'b:2' } }),
  ],
};

test('a layout is read with its names, also when its documents do not say what they are', async () => {
  const found = await readOciLayout(archiveOf(layout, image, inner, config, 'layer'), undefined);
  assert.deepEqual(
    found.map(({ names }) => names),
    [['docker.io/library/a:1'], ['b:2']],
  );
  assert.ok(found[0] && 'config' in found[0] && found[1] && 'images' in found[1]);
});

const BROKEN: [index: unknown, message: RegExp][] = [
  [null, /holds no image/],
  [{}, /holds no image/],
  [{ manifests: null }, /holds no image/],
  [{ manifests: [] }, /holds no image/],
  [[], /not an object/],
  ['x', /not an object/],
  [{ manifests: {} }, /manifests is no list/],
  [{ manifests: 'x' }, /manifests is no list/],
  [{ manifests: [null] }, /manifests has no descriptor/],
  [{ manifests: [{}] }, /unsupported digest/],
  [{ manifests: [pointer(image, { digest: 'sha256:../../etc/passwd' })] }, /unsupported digest/],
  [{ manifests: [pointer(image, { annotations: { 'io.containerd.image.name': 7 } })] }, /is no text/],
  [{ manifests: [pointer(image, { annotations: 'x' })] }, /is no object/],
  [{ manifests: [pointer('absent')] }, /no such file or directory/],
  [{ manifests: [pointer(7)] }, /not an object/],
  [{ manifests: [pointer({ layers: [] })] }, /is not one of an image/],
  [{ manifests: [pointer({ ...image, config: { ...image.config, mediaType: 7 } })] }, /is no text/],
  [{ manifests: [pointer({ ...image, layers: [null] })] }, /layers has no descriptor/],
  [{ manifests: [pointer({ ...image, manifests: [] })] }, /ambiguous/],
  [{ manifests: [pointer({ ...image, Layers: [] })] }, /ambiguous/],
];

test('fault I21: a broken layout is refused, and says why', async () => {
  const blobs = [
    7,
    { layers: [] },
    { ...image, config: { ...image.config, mediaType: 7 } },
    { ...image, layers: [null] },
    { ...image, manifests: [] },
    { ...image, Layers: [] },
  ];
  for (const [index, message] of BROKEN) {
    const archive = archiveOf(index, image, config, ...blobs);
    await assert.rejects(readOciLayout(archive, undefined), { kind: 'invalid', message }, JSON.stringify(index));
    assert.equal(await hasIndexes(archive), false, JSON.stringify(index));
  }
});

test('fault I21: a layout that was damaged anywhere is refused, or is read', async () => {
  await fc.assert(
    fc.asyncProperty(fc.constantFrom('layout', 'image', 'inner'), DAMAGE, async (which, damage) => {
      const ownImage = which === 'image' ? damaged(image, damage) : image;
      const good = { schemaVersion: 2, manifests: [pointer(ownImage, { platform: config })] };
      const ownInner = which === 'inner' ? damaged(good, damage) : good;
      const top = { schemaVersion: 2, manifests: [pointer(ownImage), pointer(ownInner, { mediaType: MEDIA.index })] };
      const archive = archiveOf(which === 'layout' ? damaged(top, damage) : top, ownImage, ownInner, config, 'layer');
      try {
        await hasIndexes(archive);
        await readOciLayout(archive, undefined);
      } catch (error) {
        assert.ok(error instanceof BerthError, String(error));
      }
    }),
    { numRuns: 500 },
  );
});
