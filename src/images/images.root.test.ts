import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { silentLog } from '../base/log.ts';
import type { Digest } from '../base/ids.ts';
import { TAR_TRAILER, tarHeader, tarPadding } from '../host/sandbox/index.ts';
import type { ProgressMessage } from '../spec/docker/index.ts';
import { type Images, openImages } from './index.ts';
import { openStore } from '../store/index.ts';
import { parseReference } from './reference/index.ts';

let work = '';
let count = 0;
before(() => {
  work = mkdtempSync(join(tmpdir(), 'images-'));
});
after(() => rmSync(work, { recursive: true, force: true }));

const users = new Map<string, { id: string; running: boolean }[]>();
const seen: string[] = [];

async function open(root?: string): Promise<Images> {
  count += 1;
  return openImages({
    store: await openStore(root ?? join(work, String(count)), silentLog),
    log: silentLog,
    users: { usersOf: (id) => users.get(id) ?? [] },
    events: (event) => seen.push(event.action),
  });
}

function archive(files: Record<string, string | Buffer>): Buffer {
  const parts = Object.entries(files).flatMap(([name, content]) => {
    const bytes = Buffer.from(content);
    return [tarHeader({ name, type: 'file', size: bytes.length }), bytes, Buffer.alloc(tarPadding(bytes.length))];
  });
  return Buffer.concat([...parts, TAR_TRAILER]);
}

async function* source(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes;
}

async function gather(stream: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const chunks = [];
  for await (const chunk of stream) chunks.push(chunk);
  return Buffer.concat(chunks);
}

const make = (images: Images, name: string, text: string, changes: string[] = []): Promise<{ id: Digest }> =>
  images.import(source(archive({ f: text })), { reference: withLatest(name), changes, message: `made ${name}` });
const withLatest = (name: string): ReturnType<typeof parseReference> => ({ ...parseReference(name), tag: 'latest' });

async function load(images: Images, bytes: Buffer): Promise<string> {
  const lines: ProgressMessage[] = [];
  await images.load(source(bytes), { say: (line) => void lines.push(line), quiet: true });
  return lines.map((line) => line.stream ?? '').join('');
}

test('import, inspect, history, list, tag, remove', async () => {
  using images = await open();
  seen.length = 0;
  const { id } = await make(images, 'one', 'abc', ['CMD ["x"]', 'LABEL a=b']);
  images.tag('one', 'two', '2');
  const { image } = images.inspect('two:2');
  assert.deepEqual(
    [image.Id, image.RepoTags, image.Size, image.Comment, image.Config],
    [id, ['one:latest', 'two:2'], 3, 'made one', { Cmd: ['x'], Labels: { a: 'b' } }],
  );
  assert.equal(images.inspect(id.slice(7, 15)).image.Id, id);
  assert.deepEqual(
    images.history('one').map((item) => [item.Id, item.Comment, item.Size]),
    [[id, 'made one', 3]],
  );
  assert.equal(images.forContainer('one').lowerDirs.length, 1);
  assert.throws(() => images.inspect('nope'), { message: 'No such image: nope:latest', kind: 'notFound' });
  assert.throws(
    () => images.forContainer('one', 'linux/s390x'),
    /image with reference one was found but its platform \(linux\/\w+\) does not match the specified platform \(linux\/s390x\)/,
  );
  assert.throws(() => images.tag('one', 'sha256', '1'), {
    message: 'refusing to create an ambiguous tag using digest algorithm as name',
  });
  assert.throws(() => images.remove(id), {
    message: `conflict: unable to delete ${id.slice(7, 19)} (must be forced) - image is referenced in multiple repositories`,
  });
  assert.deepEqual(images.remove('one'), [{ Untagged: 'one:latest' }]);
  assert.deepEqual(
    images.remove('two:2').map((item) => Object.keys(item)[0]),
    ['Untagged', 'Deleted', 'Deleted'],
  );
  assert.deepEqual(seen, ['tag', 'import', 'tag', 'untag', 'untag', 'delete']);
});

test('images in use: conflicts, and layers that stay while a container needs them', async () => {
  using images = await open();
  const { id } = await make(images, 'used', 'abc');
  const short = id.slice(7, 19);
  users.set(id, [{ id: 'c'.repeat(64), running: false }]);
  assert.throws(() => images.remove('used'), {
    message: `conflict: unable to remove repository reference "used" (must force) - container cccccccccccc is using its referenced image ${short}`,
  });
  assert.throws(() => images.remove(short), {
    message: `conflict: unable to delete ${short} (must be forced) - image is being used by stopped container cccccccccccc`,
  });
  users.set(id, [{ id: 'c'.repeat(64), running: true }]);
  assert.throws(() => images.remove(short, { force: true }), {
    message: `conflict: unable to delete ${short} (cannot be forced) - image is being used by running container cccccccccccc`,
  });
  users.set(id, [{ id: 'c'.repeat(64), running: false }]);
  assert.deepEqual(images.remove('used', { force: true }), [{ Untagged: 'used:latest' }, { Deleted: id }]);
  assert.equal(images.count(), 0);
  assert.equal(images.lowerDirs(id).length, 1);
  images.sweep();
  assert.equal(images.lowerDirs(id).length, 1);
  users.delete(id);
  images.sweep();
  assert.throws(() => images.lowerDirs(id));
  assert.equal(images.store.layers.all().size, 0);
});

test('what the store holds is told without the images on the way to others', async () => {
  using images = await open();
  const step = await images.import(source(archive({ f: 'abc' })), {});
  const top = await images.commit({ parent: step.id, config: {}, reference: withLatest('top') });
  users.set(top.id, [{ id: 'c'.repeat(64), running: true }]);
  const usage = await images.usage();
  users.delete(top.id);
  assert.deepEqual(
    usage.images.map(({ Id, Containers, SharedSize }) => [Id, Containers, SharedSize]),
    [[top.id, 1, 0]],
  );
  // a directory, a file and seams of the only layer; beside it lie the two configurations
  assert.deepEqual([usage.images[0]?.Size, usage.layersSize], [3 * 4096, 5 * 4096]);
  assert.equal(images.list({ all: true, sharedSize: true }).length, 2);
});

test('no way to give a name gives one that reads like an id', async () => {
  using images = await open();
  const { id } = await make(images, 'good', 'abc');
  const saved = (await gather(images.save(['good']))).toString('latin1').replaceAll('good:latest', 'sha256:late');
  const said = { kind: 'invalid', message: /^refusing to create an ambiguous tag using digest algorithm as name/ };
  await assert.rejects(make(images, 'sha256', 'x'), said);
  await assert.rejects(images.commit({ parent: id, config: {}, reference: withLatest('sha256') }), said);
  await assert.rejects(load(images, Buffer.from(saved, 'latin1')), said);
  assert.throws(() => images.checkTag('sha256:x'), said);
  assert.deepEqual(
    images.list({ all: true }).map(({ RepoTags }) => RepoTags),
    [['good:latest']],
  );
});

test('commit: a layer on top, its parent, and an empty one', async () => {
  using images = await open();
  const base = await make(images, 'base', 'abc');
  const upper = join(work, 'upper');
  mkdirSync(upper);
  writeFileSync(join(upper, 'new'), 'four');
  const child = await images.commit({
    parent: base.id,
    upperDir: upper,
    config: { Cmd: ['y'] },
    author: 'me',
    comment: 'said',
    createdBy: 'sh -c y',
    reference: withLatest('child'),
  });
  const { image } = images.inspect('child');
  assert.deepEqual(
    [image.Parent, image.Size, image.Author, image.Comment, image.RootFS.Layers.length],
    [base.id, 7, 'me', 'said', 2],
  );
  assert.deepEqual(
    images.history('child').map((item) => [item.Id, item.CreatedBy, item.Size]),
    [
      [child.id, 'sh -c y', 4],
      [base.id, '', 3],
    ],
  );
  assert.throws(() => images.remove(base.id), {
    message: `conflict: unable to delete ${base.id.slice(7, 19)} (cannot be forced) - image has dependent child images`,
  });
  assert.deepEqual([...images.descendants('base')], [base.id, child.id]);
  const empty = join(work, 'empty');
  mkdirSync(empty);
  const nothing = await images.commit({ parent: child.id, upperDir: empty, config: {} });
  assert.equal(nothing.file.rootfs.diff_ids.length, 2);
  images.remove('base');
  assert.equal(images.remove(nothing.id).length, 1);
  assert.deepEqual(
    images
      .remove('child')
      .map((item) => Object.values(item)[0])
      .filter((text) => text === base.id),
    [base.id],
  );
  assert.equal(images.count(), 0);
});

test('save and load: the same bytes, the same images', async () => {
  using images = await open();
  const one = await make(images, 'one', 'abc');
  const two = await make(images, 'two', 'def');
  images.tag('two', 'two', 'other');
  const saved = await gather(images.save(['one', 'two']));
  assert.ok((await gather(images.save(['one', 'two']))).equals(saved));
  assert.throws(() => images.save(['nope']), { message: 'No such image: nope' });
  using other = await open();
  assert.equal(
    await load(other, saved),
    'Loaded image: one:latest\nLoaded image: two:latest\nLoaded image: two:other\n',
  );
  assert.deepEqual(
    [other.inspect('one').image.Id, other.inspect('two').image.RepoTags],
    [one.id, ['two:latest', 'two:other']],
  );
  assert.equal(await load(other, await gather(images.save([two.id]))), `Loaded image ID: ${two.id}\n`);
});

test('fault I21: archives that claim too much are refused and leave nothing', async () => {
  const layer = archive({ f: 'x' });
  const digest = createHash('sha256').update(layer).digest('hex');
  const config = JSON.stringify({
    architecture: 'amd64',
    os: 'linux',
    rootfs: { type: 'layers', diff_ids: [`sha256:${digest}`] },
    history: [],
  });
  const bad: [Record<string, string | Buffer>, RegExp][] = [
    [{ 'manifest.json': '{bad' }, /^manifest.json: invalid character 'b' looking for beginning of object key string$/],
    [{ 'manifest.json': 'null' }, /^invalid manifest, manifest cannot be null \(but can be \[\]\)$/],
    [{ 'manifest.json': '[{"Config":"../../etc/passwd","Layers":[]}]' }, /no such file/],
    [{ 'manifest.json': '[{"Config":"c","Layers":[]}]', c: config }, /layers length mismatch: expected 0, got 1/],
    [
      { 'manifest.json': '[{"Config":"c","Layers":["l"]}]', c: config, l: archive({ f: 'y' }) },
      /invalid diffID for layer 0/,
    ],
    [{ 'manifest.json': '[{"Config":"c","Layers":["l"]}]', c: '{}', l: layer }, /no RootFS key/],
    [{ 'manifest.json': '[{"Config":"c","Layers":["gone"]}]', c: config }, /no such file/],
    [{ 'manifest.json': '[{"Config":"c","Layers":["l",7]}]', c: config, l: layer }, /Layers is no list of texts/],
    [{ x: 'y' }, /repositories: no such file/],
    [
      {
        'index.json': JSON.stringify({ manifests: [{ digest: `sha256:${digest}`, mediaType: '', size: 1 }] }),
        [`blobs/sha256/${digest}`]: '{}',
      },
      /another digest/,
    ],
  ];
  using images = await open();
  for (const [files, message] of bad)
    await assert.rejects(load(images, archive(files)), { message }, JSON.stringify(Object.keys(files)));
  await assert.rejects(load(images, Buffer.from('no tar at all'.repeat(100))), /invalid tar header/);
  assert.deepEqual([images.count(), images.store.layers.all().size], [0, 0]);
});

test('an OCI layout is loaded for its own platform', async () => {
  using images = await open();
  const layer = archive({ f: 'oci' });
  const hash = (content: string | Buffer): string => createHash('sha256').update(content).digest('hex');
  const config = JSON.stringify({
    architecture: process.arch === 'arm64' ? 'arm64' : 'amd64',
    os: 'linux',
    rootfs: { type: 'layers', diff_ids: [`sha256:${hash(layer)}`] },
  });
  const describe = (mediaType: string, content: string | Buffer): object => ({
    mediaType,
    digest: `sha256:${hash(content)}`,
    size: content.length,
  });
  const manifest = JSON.stringify({
    schemaVersion: 2,
    config: describe('application/vnd.oci.image.config.v1+json', config),
    layers: [describe('application/vnd.oci.image.layer.v1.tar', layer)],
  });
  const index = {
    schemaVersion: 2,
    manifests: [
      {
        ...describe('application/vnd.oci.image.manifest.v1+json', manifest),
        annotations: { 'org.opencontainers.image.ref.name': 'it:1' },
      },
    ],
  };
  const files = Object.fromEntries(
    [layer, config, manifest].map((content) => [`blobs/sha256/${hash(content)}`, content]),
  );
  assert.equal(
    await load(images, archive({ ...files, 'index.json': JSON.stringify(index), 'oci-layout': '{}' })),
    'Loaded image: it:1\n',
  );
});

test('everything is there again after a restart', async () => {
  const root = join(work, 'again');
  {
    using images = await open(root);
    await make(images, 'kept', 'abc');
  }
  using images = await open(root);
  assert.deepEqual(
    images.list().map((row) => [row.RepoTags, row.Size]),
    [[['kept:latest'], 3]],
  );
});

test('filters of list and prune', async () => {
  using images = await open();
  const one = await make(images, 'f/one', '1', ['LABEL k=v']);
  await new Promise((resolve) => setTimeout(resolve, 5));
  const two = await make(images, 'f/two', '2');
  const ids = (filters: Record<string, string[]>): string[] =>
    images.list({ filters: new Map(Object.entries(filters)) }).map((row) => row.Id);
  assert.deepEqual(ids({}), [two.id, one.id]);
  assert.deepEqual(ids({ label: ['k=v'] }), [one.id]);
  assert.deepEqual(ids({ before: ['f/two'] }), [one.id]);
  assert.deepEqual(ids({ since: ['f/one'] }), [two.id]);
  assert.deepEqual(ids({ reference: ['f/t*'] }), [two.id]);
  assert.deepEqual(ids({ dangling: ['true'] }), []);
  assert.deepEqual(ids({ until: ['1h'] }), []);
  assert.throws(() => ids({ nope: ['x'] }), { message: "invalid filter 'nope'" });
  assert.throws(() => ids({ dangling: ['x'] }), { message: "invalid filter 'dangling=[x]'" });
  assert.deepEqual(images.prune(new Map()), { ImagesDeleted: null, SpaceReclaimed: 0 });
  const pruned = images.prune(
    new Map([
      ['dangling', ['false']],
      ['label!', ['k']],
    ]),
  );
  assert.equal(pruned.SpaceReclaimed, 1);
  assert.deepEqual(
    images.list().map((row) => row.Id),
    [one.id],
  );
});
