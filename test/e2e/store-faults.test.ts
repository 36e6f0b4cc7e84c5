// The disk is full, descriptors run out, the daemon dies, two want the same: the store stays whole and works again.
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, afterEach, before, beforeEach, test } from 'node:test';
import { sha256 } from '../../src/base/ids.ts';
import { TAR_TRAILER, tarHeader, tarPadding } from '../../src/host/sandbox/index.ts';
import { mount, MS, mountsBelow, unmountSync } from '../../src/host/mount.ts';
import { FakeRegistry } from '../../src/images/pull/testing.ts';
import { execute, pause, TestDaemon, until } from '../support/daemon.ts';

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
function archive(tag: string, files: Record<string, Buffer>): string {
  const layer = tar(files);
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
  const path = archive('killed', { one: randomBytes(24 * MEGABYTE) });
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

/** What a pull, a load and a build are given to put into the store; `content` is what makes it too much, or does not. */
interface Attempt {
  readonly verb: 'load' | 'pull' | 'build';
  readonly args: readonly string[];
}

function attempts(tag: string, files: Record<string, Buffer>): Attempt[] {
  registry.layers(tag, [tar(files)]);
  const context = join(folder, `${tag}-context`);
  mkdirSync(context);
  writeFileSync(join(context, 'Dockerfile'), 'FROM scratch\nCOPY files /files\n');
  mkdirSync(join(context, 'files'));
  for (const [name, content] of Object.entries(files)) writeFileSync(join(context, 'files', name), content);
  return [
    { verb: 'load', args: ['load', '-q', '-i', archive(tag, files)] },
    { verb: 'pull', args: ['pull', '-q', `${registry.address}/a/b:${tag}`] },
    { verb: 'build', args: ['build', '-q', '--no-cache', '-t', `${tag}:built`, context] },
  ];
}

function run({ verb, args }: Attempt): ReturnType<TestDaemon['client']> {
  return daemon.client(verb === 'build' ? 'berth' : 'docker', args);
}

const unfinished = (): string[] => readdirSync(join(daemon.dataRoot, 'part'));

/** The daemon on a file system of its own, and everything as it was afterwards. */
async function onDisk(data: string, work: () => Promise<void>): Promise<void> {
  await daemon.stop();
  mount('tmpfs', daemon.dataRoot, 'tmpfs', 0, `mode=710,${data}`);
  try {
    await daemon.up();
    await work();
  } finally {
    await daemon.stop();
    for (const point of mountsBelow(daemon.dataRoot)) unmountSync(point);
    await daemon.up();
  }
}

test('fault K66: no room, no inodes, a read-only disk: load, pull and build say so, nothing is left, then all is well', async () => {
  await onDisk('size=24m,nr_inodes=1200', async () => {
    const small = attempts('small', { one: randomBytes(MEGABYTE / 4) });
    const works = async (): Promise<void> => {
      for (const attempt of small) {
        const { code, stderr } = await run(attempt);
        assert.equal(code, 0, `${attempt.verb}: ${stderr}`);
      }
      await whole();
    };
    const refused = async (attempt: Attempt, words: RegExp, keeps = false): Promise<void> => {
      const { code, stderr } = await run(attempt);
      assert.notEqual(code, 0, attempt.verb);
      assert.match(stderr, words, attempt.verb);
      assert.equal((await daemon.get('/_ping')).status, 200);
      const left = (): string[] => [...temporary(), ...(keeps ? [] : unfinished())];
      await until(() => assert.deepEqual(left(), [], attempt.verb), 30_000);
    };
    const many = Array.from({ length: 2000 }, (_, at) => [`file-${at}`, Buffer.alloc(1)]);
    for (const attempt of attempts('large', { one: randomBytes(40 * MEGABYTE) }))
      await refused(attempt, /no space left on device/i);
    for (const attempt of attempts('many', Object.fromEntries(many) as Record<string, Buffer>))
      await refused(attempt, /no space left on device/i);
    await works();
    const others = attempts('others', { one: randomBytes(MEGABYTE / 4) });
    for (const [name, verbs] of [
      ['l', ['pull', 'build']],
      ['tmp', ['load', 'pull', 'build']],
      ['part', ['pull']],
    ] as const) {
      const path = join(daemon.dataRoot, name);
      mount(path, path, '', MS.BIND, '');
      mount('none', path, '', MS.BIND | MS.REMOUNT | MS.RDONLY, '');
      // what was fetched whole waits for the next pull
      for (const attempt of others.filter(({ verb }) => (verbs as readonly string[]).includes(verb)))
        await refused(attempt, /read-only file system/i, true);
      unmountSync(path);
      await whole();
    }
    for (const attempt of others) {
      const { code, stderr } = await run(attempt);
      assert.equal(code, 0, `${attempt.verb}: ${stderr}`);
    }
    await works();
    // a program that fills the disk, and one that would find it full
    await daemon.busybox();
    const containers = (): string[] => readdirSync(join(daemon.dataRoot, 'containers'));
    const before = containers();
    for (const [name, line] of [
      ['filling', 'dd if=/dev/zero of=/big bs=1M count=60'],
      ['again', 'dd if=/dev/zero of=/other bs=1M count=60'],
    ] as const) {
      const context = join(folder, name);
      mkdirSync(context);
      writeFileSync(join(context, 'Dockerfile'), `FROM busybox\nRUN ${line}\n`);
      await refused(
        { verb: 'build', args: ['build', '--progress', 'plain', '--network', 'none', context] },
        /No space left on device/,
      );
      assert.deepEqual(containers(), before);
    }
    await works();
  });
});

test('fault K66: the daemon runs out of descriptors at each point of a pull and a load: it says so, and goes on', async () => {
  const limit = (count: number): Promise<unknown> =>
    execute('prlimit', ['--pid', String(daemon.pid), `--nofile=${count}:`]);
  const image = registry.image('few', MEGABYTE / 4, ['gzip', 'zstd', 'plain']);
  assert.equal(image.layers.length, 3);
  const pull = ['pull', '-q', `${registry.address}/a/b:few`];
  const load = ['load', '-q', '-i', archive('few', { one: randomBytes(MEGABYTE / 4) })];
  const refused = new Set<string>();
  await whole();
  // new descriptors are the lowest free numbers
  const taken = new Set(readdirSync(`/proc/${daemon.pid}/fd`));
  let inUse = 0;
  while (taken.has(String(inUse))) inUse += 1;
  for (let more = 1; more < 60; more += 14)
    for (const args of [pull, load]) {
      await limit(inUse + more);
      const { code, stderr } = await daemon.client('docker', args, { timeoutMs: 20_000 });
      await limit(10_000);
      assert.notEqual(code, 137, `${args[0]} with ${more} descriptors does not end`);
      if (code !== 0) {
        refused.add(args[0] ?? '');
        assert.match(stderr, /too many open files|EMFILE|error during connect|Cannot connect|EOF|reset/i);
      }
      await until(() => assert.deepEqual(temporary(), []), 30_000);
      await daemon.docker('rmi', '-f', `${registry.address}/a/b:few`, 'few:1');
    }
  assert.deepEqual([...refused].toSorted(), ['load', 'pull']);
  // threads that are idle go after a while, and what they had with them
  await until(() => assert.ok(readdirSync(`/proc/${daemon.pid}/fd`).length <= taken.size + 2), 30_000);
  for (const args of [pull, load]) {
    const { code, stderr } = await daemon.docker(...args);
    assert.equal(code, 0, stderr);
  }
  await whole();
});
