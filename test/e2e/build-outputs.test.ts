// What outputs of a build are asked for, seen in what came out: compression, media types, annotations.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { execute, type Result, TestDaemon } from '../support/daemon.ts';

let daemon: TestDaemon;
let context: string;

before(async () => {
  daemon = await TestDaemon.start();
  await daemon.busybox();
  context = join(daemon.folder, 'context');
  mkdirSync(context);
  writeFileSync(join(context, 'Dockerfile'), 'FROM busybox\nRUN echo put out > /out\n');
});

after(async () => daemon[Symbol.asyncDispose]());

const build = (...args: string[]): Promise<Result> => daemon.berth('build', ...args, context);

interface Document {
  readonly mediaType: string;
  readonly manifests: readonly { readonly digest: string; readonly annotations?: Readonly<Record<string, string>> }[];
  readonly layers: readonly { readonly mediaType: string; readonly digest: string }[];
  readonly annotations?: Readonly<Record<string, string>>;
}

/** The manifest of the one image in an archive, and the first bytes of its last layer. */
function unpacked(archive: string): { readonly manifest: Document; readonly magic: string } {
  const layout = `${archive}.d`;
  mkdirSync(layout);
  execFileSync('tar', ['-xf', archive, '-C', layout]);
  const read = (path: string): Document => JSON.parse(readFileSync(join(layout, path), 'utf8')) as Document;
  const blob = (digest: string): string => `blobs/sha256/${digest.slice('sha256:'.length)}`;
  const manifest = read(blob(read('index.json').manifests[0]?.digest ?? ''));
  const layer = readFileSync(join(layout, blob(manifest.layers.at(-1)?.digest ?? '')));
  return { manifest, magic: layer.toString('hex', 0, 4) };
}

test('users B11: an archive has the compression, the media types and the annotations that it was asked for', async () => {
  const zstd = join(daemon.folder, 'zstd.tar');
  const first = await build(
    '-o',
    `type=oci,dest=${zstd},compression=zstd,annotation.from=output`,
    '--annotation',
    'a=b',
  );
  assert.equal(first.code, 0, first.stderr);
  const { manifest, magic } = unpacked(zstd);
  assert.equal(magic, '28b52ffd');
  assert.match(manifest.layers.at(-1)?.mediaType ?? '', /oci\.image\.layer\.v1\.tar\+zstd$/);
  assert.deepEqual(manifest.annotations, { a: 'b', from: 'output' });

  // another form afterwards: nothing of the first one sticks
  const gzip = join(daemon.folder, 'gzip.tar');
  const second = await build(
    '-o',
    `type=docker,dest=${gzip},name=put/out,compression=gzip,compression-level=9,force-compression=true`,
  );
  assert.equal(second.code, 0, second.stderr);
  const packed = unpacked(gzip);
  assert.match(packed.magic, /^1f8b/);
  assert.equal(packed.manifest.annotations, undefined);
  assert.ok(packed.manifest.layers.every(({ mediaType }) => mediaType.endsWith('docker.image.rootfs.diff.tar.gzip')));
  for (const archive of [zstd, gzip]) assert.equal((await daemon.berth('load', '-i', archive)).code, 0);
  const run = await daemon.berth('run', '--rm', '--network', 'none', 'put/out', 'cat', '/out');
  assert.equal(run.stdout, 'put out\n');

  // whoever has only the API: the same output, asked for on the endpoint of older clients
  const outputs = JSON.stringify([{ Type: 'oci', Attrs: { foo: 'bar' } }]);
  const asked = `/build?version=2&outputs=${encodeURIComponent(outputs)}`;
  const tar = join(daemon.folder, 'context.tar');
  execFileSync('tar', ['-cf', tar, '-C', context, '.']);
  const curl = ['-s', '--unix-socket', daemon.socket, '-X', 'POST', '--data-binary', `@${tar}`];
  const answer = await execute('curl', [...curl, '-H', 'Content-Type: application/x-tar', `http://x${asked}`]);
  assert.match(answer.stdout, /the option \\"foo\\" of the exporter oci is not implemented/);
});

test('users B11: what an output cannot have is refused by name before anything is built', async () => {
  for (const [output, why] of [
    ['type=oci,dest=-,compression=estargz', /compression=estargz is not implemented/],
    ['type=image,push-by-digest=true', /push-by-digest=true of the exporter image is not implemented/],
    ['type=image,annotation-index.a=b', /index annotations not supported for single platform export/],
    [`type=tar,dest=-,compression=gzip`, /the option "compression" of the exporter tar is not implemented/],
  ] as const) {
    const { code, stderr } = await build('-o', output);
    assert.notEqual(code, 0);
    assert.match(stderr, why);
    assert.doesNotMatch(stderr, /RUN echo/);
  }
});
