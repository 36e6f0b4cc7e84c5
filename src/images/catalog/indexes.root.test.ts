import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { isDeepStrictEqual } from 'node:util';
import fc from 'fast-check';
import { BerthError } from '../../base/errors.ts';
import { silentLog } from '../../base/log.ts';
import { type Digest, sha256 } from '../../base/ids.ts';
import type { BuiltIndex, BuiltPart } from '../../builder/model/ports.ts';
import { TAR_TRAILER, tarHeader, tarPadding } from '../../host/sandbox/index.ts';
import { type ImageFile, MEDIA, parsePlatform } from '../../spec/oci/index.ts';
import { type Images, openImages } from '../index.ts';
import { openStore } from '../../store/index.ts';

let work = '';
let count = 0;
before(() => {
  work = mkdtempSync(join(tmpdir(), 'indexes-'));
});
after(() => rmSync(work, { recursive: true, force: true }));

const users = new Map<string, { id: string; running: boolean }[]>();

async function open(root?: string): Promise<{ images: Images; root: string }> {
  count += 1;
  const at = root ?? join(work, String(count));
  const images = openImages({
    store: await openStore(at, silentLog),
    log: silentLog,
    users: { usersOf: (id) => users.get(id) ?? [] },
    events: () => undefined,
  });
  return { images, root: at };
}

async function* archive(text: string): AsyncGenerator<Uint8Array> {
  const bytes = Buffer.from(text);
  yield tarHeader({ name: text, type: 'file', size: bytes.length });
  yield Buffer.concat([bytes, Buffer.alloc(tarPadding(bytes.length)), TAR_TRAILER]);
}

const statement = Buffer.from('{"predicateType":"https://example.test/p"}');

/** As a build gives it: one statement about the manifest `subject`. */
function attest(subject: Digest): ReturnType<NonNullable<BuiltPart['attest']>> {
  const config = Buffer.from('{}');
  const manifest = Buffer.from(
    JSON.stringify({
      schemaVersion: 2,
      mediaType: MEDIA.manifest,
      config: { mediaType: MEDIA.config, digest: sha256(config), size: config.length },
      layers: [{ mediaType: 'application/vnd.in-toto+json', digest: sha256(statement), size: statement.length }],
      annotations: { subject },
    }),
  );
  return {
    descriptor: {
      mediaType: MEDIA.manifest,
      digest: sha256(manifest),
      size: manifest.length,
      annotations: {
        'vnd.docker.reference.digest': subject,
        'vnd.docker.reference.type': 'attestation-manifest',
      },
      platform: { architecture: 'unknown', os: 'unknown' },
    },
    blobs: new Map([manifest, config, statement].map((blob) => [sha256(blob), blob])),
  };
}

/** An index of amd64, arm64 and s390x: one layer that all share, one of their own. */
async function build(images: Images, tags: string[], of: readonly string[], version = '1'): Promise<BuiltIndex> {
  const { store } = images;
  using lease = store.leases.take();
  const parts = [];
  const base = await store.layers.register(undefined, archive('base'), lease);
  for (const architecture of of) {
    const own = await store.layers.register(base.chain, archive(`${architecture}${version}`), lease);
    const file: ImageFile = {
      architecture,
      os: 'linux',
      created: '2025-01-01T00:00:00Z',
      rootfs: { type: 'layers', diff_ids: [base.diffId, own.diffId] },
    };
    parts.push({ file, parent: undefined, attest, manifest: { oci: true, passing: false } });
  }
  return images.createBuiltIndex({ parts, tags, oci: true, lease });
}

const layersIn = (root: string): number => readdirSync(join(root, 'l')).filter((one) => !one.startsWith('+')).length;
const blobsIn = (root: string): number => readdirSync(join(root, 'blobs/sha256')).length;

/** Waits for what runs in the background: the store holds this much then. */
async function holds(root: string, layers: number, blobs?: number): Promise<void> {
  const now = (): unknown => [layersIn(root), blobs === undefined ? undefined : blobsIn(root)];
  for (let tries = 0; tries < 300; tries += 1) {
    if (isDeepStrictEqual(now(), [layers, blobs])) return;
    await new Promise((resolve) => setTimeout(resolve, tries));
  }
  assert.deepEqual(now(), [layers, blobs]);
}

test('an index is one image: its platforms are found, and all of it goes with its last name', async () => {
  const { images, root } = await open();
  const built = await build(images, ['x:1'], ['arm64', 'amd64', 's390x']);
  const [arm64, amd64] = built.images.map(({ id }) => id);
  images.tag('x:1', 'y', '2');
  assert.equal(built.id, amd64);
  assert.deepEqual(
    images.list().map(({ Id, RepoTags, Size }) => [Id, RepoTags, Size]),
    [[amd64, ['x:1', 'y:2'], 'base'.length + 'arm641amd641s390x1'.length]],
  );
  assert.equal(images.count(), 1);
  assert.equal(images.inspect('y:2', { platform: parsePlatform('linux/arm64') }).image.Id, arm64);
  assert.equal(images.forContainer('x:1', 'linux/s390x').architecture, 's390x');
  assert.equal(images.inspect(built.index.digest).image.Id, amd64);
  assert.equal(images.inspect(built.images[0]?.manifest.slice(7, 19) ?? '').image.Id, arm64);
  assert.throws(() => images.inspect('x:1', { platform: parsePlatform('linux/riscv64') }), {
    kind: 'notFound',
    message: 'image with reference x:1 was found but does not provide the specified platform (linux/riscv64)',
  });
  assert.deepEqual(images.remove('x:1'), [{ Untagged: 'x:1' }]);
  await holds(root, 4);
  const kept = blobsIn(root);
  images[Symbol.dispose]();
  const { images: again } = await open(root);
  assert.equal(again.inspect('y:2', { platform: parsePlatform('linux/arm64') }).image.Id, arm64);
  await holds(root, 4, kept);
  const gone = again.remove('y:2').map(({ Deleted, Untagged }) => Deleted ?? Untagged);
  assert.deepEqual(gone.slice(0, 4), ['y:2', amd64, arm64, built.images[2]?.id]);
  assert.equal(gone.length, 4 + 4);
  await holds(root, 0, 0);
  again[Symbol.dispose]();
});

test('a newer index takes the name: the older stays without one until it is removed', async () => {
  const { images, root } = await open();
  await build(images, ['x'], ['amd64', 'arm64']);
  await build(images, ['x'], ['amd64', 'arm64'], '2');
  assert.deepEqual(
    images
      .list()
      .map(({ RepoTags }) => RepoTags.join())
      .toSorted((a, b) => a.length - b.length),
    ['', 'x:latest'],
  );
  const { ImagesDeleted } = images.prune(new Map());
  assert.equal(ImagesDeleted?.filter(({ Deleted }) => Deleted !== undefined).length, 2 + 2);
  await holds(root, 3);
  assert.deepEqual(
    images.list().map(({ RepoTags }) => RepoTags),
    [['x:latest']],
  );
  images[Symbol.dispose]();
});

test('a part with a name of its own outlives the index; one in use keeps the whole', async () => {
  const { images, root } = await open();
  const built = await build(images, ['x'], ['amd64', 'arm64']);
  const arm64 = built.images[1]?.id ?? '';
  images.tag(built.images[1]?.manifest ?? '', 'own', 'arm');
  users.set(arm64, [{ id: 'c'.repeat(64), running: true }]);
  assert.throws(() => images.remove('x'), { kind: 'conflict' });
  users.clear();
  images.remove('x');
  assert.deepEqual(
    images.list().map(({ Id, RepoTags }) => [Id, RepoTags]),
    [[arm64, ['own:arm']]],
  );
  images.remove('own:arm');
  await holds(root, 0, 0);
  images[Symbol.dispose]();
});

test('whatever is named, removed and used in whatever order: names lead to what is here, and in the end nothing is left', async () => {
  const ARCHITECTURES = ['amd64', 'arm64', 's390x'];
  const NAMES = ['a:1', 'a:2', 'b:1'];
  const name = fc.constantFrom(...NAMES);
  const architecture = fc.constantFrom(...ARCHITECTURES);
  const step = fc.oneof(
    fc.record({
      do: fc.constant('build' as const),
      tags: fc.subarray(NAMES),
      of: fc.subarray(ARCHITECTURES, { minLength: 1 }),
      version: fc.constantFrom('1', '2'),
    }),
    fc.record({ do: fc.constant('tag' as const), from: name, to: name }),
    fc.record({ do: fc.constant('tagPart' as const), from: name, of: architecture, to: name }),
    fc.record({ do: fc.constant('remove' as const), name, force: fc.boolean() }),
    fc.record({ do: fc.constant('removePart' as const), name, of: fc.subarray(ARCHITECTURES), force: fc.boolean() }),
    fc.record({ do: fc.constant('removeId' as const), at: fc.nat(5), force: fc.boolean() }),
    fc.record({ do: fc.constant('prune' as const), dangling: fc.boolean() }),
    fc.record({ do: fc.constant('use' as const), name, of: architecture, running: fc.boolean() }),
    fc.record({ do: fc.constant('leave' as const) }),
    fc.record({ do: fc.constant('reopen' as const) }),
  );
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 1, maxLength: 25 }), async (steps) => {
      users.clear();
      let { images, root } = await open();
      for (const one of steps) {
        try {
          if (one.do === 'build') await buildBare(images, one.tags, one.of, one.version);
          else if (one.do === 'tag') images.tag(one.from, ...split(one.to));
          else if (one.do === 'tagPart') images.tag(idOf(images, one.from, one.of), ...split(one.to));
          else if (one.do === 'remove') images.remove(one.name, { force: one.force });
          else if (one.do === 'removePart')
            images.remove(one.name, {
              force: one.force,
              platforms: one.of.map((text) => parsePlatform(`linux/${text}`)),
            });
          else if (one.do === 'removeId') images.remove(images.list()[one.at]?.Id ?? 'none', { force: one.force });
          else if (one.do === 'prune') images.prune(new Map([['dangling', [String(one.dangling)]]]));
          else if (one.do === 'use')
            users.set(idOf(images, one.name, one.of), [{ id: 'c'.repeat(64), running: one.running }]);
          else if (one.do === 'leave') {
            users.clear();
            images.sweep();
          } else {
            images[Symbol.dispose]();
            ({ images } = await open(root));
          }
        } catch (error) {
          if (!(error instanceof BerthError) || !['notFound', 'conflict'].includes(error.kind)) throw error;
        }
        await checkAll(images);
      }
      users.clear();
      images.sweep();
      for (const { Id } of images.list({ all: true })) images.remove(Id, { force: true });
      assert.deepEqual(images.list({ all: true }), []);
      await holds(root, 0, 0);
      images[Symbol.dispose]();
      rmSync(root, { recursive: true });
    }),
    // what fails waits long: it is not tried with less
    { numRuns: 15, endOnFailure: true },
  );
});

const split = (name: string): [string, string] => name.split(':') as [string, string];
const idOf = (images: Images, name: string, architecture: string): string =>
  images.inspect(name, { platform: parsePlatform(`linux/${architecture}`) }).image.Id;

/** An index of images without layers. */
function buildBare(images: Images, tags: string[], of: readonly string[], version: string): Promise<BuiltIndex> {
  const lease = images.store.leases.take();
  const parts = of.map((architecture) => {
    const file: ImageFile = { architecture, os: 'linux', author: version, rootfs: { type: 'layers', diff_ids: [] } };
    return { file, parent: undefined, attest, manifest: { oci: true, passing: false } };
  });
  return images.createBuiltIndex({ parts, tags, oci: true, lease }).finally(() => lease[Symbol.dispose]());
}

async function checkAll(images: Images): Promise<void> {
  const rows = images.list({ all: true, manifests: true });
  assert.equal(images.count(), rows.length);
  assert.equal(new Set(rows.map(({ Id }) => Id)).size, rows.length);
  for (const { Id, RepoTags, Manifests } of rows) {
    for (const text of RepoTags) assert.equal(images.inspect(text).image.Id, Id);
    const here = Manifests?.filter(({ Available, Kind }) => Available && Kind === 'image') ?? [];
    assert.ok(here.length > 0);
    for (const { ID } of here) images.inspect(ID);
    for (const { Available, AttestationData } of Manifests ?? [])
      if (Available && AttestationData) assert.ok(here.some(({ ID }) => ID === AttestationData.For));
  }
  // blobs go in the background
  for (let tries = 0; ; tries += 1) {
    const { findings } = await images.check(false, new AbortController().signal);
    if (findings.length === 0) return;
    if (tries === 300 || findings.some(({ text }) => !/that nothing knows/.test(text))) assert.deepEqual(findings, []);
    await new Promise((resolve) => setTimeout(resolve, tries));
  }
}
