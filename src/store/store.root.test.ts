import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { constants, gzipSync, zstdCompressSync } from 'node:zlib';
import { silentLog } from '../base/log.ts';
import { TAR_TRAILER, tarHeader, tarPadding } from '../host/sandbox/index.ts';
import { openStore } from './index.ts';

let work = '';
before(() => {
  work = mkdtempSync(join(tmpdir(), 'store-'));
});
after(() => rmSync(work, { recursive: true, force: true }));

const plain = Buffer.concat([
  tarHeader({ name: 'f', type: 'file', size: 3 }),
  Buffer.from('abc'),
  Buffer.alloc(tarPadding(3)),
  TAR_TRAILER,
]);
const diffId = `sha256:${createHash('sha256').update(plain).digest('hex')}` as const;

async function* source(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += 100) yield bytes.subarray(at, at + 100);
}

test('a layer has one directory however it was compressed, and gives its archive back', async () => {
  const root = join(work, 'a');
  using store = await openStore(root, silentLog);
  using lease = store.leases.take();
  const forms = [
    plain,
    gzipSync(plain),
    zstdCompressSync(plain),
    execFileSync('xz', { input: plain }),
    execFileSync('bzip2', { input: plain }),
  ];
  for (const bytes of forms) {
    const layer = await store.layers.register(undefined, source(bytes), lease);
    assert.deepEqual([layer.chain, layer.diffId, layer.size], [diffId, diffId, 3]);
    assert.equal(readFileSync(join(store.layers.directory(layer), 'f'), 'utf8'), 'abc');
    const back = [];
    for await (const chunk of store.layers.archive(layer)) back.push(chunk);
    assert.ok(Buffer.concat(back).equals(plain));
  }
  assert.deepEqual([readdirSync(store.paths.layers).length, readdirSync(store.paths.temporary).length], [1, 0]);
  assert.equal(statSync(root).mode & 0o777, 0o700);
});

test('fault I11: content with another digest than promised leaves nothing behind', async () => {
  using store = await openStore(join(work, 'b'), silentLog);
  using lease = store.leases.take();
  await assert.rejects(
    store.layers.register(undefined, source(plain), lease, { diffId: `sha256:${'0'.repeat(64)}` }),
    /expected/,
  );
  await assert.rejects(store.layers.register(undefined, source(gzipSync(plain).subarray(0, 60)), lease), {
    kind: 'invalid',
  });
  await assert.rejects(store.layers.register(undefined, source(plain.subarray(0, 514)), lease), /unexpected EOF/);
  assert.deepEqual(
    [readdirSync(store.paths.layers), readdirSync(store.paths.temporary), store.blobs.list()],
    [[], [], []],
  );
});

test('fault T9: a bomb of zeros needs no memory of its size, a window above 128 MiB is refused', async () => {
  using store = await openStore(join(work, 'c'), silentLog);
  using lease = store.leases.take();
  const size = 300 * 1024 * 1024;
  const bomb = gzipSync(
    Buffer.concat([tarHeader({ name: 'zeros', type: 'file', size }), Buffer.alloc(size), TAR_TRAILER]),
    { level: 1 },
  );
  const before = process.memoryUsage().rss;
  await store.layers.register(undefined, source(bomb), lease);
  assert.ok(process.memoryUsage().rss - before < 150 * 1024 * 1024);
  const wide = zstdCompressSync(Buffer.alloc(1024, plain), {
    params: { [constants.ZSTD_c_windowLog]: 30 },
    pledgedSrcSize: 1024,
  });
  // the frame says how large its window is only when it may be needed
  const wanted = Buffer.from(wide);
  wanted[4] = 0x00;
  wanted[5] = 0xa0;
  await assert.rejects(store.layers.register(undefined, source(wanted), lease), { kind: 'invalid' });
});

test('what was half done at a crash is gone at the next start; a lost layer is unpacked again', async () => {
  const root = join(work, 'd');
  let directory = '';
  {
    using store = await openStore(root, silentLog);
    using lease = store.leases.take();
    const layer = await store.layers.register(undefined, source(gzipSync(plain)), lease);
    directory = store.layers.directory(layer);
    mkdirSync(join(store.paths.layers, '+deadbeef'));
    mkdirSync(join(store.paths.layers, '0123456789ab'));
    writeFileSync(join(store.paths.temporary, 'half'), 'x');
    writeFileSync(join(store.paths.tarSplit, '0123456789ab'), 'x');
  }
  rmSync(directory, { recursive: true });
  using store = await openStore(root, silentLog);
  assert.deepEqual(readdirSync(store.paths.temporary), []);
  assert.deepEqual(readdirSync(store.paths.tarSplit), [store.layers.get(diffId)?.name]);
  assert.deepEqual(readdirSync(store.paths.layers), [store.layers.get(diffId)?.name]);
  assert.equal(readFileSync(join(directory, 'f'), 'utf8'), 'abc');
  assert.deepEqual(
    store.collect([], []).map((layer) => layer.chain),
    [diffId],
  );
});

async function whole(source: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const chunks = [];
  for await (const chunk of source) chunks.push(chunk);
  return Buffer.concat(chunks);
}

const file = (name: string, content: string): Buffer =>
  Buffer.concat([
    tarHeader({ name, type: 'file', size: content.length }),
    Buffer.from(content),
    Buffer.alloc(tarPadding(content.length)),
  ]);

test('fault T10: an archive with names that come again is given back byte for byte, links in its directories included', async () => {
  using store = await openStore(join(work, 'e'), silentLog);
  using lease = store.leases.take();
  const archive = Buffer.concat([
    tarHeader({ name: 'd/', type: 'directory' }),
    file('d/f', 'first'),
    tarHeader({ name: 'l', type: 'symlink', linkname: 'd' }),
    file('l/g', 'through a link'),
    file('d/f', 'second, longer'),
    tarHeader({ name: 'd/h', type: 'link', linkname: 'd/g' }),
    file('d/g', 'g again'),
    file('d/f', 'third'),
    tarHeader({ name: 'l', type: 'directory' }),
    file('l/g', 'no link now'),
    file('d', 'a file now'),
    file('z', 'z'.repeat(600_000)),
    file('z', 'y'.repeat(600_000)),
    TAR_TRAILER,
    Buffer.from('what follows counts as well'),
  ]);
  const layer = await store.layers.register(undefined, source(archive), lease);
  assert.ok((await whole(store.layers.archive(layer))).equals(archive));
  assert.equal(layer.archiveSize, archive.length);
  assert.equal(layer.size, 'no link now'.length + 'a file now'.length + 600_000);
  assert.equal(readFileSync(join(store.layers.directory(layer), 'd'), 'utf8'), 'a file now');
  writeFileSync(join(store.layers.directory(layer), 'd'), 'A file now');
  await assert.rejects(whole(store.layers.archive(layer)), /damaged/);
});

test("an overlay's upper directory becomes a layer where it is, and its archive comes from it", async () => {
  using store = await openStore(join(work, 'f'), silentLog);
  using lease = store.leases.take();
  const upper = join(work, 'upper');
  mkdirSync(join(upper, 'etc'), { recursive: true });
  writeFileSync(join(upper, 'etc/hosts'), '');
  writeFileSync(join(upper, 'new'), 'content');
  execFileSync('mknod', [join(upper, 'gone'), 'c', '0', '0']);
  const layer = await store.layers.adopt(undefined, upper, lease, { latest: 1_000_000 });
  assert.ok(layer);
  assert.deepEqual([existsSync(upper), layer.size, layer.filesOnly], [false, 7, true]);
  const archive = await whole(store.layers.archive(layer));
  assert.equal(`sha256:${createHash('sha256').update(archive).digest('hex')}`, layer.diffId);
  const names = execFileSync('tar', ['-t'], { input: archive, encoding: 'utf8' });
  assert.equal(names, 'etc/\netc/hosts\n.wh.gone\nnew\n');
  const at = join(store.layers.directory(layer), 'new');
  assert.deepEqual([readFileSync(at, 'utf8'), statSync(at).mtimeMs], ['content', 1_000_000_000]);
  // sent elsewhere it has a blob, which unpacks to the same layer
  const { blob } = await store.layers.withArchive(layer, lease);
  assert.ok(blob.mediaType.endsWith('gzip'));
  // and the next time it is the same one
  assert.deepEqual((await store.layers.withArchive(layer, lease)).blob, blob);
  const again = await store.layers.register(layer.chain, store.blobs.read(blob.digest), lease);
  assert.deepEqual([again.diffId, again.parent], [layer.diffId, layer.chain]);
  mkdirSync(upper);
  assert.equal(await store.layers.adopt(undefined, upper, lease), undefined);
  assert.deepEqual(readdirSync(store.paths.temporary), []);
});

test('a layer without a second copy that a power loss may have torn is read as a whole, and lost when it is torn', async () => {
  const root = join(work, 'g');
  const names: string[] = [];
  {
    using store = await openStore(root, silentLog);
    using lease = store.leases.take();
    for (const content of ['one', 'two']) {
      const layer = await store.layers.register(
        undefined,
        source(Buffer.concat([file('f', content), TAR_TRAILER])),
        lease,
      );
      names.push(layer.name);
    }
    writeFileSync(join(store.paths.layer(names[0] ?? ''), 'f'), '');
    const table = store.records.table<{ boot: string }>('layer');
    for (const [key, record] of table.load()) table.put(key, { ...record, boot: 'another' });
  }
  using store = await openStore(root, silentLog);
  assert.deepEqual(
    [...store.layers.all().values()].map((layer) => layer.name),
    [names[1]],
  );
});
