import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { constants, gzipSync, zstdCompressSync } from 'node:zlib';
import { silentLog } from '../base/log.ts';
import { TAR_TRAILER, tarHeader, tarPadding } from '../host/confined/index.ts';
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
    const layer = await store.layers.register(undefined, source(plain), lease);
    directory = store.layers.directory(layer);
    mkdirSync(join(store.paths.layers, '+deadbeef'));
    mkdirSync(join(store.paths.layers, '0123456789ab'));
    writeFileSync(join(store.paths.temporary, 'half'), 'x');
  }
  rmSync(directory, { recursive: true });
  using store = await openStore(root, silentLog);
  assert.deepEqual(readdirSync(store.paths.temporary), []);
  assert.deepEqual(readdirSync(store.paths.layers), [store.layers.get(diffId)?.name]);
  assert.equal(readFileSync(join(directory, 'f'), 'utf8'), 'abc');
  assert.deepEqual(
    store.collect([], []).map((layer) => layer.chain),
    [diffId],
  );
});
