import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { BerthError } from '../../base/errors.ts';
import { MEDIA, parsePlatform } from '../../spec/oci/index.ts';
import { chooseManifest, isAttestation } from './choose.ts';
import { parseDocument } from './document.ts';

const DIGEST = `sha256:${'ab'.repeat(32)}`;
const one = (mediaType: string): object => ({ mediaType, digest: DIGEST, size: 7 });
const image = {
  schemaVersion: 2,
  mediaType: MEDIA.manifest,
  config: one('application/vnd.oci.image.config.v1+json'),
  layers: [one('application/vnd.oci.image.layer.v1.tar+gzip'), one('application/vnd.oci.image.layer.v1.tar')],
  annotations: { 'org.opencontainers.image.created': '2020-01-01T00:00:00Z' },
};
const index = {
  schemaVersion: 2,
  mediaType: MEDIA.index,
  manifests: [
    { ...one(MEDIA.manifest), platform: { os: 'linux', architecture: 'arm', variant: 'v7', features: ['vfpv3'] } },
    { ...one(MEDIA.manifest), platform: { os: 'linux', architecture: 'amd64' } },
    { ...one(MEDIA.manifest), annotations: { 'vnd.docker.reference.type': 'attestation-manifest' } },
  ],
};

const REFUSED: [string, string, RegExp][] = [
  ['', MEDIA.manifest, /invalid manifest/],
  ['null', MEDIA.manifest, /not an object/],
  ['[]', MEDIA.manifest, /not an object/],
  ['"x"', MEDIA.manifest, /not an object/],
  ['{}', MEDIA.manifest, /config has no descriptor/],
  ['{"config":null}', MEDIA.manifest, /config has no descriptor/],
  [`{"config":{"digest":"md5:00","size":1,"mediaType":"x"}}`, MEDIA.manifest, /unsupported digest/],
  [`{"config":{"digest":"${DIGEST}","size":-1,"mediaType":"x"}}`, MEDIA.manifest, /no usable size/],
  [`{"config":{"digest":"${DIGEST}","size":1e300,"mediaType":"x"}}`, MEDIA.manifest, /no usable size/],
  [`{"config":{"digest":"${DIGEST}","size":"7","mediaType":"x"}}`, MEDIA.manifest, /no usable size/],
  [`{"config":{"digest":"${DIGEST}","size":7}}`, MEDIA.manifest, /no mediaType/],
  [JSON.stringify({ ...image, layers: {} }), MEDIA.manifest, /layers is no list/],
  [JSON.stringify({ ...image, layers: Array(126).fill(image.layers[0]) }), MEDIA.manifest, /max depth exceeded/],
  [JSON.stringify({ ...image, manifests: [] }), MEDIA.manifest, /ambiguous manifest/],
  [JSON.stringify({ ...image, mediaType: 7 }), MEDIA.manifest, /mediaType is no text/],
  [JSON.stringify(image), MEDIA.dockerManifest, /mediaType in manifest should be/],
  [JSON.stringify(image), MEDIA.index, /has the fields of another/],
  [JSON.stringify(image), 'text/html', /unsupported manifest media type/],
  [JSON.stringify({ ...image, schemaVersion: 1 }), MEDIA.manifest, /schema 1 support has been removed/],
  [JSON.stringify({ ...index, manifests: 'x' }), MEDIA.index, /manifests is no list/],
  [JSON.stringify({ ...index, manifests: [null] }), MEDIA.index, /manifests has no descriptor/],
  [JSON.stringify({ ...index, manifests: [{ ...one('x'), platform: 5 }] }), MEDIA.index, /platform/],
  [JSON.stringify({ ...index, manifests: [{ ...one('x'), platform: { os: 5 } }] }), MEDIA.index, /platform/],
  [JSON.stringify({ ...index, manifests: [{ ...one('x'), annotations: { a: 5 } }] }), MEDIA.index, /annotations/],
];

test('fault I12: what is no manifest is refused, and says why', () => {
  for (const [text, type, message] of REFUSED)
    assert.throws(() => parseDocument(Buffer.from(text), type), { kind: 'invalid', message }, text.slice(0, 200));
});

test('what registries send is taken', () => {
  for (const type of [MEDIA.manifest, 'application/json', 'text/plain; charset=utf-8', ''])
    assert.equal(parseDocument(Buffer.from(JSON.stringify(image)), type).mediaType, MEDIA.manifest);
  assert.equal(parseDocument(Buffer.from(JSON.stringify({ ...image, layers: null })), MEDIA.manifest).kind, 'manifest');
  assert.equal(parseDocument(Buffer.from(JSON.stringify(index)), MEDIA.index).kind, 'index');
});

test('fault I12: a document that was damaged anywhere is refused, or is one that can be used', () => {
  const odd = fc.oneof(fc.constantFrom(null, 0, -1, 2 ** 60, '', 'x', true, [], {}, [[]], [null]), fc.jsonValue());
  const damage = fc.record({ of: fc.constantFrom(image, index), at: fc.nat(), by: odd, drop: fc.boolean() });
  fc.assert(
    fc.property(damage, fc.constantFrom(MEDIA.manifest, MEDIA.index, 'application/json'), (wish, type) => {
      const copy = structuredClone(wish.of) as unknown as Record<string, unknown>;
      const places = placesIn(copy);
      const [holder, key] = places[wish.at % places.length] ?? [copy, 'config'];
      if (wish.drop) Reflect.deleteProperty(holder, key);
      else Reflect.set(holder, key, wish.by);
      try {
        const document = parseDocument(Buffer.from(JSON.stringify(copy)), type);
        if (document.kind === 'index') {
          document.manifests.some(isAttestation);
          chooseManifest(document.manifests, parsePlatform('linux/amd64'));
        } else for (const { digest, size } of [document.config, ...document.layers]) assert.ok(digest && size >= 0);
      } catch (error) {
        assert.ok(error instanceof BerthError, String(error));
      }
    }),
    { numRuns: 3000 },
  );
});

/** Every field and item, wherever it stands. */
function placesIn(value: unknown): [object, string][] {
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([key, inner]) => [[value, key] as [object, string], ...placesIn(inner)]);
}
