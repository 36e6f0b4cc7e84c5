import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { BerthError } from '../../base/errors.ts';
import { MEDIA, parsePlatform } from '../../spec/oci/index.ts';
import { chooseManifest, isAttestation } from './choose.ts';
import { MAX_DOCUMENT, parseDocument } from './document.ts';
import { DAMAGE, damaged } from './testing.ts';

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

const text = JSON.stringify(image);
const nested = (depth: number): string => '['.repeat(depth) + ']'.repeat(depth);

/** What has no place in a line of testdata. */
const REFUSED: [string | Buffer, string, RegExp][] = [
  ['', MEDIA.manifest, /invalid manifest: unexpected end of JSON input/],
  [' \n', MEDIA.manifest, /invalid manifest: unexpected end of JSON input/],
  [`\ufeff${text}`, MEDIA.manifest, /invalid manifest: invalid character '\ufeff' looking for beginning of value/],
  [Buffer.from(text, 'utf16le'), MEDIA.manifest, /invalid manifest: invalid character/],
  [`${text}\0`, MEDIA.manifest, /invalid manifest: invalid character '\\x00' after top-level value/],
  [`${text}${' '.repeat(MAX_DOCUMENT)}`, MEDIA.manifest, /manifest is too large: \d+ bytes/],
  [nested(9_999), MEDIA.manifest, /invalid manifest: not an object/],
  [nested(100_000), MEDIA.manifest, /invalid manifest: (exceeded max depth|not an object)/],
  [JSON.stringify({ ...image, layers: Array(126).fill(image.layers[0]) }), MEDIA.manifest, /max depth exceeded/],
  [JSON.stringify({ ...index, manifests: Array(10_001).fill(index.manifests[0]) }), MEDIA.index, /more than 10000/],
  [
    text.replace('"layers"', '"layer\u017f"'),
    MEDIA.manifest,
    /ambiguous manifest: "layer\u017f" is read as layers by some/,
  ],
];

test('fault I12: what is no manifest is refused, and says why', () => {
  for (const [content, type, message] of REFUSED)
    assert.throws(() => parseDocument(Buffer.from(content), type), { kind: 'invalid', message }, String(message));
});

test('what registries send is taken', () => {
  for (const type of [MEDIA.manifest, 'application/json', 'text/plain; charset=utf-8', ''])
    assert.equal(parseDocument(Buffer.from(JSON.stringify(image)), type).mediaType, MEDIA.manifest);
  assert.equal(parseDocument(Buffer.from(JSON.stringify(index)), MEDIA.index).kind, 'index');
  const most = { ...image, layers: Array(125).fill(image.layers[0]) };
  assert.equal(parseDocument(Buffer.from(JSON.stringify(most)), MEDIA.manifest).kind, 'manifest');
});

test('fault I12: a document that was damaged anywhere is refused, or is one that can be used', () => {
  const types = fc.constantFrom(MEDIA.manifest, MEDIA.index, 'application/json');
  fc.assert(
    fc.property(fc.constantFrom(image, index), DAMAGE, types, (whole, damage, type) => {
      try {
        const document = parseDocument(Buffer.from(JSON.stringify(damaged(whole, damage))), type);
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
