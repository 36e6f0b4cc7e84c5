import assert from 'node:assert/strict';
import { Readable } from 'node:stream';
import { test } from 'node:test';
import { gzipSync, zstdCompressSync } from 'node:zlib';
import fc from 'fast-check';
import { diffImages, readPackages } from './diff.ts';
import { type LayerFile, listLayer } from './list-layer.ts';
import { instructionOf, readConfig } from './read-config.ts';
import { childrenOf, mergeLayers, openHeavy } from './tree.ts';
import { archive } from './testing.ts';
import { treemap } from './treemap.ts';

const file = (path: string, size = 1, mark = 'a'): LayerFile => ({ path, type: 'file', size, mark });
const gone = (path: string): LayerFile => ({ path, type: 'removed', size: 0, mark: '' });

test('a layer is listed whatever it is packed with, in pieces of any length', async () => {
  const status = 'Package: bash\nStatus: install ok installed\nVersion: 5.2\n';
  const plain = archive({
    './etc/': '',
    'etc/passwd': 'root',
    'etc/.wh.shadow': '',
    'tmp/.wh..wh..opq': '',
    'var/lib/dpkg/status': status,
  });
  for (const content of [plain, gzipSync(plain), zstdCompressSync(plain)])
    for (const length of [1, 511, 100_000]) {
      const pieces = Array.from({ length: Math.ceil(content.length / length) }, (_, index) =>
        content.subarray(index * length, (index + 1) * length),
      );
      const { files, packages } = await listLayer(Readable.from(pieces, { objectMode: false }));
      assert.deepEqual(
        files.map(({ path, type, size }) => [path, type, size]),
        [
          ['etc', 'directory', 0],
          ['etc/passwd', 'file', 4],
          ['etc/shadow', 'removed', 0],
          ['tmp', 'emptied', 0],
          ['var/lib/dpkg/status', 'file', status.length],
        ],
      );
      assert.equal(readPackages(packages).get('bash'), '5.2');
    }
});

test('an archive that is broken off, or none, is an error and no empty list', async () => {
  const plain = archive({ a: 'x'.repeat(2000) });
  for (const content of [plain.subarray(0, 1000), gzipSync(plain).subarray(0, 40), Buffer.from('x'.repeat(600))])
    await assert.rejects(listLayer(Readable.from([content], { objectMode: false })));
});

test('layers lie over each other: whiteouts remove what is below, not what is beside', () => {
  const merged = mergeLayers([
    [{ path: 'a', type: 'directory', size: 0, mark: '' }, file('a/x'), file('a/y/z'), file('b'), file('c/d')],
    [gone('a'), file('a/new'), { path: 'c', type: 'emptied', size: 0, mark: '' }, file('c/e'), file('b', 5)],
  ]);
  assert.deepEqual([...merged.keys()].sort(), ['a/new', 'b', 'c/e']);
  assert.equal(merged.get('b')?.size, 5);
});

test('a folder weighs what is below it, and heavy ones are opened in the map', () => {
  const files = [file('usr/lib/a', 70), file('usr/bin/b', 20), file('etc/c', 10)];
  assert.deepEqual(
    childrenOf(files, '').map(({ path, size, isFolder }) => [path, size, isFolder]),
    [
      ['usr', 90, true],
      ['etc', 10, true],
    ],
  );
  assert.deepEqual(
    openHeavy(files, childrenOf(files, '')).map(({ path }) => path),
    ['usr/lib/a', 'usr/bin/b', 'etc'],
  );
});

test('the tiles of a map fill it, each as large as its weight says, and none lies over another', () => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 0, max: 1e9 }), { maxLength: 40 }), (sizes) => {
      const items = sizes.sort((a, b) => b - a).map((size) => ({ size }));
      const tiles = treemap(items, 960, 460);
      const total = sizes.reduce((sum, size) => sum + size, 0);
      for (const { item, x, y, width, height } of tiles) {
        const area = (item.size / total) * 960 * 460;
        assert.ok(Math.abs(width * height - area) < 1e-3 * area + 1e-3);
        assert.ok(x >= -0.01 && y >= -0.01 && x + width <= 960.01 && y + height <= 460.01);
      }
      for (const [index, a] of tiles.entries())
        for (const b of tiles.slice(index + 1))
          assert.ok(
            Math.min(a.x + a.width, b.x + b.width) - Math.max(a.x, b.x) < 0.01 ||
              Math.min(a.y + a.height, b.y + b.height) - Math.max(a.y, b.y) < 0.01,
          );
    }),
  );
});

test('a diff names packages, settings and files that are others', () => {
  const config = (env: string[]) => readConfig(Buffer.from(JSON.stringify({ os: 'linux', config: { Env: env } })));
  const packages = (version: string): string =>
    `Package: openssl\nStatus: install ok installed\nVersion: ${version}\n\nPackage: old\nStatus: deinstall ok config-files\nVersion: 1\n`;
  const diff = diffImages(
    {
      files: mergeLayers([[file('a'), file('b', 1, 'x'), file('c')]]),
      packages: packages('3.0.1'),
      config: config(['A=1', 'B=2']),
    },
    {
      files: mergeLayers([[file('a'), file('b', 1, 'y'), file('d', 7)]]),
      packages: packages('3.0.2'),
      config: config(['A=1', 'B=3']),
    },
  );
  assert.deepEqual(diff.packages, [{ name: 'openssl', before: '3.0.1', after: '3.0.2' }]);
  assert.deepEqual(diff.settings, [{ name: 'Env B', before: '2', after: '3' }]);
  assert.deepEqual(
    diff.files.map(({ path, kind }) => `${kind} ${path}`),
    ['changed b', 'removed c', 'added d'],
  );
  assert.deepEqual([diff.sizeBefore, diff.sizeAfter], [3, 9]);
});

test('a history line is shown as the Dockerfile had it', () => {
  const shown = (createdBy: string): string =>
    instructionOf({ createdBy, createdAt: undefined, comment: '', isEmpty: false });
  assert.equal(shown('/bin/sh -c #(nop)  CMD ["bash"]'), 'CMD ["bash"]');
  assert.equal(shown('/bin/sh -c apt-get update'), 'RUN apt-get update');
  assert.equal(shown('|1 A=1 /bin/sh -c make'), 'RUN make');
  assert.equal(shown('COPY . /app # buildkit'), 'COPY . /app');
  assert.equal(shown('RUN echo /bin/sh -c x'), 'RUN echo /bin/sh -c x');
});

test('what is broken in a configuration is left out, never an error', () => {
  for (const text of ['', '[]', '{"history":3,"config":[]}', '{"created":"yesterday","config":{"Labels":{"a":1}}}'])
    assert.deepEqual(readConfig(Buffer.from(text))?.labels ?? {}, {});
});
