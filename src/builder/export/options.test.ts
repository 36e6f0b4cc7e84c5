// What outputs ask for: each attribute holds or is refused by its name.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { annotationsOn, exportOptions, needsManifest } from './options.ts';

const one = { platforms: 1, attested: false, epoch: false };
const many = { platforms: 2, attested: false, epoch: false };
type Type = Parameters<typeof exportOptions>[0]['type'];
const read = (type: Type, text: string, facts = one) =>
  exportOptions(
    { type, attributes: Object.fromEntries(text.split(',').map((pair) => pair.split('=') as [string, string])) },
    facts,
  );

test('users B11: compression, its level and media types are read', () => {
  assert.deepEqual(read('oci', 'compression=zstd,compression-level=99,force-compression=true').packing, {
    form: 'zstd',
    level: 22,
    force: true,
  });
  assert.deepEqual(read('oci', 'compression=uncompressed').packing, { form: 'none', force: false });
  assert.equal(read('image', 'name=x,push=1,unpack=true,store=true').packing, undefined);
  assert.equal(read('oci', 'oci-mediatypes=false').ociMediaTypes, false);
  assert.equal(needsManifest(read('image', 'name=x,push=true')), false);
  assert.equal(needsManifest(read('image', 'oci-mediatypes=true')), true);
  assert.throws(() => read('oci', 'compression=foo'), /unsupported compression type foo/);
  assert.throws(() => read('oci', 'compression-level=x'), /non-integer value "x" specified for compression-level/);
  assert.throws(() => read('docker', 'oci-mediatypes=x'), /non-bool value specified for oci-mediatypes: strconv/);
});

test('users B11: what is not done is refused by name', () => {
  for (const [type, text] of [
    ['image', 'push-by-digest=true'],
    ['image', 'name-canonical=true'],
    ['image', 'registry.insecure=true'],
    ['image', 'store=false'],
    ['image', 'buildinfo=true'],
    ['image', 'dangling-name-prefix=x'],
    ['oci', 'push=true'],
    ['oci', 'foo=bar'],
    ['local', 'compression=gzip'],
    ['tar', 'annotation.a=b'],
  ] as const)
    assert.throws(
      () => read(type, text),
      new RegExp(`${text.split('=')[0]}.* of the exporter ${type} is not implemented`),
    );
  assert.throws(() => read('oci', 'compression=estargz'), /compression=estargz is not implemented/);
  assert.throws(
    () => read('oci', 'rewrite-timestamp=false', { ...one, epoch: true }),
    /rewrite-timestamp=false is not implemented/,
  );
});

test('users B11: annotations have a place and perhaps a platform', () => {
  const options = read('oci', 'annotation.a=b,annotation-manifest[linux/arm64].c=d,annotation-index.e=f', many);
  assert.deepEqual(annotationsOn(options, 'manifest', { os: 'linux', architecture: 'amd64' }), { a: 'b' });
  assert.deepEqual(annotationsOn(options, 'manifest', { os: 'linux', architecture: 'arm64' }), { a: 'b', c: 'd' });
  assert.deepEqual(annotationsOn(options, 'index'), { e: 'f' });
  assert.equal(annotationsOn(options, 'index-descriptor'), undefined);
  assert.throws(
    () => read('oci', 'annotation-index.a=b'),
    /index annotations not supported for single platform export/,
  );
  assert.throws(() => read('image', 'annotation-manifest-descriptor.a=b'), /manifest-descriptor are not implemented/);
});
