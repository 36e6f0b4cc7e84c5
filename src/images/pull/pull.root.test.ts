// Pulls from a registry that breaks off, lies, stalls or says no; and several pulls at once.
import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, afterEach, before, beforeEach, test } from 'node:test';
import type { Digest } from '../../base/ids.ts';
import { silentLog } from '../../base/log.ts';
import { DEFAULT_SETTINGS, Registries, type RegistrySettings } from '../../registry/client/index.ts';
import type { ProgressMessage } from '../../spec/docker/index.ts';
import { MEDIA, parsePlatform } from '../../spec/oci/index.ts';
import { type Images, openImages } from '../index.ts';
import { openStore } from '../../store/index.ts';
import { parseReference } from '../reference/index.ts';
import { FakeRegistry, layerArchive } from './testing.ts';

const SIZE = 3_000_000;
let work = '';
let count = 0;
let registry: FakeRegistry;
before(() => {
  work = mkdtempSync(join(tmpdir(), 'pull-'));
});
after(() => rmSync(work, { recursive: true, force: true }));
beforeEach(async () => {
  registry = await FakeRegistry.start();
});
afterEach(() => registry[Symbol.asyncDispose]());

/** Patient: the machine may be busy. A test that waits for what does not come in time fails by its own limit. */
const timing = { backoff: 20, longestWait: 2000, idle: 300_000, answer: 300_000 };

class Daemon {
  readonly root: string;
  readonly images: Images;
  readonly lines: ProgressMessage[] = [];

  private constructor(root: string, images: Images) {
    this.root = root;
    this.images = images;
  }

  static async open(root?: string, settings: Partial<RegistrySettings> = {}): Promise<Daemon> {
    count += 1;
    const at = root ?? join(work, String(count));
    const images = openImages({
      store: await openStore(at, silentLog),
      log: silentLog,
      users: { usersOf: () => [] },
      events: () => undefined,
      registries: new Registries({ ...DEFAULT_SETTINGS, timing, ...settings }),
    });
    return new Daemon(at, images);
  }

  pull(tag: string, signal = new AbortController().signal, platform?: string): Promise<void> {
    return this.images.pull(parseReference(`${registry.address}/a/b:${tag}`), {
      ...(platform === undefined ? {} : { platform: parsePlatform(platform) }),
      credentials: {},
      say: (line) => void this.lines.push(line),
      signal,
    });
  }

  push(tag: string): Promise<void> {
    return this.images.push(parseReference(`${registry.address}/a/b:${tag}`), {
      credentials: {},
      say: () => undefined,
      signal: new AbortController().signal,
    });
  }

  /** What a check of the store finds. */
  async check(): Promise<string[]> {
    const { findings } = await this.images.check(false, new AbortController().signal);
    return findings.map(({ text }) => text);
  }

  /** What is left of unfinished work, and how much is in the store. */
  rest(): { layers: number; blobs: number; partial: string[]; temporary: string[] } {
    return {
      layers: readdirSync(join(this.root, 'l')).length,
      blobs: readdirSync(join(this.root, 'blobs/sha256')).length,
      partial: readdirSync(join(this.root, 'part')),
      temporary: readdirSync(join(this.root, 'tmp')),
    };
  }
}

const nothing = { layers: 0, blobs: 0, partial: [], temporary: [] };
/** Background removals of what collection found. */
const settle = (): Promise<unknown> => new Promise((resolve) => setTimeout(resolve, 50));

test('layers in every form are unpacked, the manifest is kept byte for byte', async () => {
  const image = registry.image('forms', 10_000, ['gzip', 'zstd', 'plain']);
  const daemon = await Daemon.open();
  await daemon.pull('forms');
  assert.deepEqual(daemon.rest(), { layers: 3, blobs: 5, partial: [], temporary: [] });
  const blobs = readdirSync(join(daemon.root, 'blobs/sha256'));
  for (const { digest } of image.layers) assert.ok(blobs.includes(digest.slice(7)));
  assert.ok(blobs.includes(image.manifest.slice(7)));
  daemon.images[Symbol.dispose]();
  const again = await Daemon.open(daemon.root);
  assert.equal(again.images.count(), 1);
});

test('fault I11: a connection that breaks goes on where it broke', async () => {
  const image = registry.image('reset', SIZE, ['gzip', 'gzip']);
  const [first, second] = image.layers;
  registry.mischief.set(first?.digest ?? '', ({ start }, response, content) => {
    if (start > 0) return false;
    response.writeHead(200, { 'Content-Length': content.length });
    response.write(content.subarray(0, 1_000_000), () => response.destroy());
    return true;
  });
  // this one cannot begin in the middle, and ends early twice without saying so
  registry.mischief.set(second?.digest ?? '', ({ count: times }, response, content) => {
    response.writeHead(200);
    response.end(times < 3 ? content.subarray(0, times * 1_000_000) : content);
    return true;
  });
  const daemon = await Daemon.open();
  await daemon.pull('reset');
  assert.ok(
    registry.asked.includes(`${first?.digest} 1000000`) || registry.asked.some((one) => / [1-9]\d+$/.test(one)),
  );
  assert.deepEqual(daemon.rest(), { layers: 2, blobs: 4, partial: [], temporary: [] });
});

test('fault I11: content that is not what was promised is in the store at no time', async () => {
  for (const [tag, lie] of [
    ['wrong', (content: Buffer) => Buffer.alloc(content.length, 'x')],
    ['long', (content: Buffer) => Buffer.concat([content, Buffer.alloc(100)])],
  ] as const) {
    const image = registry.image(tag, 100_000, ['plain', 'gzip']);
    registry.mischief.set(image.layers[1]?.digest ?? '', (_, response, content) => {
      response.writeHead(200).end(lie(content));
      return true;
    });
    const daemon = await Daemon.open();
    await assert.rejects(daemon.pull(tag), { kind: 'invalid' });
    for (let tries = 0; tries < 40 && daemon.rest().layers > 0; tries += 1) await settle();
    assert.equal(daemon.images.count(), 0);
    const digest = (image.layers[1]?.digest ?? '').slice(7);
    assert.ok(!readdirSync(join(daemon.root, 'blobs/sha256')).includes(digest));
    assert.ok(!daemon.rest().partial.includes(digest));
    assert.deepEqual([daemon.rest().layers, daemon.rest().temporary], [0, []]);
  }
});

test('fault I11: a download goes on in the next daemon', async () => {
  const image = registry.image('later', SIZE, ['gzip']);
  const digest = image.layers[0]?.digest ?? '';
  registry.mischief.set(digest, ({ count: times }, response, content) => {
    if (times > 1) return false;
    response.writeHead(200, { 'Content-Length': content.length });
    response.write(content.subarray(0, 1_500_000));
    return true;
  });
  const daemon = await Daemon.open();
  const stop = new AbortController();
  const pulled = daemon.pull('later', stop.signal);
  pulled.catch(() => undefined);
  const part = join(daemon.root, 'part', digest.slice(7));
  while ((statSync(part, { throwIfNoEntry: false })?.size ?? 0) < 1_500_000) await settle();
  stop.abort();
  await assert.rejects(pulled, { kind: 'cancelled' });
  while (readdirSync(join(daemon.root, 'l')).length > 0) await settle();
  assert.deepEqual(daemon.rest(), { ...nothing, partial: [digest.slice(7)] });
  daemon.images[Symbol.dispose]();
  const next = await Daemon.open(daemon.root);
  await next.pull('later');
  assert.deepEqual(registry.asked, [`${digest} 0`, `${digest} 1500000`]);
  assert.deepEqual(next.rest(), { layers: 1, blobs: 3, partial: [], temporary: [] });
});

test('fault I11: what was whole when a pull ended is not downloaded again, in the next daemon either', async () => {
  const image = registry.image('whole', SIZE, ['gzip', 'zstd', 'gzip']);
  const [first, second, third] = image.layers.map(({ digest }) => digest as string);
  registry.mischief.set(third ?? '', ({ count: times }, response) => {
    if (times > 2) return false;
    if (times === 1) void bothWhole().then(() => response.writeHead(403).end());
    else response.writeHead(200, { 'Content-Length': SIZE });
    return true;
  });
  let daemon = await Daemon.open();
  // a layer that was under way when the pull failed would go on where it was
  const bothWhole = async (): Promise<void> => {
    while (daemon.lines.filter(({ status }) => status === 'Download complete').length < 2) await settle();
  };
  await assert.rejects(daemon.pull('whole'));
  const stop = new AbortController();
  const pulled = daemon.pull('whole', stop.signal);
  pulled.catch(() => undefined);
  const complete = (): number => daemon.lines.filter(({ status }) => status === 'Pull complete').length;
  while (complete() < 2) await settle();
  stop.abort();
  await assert.rejects(pulled, { kind: 'cancelled' });
  while (daemon.rest().layers > 0 || daemon.rest().blobs > 0) await settle();
  assert.deepEqual(daemon.rest().partial, [first, second].map((digest = '') => digest.slice(7)).toSorted());
  daemon.images[Symbol.dispose]();
  daemon = await Daemon.open(daemon.root);
  await daemon.pull('whole');
  assert.deepEqual(
    registry.asked.filter((one) => !one.startsWith(third ?? '')).toSorted(),
    [`${first} 0`, `${second} 0`].toSorted(),
  );
  assert.deepEqual(daemon.rest(), { layers: 3, blobs: 5, partial: [], temporary: [] });
  assert.deepEqual(await daemon.check(), []);
});

test('what is whole and was no use, or was changed on the disk, is downloaded again', async () => {
  const image = registry.image('changed', 100_000, ['gzip', 'gzip']);
  const [first, second] = image.layers.map(({ digest }) => digest as string);
  registry.mischief.set(second ?? '', ({ count: times }, response) => {
    if (times > 1) return false;
    response.writeHead(403).end();
    return true;
  });
  const daemon = await Daemon.open();
  await assert.rejects(daemon.pull('changed'));
  for (let tries = 0; tries < 40 && daemon.rest().layers > 0; tries += 1) await settle();
  const path = join(daemon.root, 'part', first?.slice(7) ?? '');
  writeFileSync(path, Buffer.alloc(statSync(path).size, 'x'));
  await daemon.pull('changed');
  assert.equal(registry.asked.filter((one) => one === `${first} 0`).length, 2);
  assert.deepEqual(daemon.rest(), { layers: 2, blobs: 4, partial: [], temporary: [] });
  assert.deepEqual(await daemon.check(), []);
});

test('a prune of all that is unused gives up unfinished downloads, a prune of nameless images does not', async () => {
  const daemon = await Daemon.open();
  const path = join(daemon.root, 'part', 'a'.repeat(64));
  writeFileSync(path, Buffer.alloc(1000));
  assert.equal(daemon.images.prune(new Map()).SpaceReclaimed, 0);
  assert.equal(daemon.rest().partial.length, 1);
  assert.equal(daemon.images.prune(new Map([['dangling', ['false']]])).SpaceReclaimed, 1000);
  assert.deepEqual(daemon.rest(), nothing);
});

test('fault I11: what an earlier daemon left and is wrong is downloaded again', async () => {
  const image = registry.image('stale', SIZE, ['gzip']);
  const digest = image.layers[0]?.digest ?? '';
  const daemon = await Daemon.open();
  writeFileSync(join(daemon.root, 'part', digest.slice(7)), Buffer.alloc(1_000_000, 'garbage'));
  await daemon.pull('stale');
  assert.deepEqual(registry.asked, [`${digest} 1000000`, `${digest} 0`]);
  assert.equal(daemon.images.count(), 1);
});

test('fault I13: nested indexes end, a configuration that is too large is not read', async () => {
  let inner = registry.image('inner', 100, ['plain']).manifest as string;
  for (let depth = 0; depth < 5; depth += 1)
    inner = registry.document(
      'nested',
      { schemaVersion: 2, mediaType: MEDIA.index, manifests: [{ mediaType: MEDIA.index, digest: inner, size: 1 }] },
      MEDIA.index,
    );
  const daemon = await Daemon.open();
  await assert.rejects(daemon.pull('nested'), { kind: 'invalid' });
  const huge = { mediaType: MEDIA.config, digest: `sha256:${'a'.repeat(64)}`, size: 2 ** 31 };
  registry.document('huge', { schemaVersion: 2, mediaType: MEDIA.manifest, config: huge, layers: [] }, MEDIA.manifest);
  await assert.rejects(daemon.pull('huge'), /image configuration is too large/);
  assert.deepEqual(daemon.rest(), nothing);
});

test('fault I14: addresses of foreign layers are not asked', async () => {
  const elsewhere = await FakeRegistry.start();
  registry.document(
    'foreign',
    {
      schemaVersion: 2,
      mediaType: MEDIA.manifest,
      config: { mediaType: MEDIA.config, digest: `sha256:${'b'.repeat(64)}`, size: 2 },
      layers: [
        {
          mediaType: MEDIA.layerGzip,
          digest: `sha256:${'c'.repeat(64)}`,
          size: 2,
          urls: [`http://${elsewhere.address}/x`],
        },
      ],
    },
    MEDIA.manifest,
  );
  await assert.rejects((await Daemon.open()).pull('foreign'), { kind: 'notFound' });
  assert.deepEqual(elsewhere.asked, []);
  await elsewhere[Symbol.asyncDispose]();
});

test('fault I16: refusals are waited out, a silent layer is asked again while the others go on', async () => {
  const image = registry.image('busy', 200_000, ['gzip', 'gzip', 'gzip']);
  const [busy, silent, slow] = image.layers.map(({ digest }) => digest as string);
  registry.mischief.set(busy ?? '', ({ count: times }, response) => {
    if (times > 2) return false;
    response.writeHead(times === 1 ? 429 : 503, { 'Retry-After': '1' }).end();
    return true;
  });
  registry.mischief.set(silent ?? '', ({ count: times }, response, content) => {
    if (times > 1) return false;
    response.writeHead(200, { 'Content-Length': content.length });
    response.flushHeaders();
    return true;
  });
  registry.mischief.set(slow ?? '', ({ count: times }, response, content) => {
    if (times > 1) return false;
    response.writeHead(200, { 'Content-Length': content.length });
    let at = 0;
    const timer = setInterval(() => response.write(content.subarray(at, (at += 1))), 100);
    response.once('close', () => clearInterval(timer));
    return true;
  });
  const daemon = await Daemon.open(undefined, { timing: { ...timing, idle: 400, answer: 400 } });
  await daemon.pull('busy');
  assert.ok(daemon.lines.some((line) => line.status === 'Retrying in 1 second'));
  assert.equal(daemon.images.count(), 1);
});

test('fault I16: a registry that never recovers is given up, and what is left goes on next time', async () => {
  const image = registry.image('gone', 200_000, ['gzip']);
  registry.mischief.set(image.layers[0]?.digest ?? '', (_, response) => {
    response.writeHead(500).end();
    return true;
  });
  const daemon = await Daemon.open(undefined, { attempts: 3 });
  await assert.rejects(daemon.pull('gone'), /received unexpected HTTP status: 500 Internal Server Error/);
  assert.equal(registry.asked.length, 3);
  assert.equal(daemon.images.count(), 0);
});

test('fault I20: two pulls of the same layers download them once, and one may leave', async () => {
  const image = registry.image('both', SIZE, ['gzip', 'gzip']);
  for (const { digest } of image.layers)
    registry.mischief.set(digest, (_, response, content) => {
      response.writeHead(200, { 'Content-Length': content.length });
      response.write(content.subarray(0, 100_000));
      setTimeout(() => response.end(content.subarray(100_000)), 200);
      return true;
    });
  const daemon = await Daemon.open();
  const leaves = new AbortController();
  const pulls = [daemon.pull('both'), daemon.pull('both', leaves.signal), daemon.pull('both')];
  setTimeout(() => leaves.abort(), 100);
  const ends = await Promise.allSettled(pulls);
  assert.deepEqual(
    ends.map(({ status }) => status),
    ['fulfilled', 'rejected', 'fulfilled'],
  );
  assert.deepEqual(registry.asked.toSorted(), image.layers.map(({ digest }) => `${digest} 0`).toSorted());
  assert.deepEqual(daemon.rest(), { layers: 2, blobs: 4, partial: [], temporary: [] });
});

test('mirrors are asked first, and the registry when they fail', async () => {
  const mirror = await FakeRegistry.start();
  registry.image('mirrored', 1000, ['gzip']);
  const daemon = await Daemon.open(undefined, {
    mirrors: { [registry.address]: [`http://${mirror.address}`, 'http://127.0.0.1:1'] },
  });
  await daemon.pull('mirrored');
  const other = mirror.image('only-here', 1000, ['gzip']);
  await daemon.pull('only-here');
  assert.deepEqual(mirror.asked.at(-1), `${other.layers[0]?.digest} 0`);
  await mirror[Symbol.asyncDispose]();
});

test('two platforms of a nested index are pulled at once into one image; a part goes, the other stays', async () => {
  const shared = layerArchive('shared', Buffer.alloc(1000));
  const [amd64, arm64] = ['amd64', 'arm64'].map((architecture) =>
    registry.layers(
      architecture,
      [shared, layerArchive(architecture, Buffer.alloc(100))],
      ['gzip', 'gzip'],
      architecture,
    ),
  );
  const index = (tag: string, ...manifests: unknown[]): Digest =>
    registry.document(tag, { schemaVersion: 2, mediaType: MEDIA.index, manifests }, MEDIA.index);
  const inner = index('inner', registry.describe(arm64?.manifest ?? 'sha256:', 'arm64'));
  index('both', registry.describe(amd64?.manifest ?? 'sha256:', 'amd64'), registry.describe(inner, 'arm64'));
  const name = `${registry.address}/a/b:both`;
  const daemon = await Daemon.open();
  await daemon.pull('both', undefined, 'linux/arm64');
  const [alone] = daemon.images.list();
  await Promise.all([daemon.pull('both'), daemon.pull('both', undefined, 'linux/arm64')]);
  const [row, ...others] = daemon.images.list({ manifests: true });
  assert.deepEqual([others.length, row?.RepoTags, row?.Size], [0, [name], 1200]);
  assert.deepEqual(
    row?.Manifests?.map(({ ID, Available }) => [ID, Available]),
    [amd64, arm64].map((one) => [one?.manifest, true]),
  );
  assert.notEqual(row?.Id, alone?.Id);
  assert.equal(daemon.images.inspect(name, { platform: parsePlatform('linux/arm64') }).image.Id, alone?.Id);
  assert.equal(registry.asked.length, 3);
  // two indexes, two manifests, two configurations, three layers
  assert.deepEqual(daemon.rest(), { layers: 3, blobs: 9, partial: [], temporary: [] });
  const gone = daemon.images.remove(name, { platforms: [parsePlatform('linux/amd64')] });
  assert.deepEqual(gone[0], { Deleted: row?.Id });
  assert.equal(gone.length, 2);
  assert.deepEqual(
    daemon.images.list().map(({ Id }) => Id),
    [alone?.Id],
  );
  daemon.images.remove(name);
  await settle();
  assert.deepEqual(daemon.rest(), nothing);
});

test('names of one image keep the manifests that they came with, in the next daemon too', async () => {
  const plain = [layerArchive('x', Buffer.alloc(1000, 'x'))];
  const gzip = registry.layers('gzip', plain, ['gzip']).manifest;
  const zstd = registry.layers('zstd', plain, ['zstd']).manifest;
  let daemon = await Daemon.open();
  for (const tag of ['gzip', 'zstd']) await daemon.pull(tag);
  const name = `${registry.address}/a/b`;
  daemon.images.tag(`${name}:gzip`, name, 'copy');
  assert.equal(daemon.images.count(), 1);
  assert.deepEqual(
    daemon.images.inspect(`${name}:gzip`).image.RepoDigests,
    [`${name}@${gzip}`, `${name}@${zstd}`].sort(),
  );
  daemon.images[Symbol.dispose]();
  daemon = await Daemon.open(daemon.root);
  assert.equal(daemon.images.forContainer(`${name}:gzip`).manifest?.digest, gzip);
  assert.equal(daemon.images.forContainer(`${name}:zstd`).manifest?.digest, zstd);
  for (const tag of ['gzip', 'zstd', 'copy']) await daemon.push(tag);
  assert.deepEqual(
    ['gzip', 'zstd', 'copy'].map((tag) => registry.tagged(tag)),
    [gzip, zstd, gzip],
  );
  assert.deepEqual(await daemon.check(), []);
});

test('a manifest goes with the last name that had it, while the image stays', async () => {
  const plain = [layerArchive('y', Buffer.alloc(1000, 'y'))];
  registry.layers('one', plain, ['gzip']);
  const daemon = await Daemon.open();
  await daemon.pull('one');
  const name = `${registry.address}/a/b`;
  daemon.images.tag(`${name}:one`, 'other', 'name');
  const { digest } = daemon.images.forContainer('other:name').manifest ?? { digest: '' };
  registry.layers('two', plain, ['plain']);
  await daemon.pull('two');
  assert.equal(daemon.rest().blobs, 4);
  daemon.images.remove(`${name}@${digest}`);
  daemon.images.remove(`${name}:one`);
  assert.equal(daemon.rest().blobs, 4);
  daemon.images.remove('other:name');
  await settle();
  assert.equal(daemon.rest().blobs, 3);
  assert.deepEqual(await daemon.check(), []);
});

test('a record of a name without a manifest leans on that of its image, until another comes', async () => {
  const plain = [layerArchive('z', Buffer.alloc(1000, 'z'))];
  const first = registry.layers('one', plain, ['gzip']).manifest;
  registry.layers('two', plain, ['plain']);
  const daemon = await Daemon.open();
  await daemon.pull('one');
  // as names were written before they had manifests of their own
  const { id } = daemon.images.forContainer(`${registry.address}/a/b:one`);
  daemon.images.store.records.table('reference').put(`${registry.address}/a/b:one`, { image: id });
  daemon.images[Symbol.dispose]();
  const again = await Daemon.open(daemon.root);
  await again.pull('two');
  await again.push('one');
  assert.equal(registry.tagged('one'), first);
  assert.deepEqual(await again.check(), []);
});

test('users B14: an image that came as OCI goes as Docker’s kind to a registry that takes no other', async () => {
  const daemon = await Daemon.open();
  const { manifest } = registry.image('old', 1000, ['gzip', 'plain']);
  registry.image('zstd', 1000, ['zstd']);
  for (const tag of ['old', 'zstd']) await daemon.pull(tag);
  registry.refusedKinds.add(MEDIA.manifest);
  await daemon.push('old');
  const pushed = registry.tagged('old') ?? '';
  assert.notEqual(pushed, manifest);
  assert.equal(registry.describe(pushed as Digest).mediaType, MEDIA.dockerManifest);
  // a layer of a kind that Docker has no name for is not made anew without being asked
  await assert.rejects(daemon.push('zstd'), /manifest invalid/);
  // the name leads to what the registry has now, and to what it was pulled as
  const shown = daemon.images.inspect(`${registry.address}/a/b:old`).image.RepoDigests ?? [];
  assert.ok(shown.some((one) => one.endsWith(pushed)));
  assert.deepEqual(await daemon.check(), []);
});
