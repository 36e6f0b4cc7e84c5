import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { silentLog } from '../base/log.ts';
import { type Digest, sha256 } from '../base/ids.ts';
import type { BuiltIndex, BuiltPart } from '../builder/ports.ts';
import { TAR_TRAILER, tarHeader, tarPadding } from '../host/confined/index.ts';
import { type ImageFile, MEDIA, parsePlatform } from '../spec/oci/index.ts';
import { type Images, openImages } from './index.ts';

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
  const images = await openImages({
    root: at,
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
    parts.push({ file, parent: undefined, attest });
  }
  return images.createBuiltIndex({ parts, tags, lease });
}

/** Everything in the store, after what runs in the background has ended. */
async function left(root: string): Promise<{ layers: number; blobs: number }> {
  const here = (name: string): number => readdirSync(join(root, name)).filter((one) => !one.startsWith('+')).length;
  await new Promise((resolve) => setTimeout(resolve, 20));
  return { layers: here('l'), blobs: here('blobs/sha256') };
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
  const kept = await left(root);
  assert.equal(kept.layers, 4);
  images[Symbol.dispose]();
  const { images: again } = await open(root);
  assert.equal(again.inspect('y:2', { platform: parsePlatform('linux/arm64') }).image.Id, arm64);
  assert.deepEqual(await left(root), kept);
  const gone = again.remove('y:2').map(({ Deleted, Untagged }) => Deleted ?? Untagged);
  assert.deepEqual(gone.slice(0, 4), ['y:2', amd64, arm64, built.images[2]?.id]);
  assert.equal(gone.length, 4 + 4);
  assert.deepEqual(await left(root), { layers: 0, blobs: 0 });
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
  assert.equal((await left(root)).layers, 3);
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
  assert.deepEqual(await left(root), { layers: 0, blobs: 0 });
  images[Symbol.dispose]();
});
