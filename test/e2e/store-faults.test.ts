// The disk is full, descriptors run out, the daemon dies, two want the same: the store stays whole and works again.
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, afterEach, before, beforeEach, test } from 'node:test';
import { sha256 } from '../../src/base/ids.ts';
import { TAR_TRAILER, tarHeader, tarPadding } from '../../src/host/confined/index.ts';
import { mount, mountsBelow, unmountSync } from '../../src/host/mount.ts';
import { FakeRegistry } from '../../src/images/pull/testing.ts';
import { pause, TestDaemon } from '../support/daemon.ts';

const MEGABYTE = 1024 * 1024;
let daemon: TestDaemon;
let registry: FakeRegistry;
let folder = '';

before(async () => {
  folder = mkdtempSync(join(tmpdir(), 'berth-store-faults-'));
  daemon = await TestDaemon.start();
});
after(async () => {
  rmSync(folder, { recursive: true });
  assert.deepEqual(await daemon.end(), []);
});
beforeEach(async () => {
  registry = await FakeRegistry.start();
});
afterEach(() => registry[Symbol.asyncDispose]());

function tar(files: Record<string, Buffer>): Buffer {
  const parts = Object.entries(files).flatMap(([name, content]) => [
    tarHeader({ name, type: 'file', size: content.length }),
    content,
    Buffer.alloc(tarPadding(content.length)),
  ]);
  return Buffer.concat([...parts, TAR_TRAILER]);
}

/** An archive for `docker load` with one image of one layer. */
function archive(tag: string, size: number): string {
  const layer = tar({ [tag]: randomBytes(size) });
  const rootfs = { type: 'layers', diff_ids: [sha256(layer)] };
  const config = Buffer.from(JSON.stringify({ architecture: 'amd64', os: 'linux', config: {}, rootfs }));
  const manifest = [{ Config: 'config.json', RepoTags: [`${tag}:1`], Layers: ['layer.tar'] }];
  const path = join(folder, `${tag}.tar`);
  writeFileSync(
    path,
    tar({ 'manifest.json': Buffer.from(JSON.stringify(manifest)), 'config.json': config, 'layer.tar': layer }),
  );
  return path;
}

async function whole(): Promise<void> {
  const { code, stdout, stderr } = await daemon.berth('system', 'check');
  assert.deepEqual([code, stdout], [0, 'the store is whole\n'], stderr);
}

const temporary = (): string[] => [
  ...readdirSync(join(daemon.dataRoot, 'tmp')),
  ...readdirSync(join(daemon.dataRoot, 'l')).filter((name) => name.startsWith('+')),
];

/** Layers come slowly: the first half at once, the rest after `milliseconds`. */
function slow(image: { layers: readonly { digest: string }[] }, milliseconds: number): void {
  for (const { digest } of image.layers)
    registry.mischief.set(digest, ({ start }, response, content) => {
      const rest = content.subarray(start);
      const range = { 'Content-Range': `bytes ${start}-${content.length - 1}/${content.length}` };
      response.writeHead(start > 0 ? 206 : 200, { 'Content-Length': rest.length, ...(start > 0 ? range : {}) });
      response.write(rest.subarray(0, rest.length / 2));
      setTimeout(() => response.end(rest.subarray(rest.length / 2)), milliseconds);
      return true;
    });
}

test('fault I20: two clients that pull the same layers download them once', async () => {
  const image = registry.image('twice', MEGABYTE, ['gzip', 'gzip']);
  slow(image, 400);
  const name = `${registry.address}/a/b:twice`;
  const ends = await Promise.all([daemon.docker('pull', '-q', name), daemon.docker('pull', '-q', name)]);
  for (const { code, stderr } of ends) assert.equal(code, 0, stderr);
  assert.deepEqual(registry.asked.toSorted(), image.layers.map(({ digest }) => `${digest} 0`).toSorted());
  await whole();
});

test('fault I20: an image that is removed, and a prune of everything, while it is pulled do not take its layers', async () => {
  const image = registry.image('pruned', MEGABYTE, ['gzip', 'gzip', 'gzip']);
  const name = `${registry.address}/a/b:pruned`;
  for (const milliseconds of [50, 300]) {
    slow(image, milliseconds);
    const pulled = daemon.docker('pull', '-q', name);
    for (let turn = 0; turn < 6; turn += 1) {
      await daemon.call('DELETE', `/images/${encodeURIComponent(name)}?force=1`);
      const filters = encodeURIComponent('{"dangling":["false"]}');
      assert.equal((await daemon.call('POST', `/images/prune?filters=${filters}`)).status, 200);
      await pause(40);
    }
    const { code, stderr } = await pulled;
    assert.equal(code, 0, stderr);
    await whole();
    await daemon.call('DELETE', `/images/${encodeURIComponent(name)}?force=1`);
  }
});

test('fault I20: kill -9 in the middle of a load and of a pull leaves the store whole, and both work afterwards', async () => {
  const path = archive('killed', 24 * MEGABYTE);
  const image = registry.image('killed', MEGABYTE, ['gzip', 'gzip']);
  const name = `${registry.address}/a/b:killed`;
  for (const milliseconds of [120, 200, 320]) {
    slow(image, 5000);
    const clients = [daemon.docker('load', '-q', '-i', path), daemon.docker('pull', '-q', name)];
    await pause(milliseconds);
    await daemon.kill();
    await daemon.up();
    await Promise.all(clients);
    assert.deepEqual(temporary(), []);
    await whole();
  }
  registry.mischief.clear();
  assert.equal((await daemon.docker('load', '-q', '-i', path)).code, 0);
  assert.equal((await daemon.docker('pull', '-q', name)).code, 0);
  await whole();
});

test('fault K66: a full disk is an error of load, pull and build, nothing is left, and all is well when there is room', async () => {
  await daemon.stop();
  mount('tmpfs', daemon.dataRoot, 'tmpfs', 0, 'size=24m,mode=710');
  try {
    await daemon.up();
    const small = archive('small', MEGABYTE);
    const large = archive('large', 40 * MEGABYTE);
    const image = registry.image('full', 40 * MEGABYTE, ['plain']);
    const name = `${registry.address}/a/b:full`;
    const context = join(folder, 'context');
    mkdirSync(context);
    writeFileSync(join(context, 'Dockerfile'), 'FROM scratch\nCOPY big /big\n');
    writeFileSync(join(context, 'big'), randomBytes(40 * MEGABYTE));
    assert.equal(image.layers.length, 1);
    for (const attempt of [
      ['load', '-q', '-i', large],
      ['pull', '-q', name],
      ['build', '-q', '-t', 'big', context],
    ]) {
      const client = attempt[0] === 'build' ? 'berth' : 'docker';
      const { code, stderr } = await daemon.client(client, attempt);
      assert.notEqual(code, 0, attempt[0]);
      assert.match(stderr, /no space left on device/i, attempt[0]);
      assert.equal((await daemon.get('/_ping')).status, 200);
      assert.deepEqual(temporary(), [], attempt[0]);
      // room is made: what came of the download stays otherwise, so that it can go on from there
      rmSync(join(daemon.dataRoot, 'part'), { recursive: true });
      mkdirSync(join(daemon.dataRoot, 'part'), { mode: 0o700 });
      const again = await daemon.docker('load', '-q', '-i', small);
      assert.equal(again.code, 0, again.stderr);
      await whole();
    }
  } finally {
    await daemon.stop();
    for (const point of mountsBelow(daemon.dataRoot)) unmountSync(point);
    await daemon.up();
  }
});
