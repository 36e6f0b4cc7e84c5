import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import {
  type Descriptor,
  formatPlatform,
  type Platform,
  parsePlatform,
  platformMatches,
} from '../../spec/oci/index.ts';
import { bestManifest, chooseManifest, isAttestation } from './choose.ts';

const platforms = ['amd64', 'amd64/v2', 'amd64/v3', 'arm64', 'arm64/v8', 'arm/v5', 'arm/v6', 'arm/v7', '386', 's390x'];

function described(text: string | undefined, at: number): Descriptor {
  const digest = `sha256:${String(at).padStart(64, '0')}`;
  if (text === undefined) return { mediaType: 'm', digest, size: 1 };
  const [architecture = '', variant] = text.split('/');
  return { mediaType: 'm', digest, size: 1, platform: { os: 'linux', architecture, ...(variant ? { variant } : {}) } };
}

const chosen = (wanted: string, of: readonly string[], level = 1): string | undefined => {
  const found = bestManifest(of.map(described), parsePlatform(wanted), level);
  return found && of[Number(found.digest.slice('sha256:'.length))];
};

test('the best of several that would run', () => {
  for (const [wanted, of, best] of [
    ['linux/amd64', ['386', 'arm64', 'amd64'], 'amd64'],
    ['linux/amd64', ['386', 'arm64'], '386'],
    ['linux/amd64', ['amd64/v2', 'amd64'], 'amd64'],
    ['linux/amd64/v3', ['amd64', 'amd64/v2', 'amd64/v4'], 'amd64/v2'],
    ['linux/arm/v7', ['arm/v5', 'arm/v6'], 'arm/v6'],
    ['linux/arm', ['arm/v6', 'arm/v7'], 'arm/v7'],
    ['linux/arm/v6', ['arm/v7'], undefined],
    ['linux/arm64', ['arm/v7', 'arm64/v8'], 'arm64/v8'],
    ['linux/arm64/v8', ['arm64'], 'arm64'],
    ['linux/s390x', ['amd64'], undefined],
    ['linux/amd64', ['amd64', 'amd64'], 'amd64'],
  ] as const) {
    assert.equal(chosen(wanted, of), best, `${wanted} of ${of.join()}`);
  }
  const first = bestManifest(['amd64', 'amd64'].map(described), parsePlatform('linux/amd64'));
  assert.match(first?.digest ?? '', /0{64}$/);
});

test('users B12: amd64 without a variant is the best that the processor runs where there is nothing older', () => {
  for (const [of, level, best] of [
    [['amd64/v2', 'amd64/v3'], 3, 'amd64/v3'],
    [['amd64/v3', 'amd64/v2'], 2, 'amd64/v2'],
    [['amd64/v3', 'amd64/v2'], 4, 'amd64/v3'],
    [['amd64/v2', 'amd64/v3'], 1, undefined],
    [['amd64/v3', 'amd64', 'amd64/v2'], 4, 'amd64'],
    [['386', 'amd64/v2'], 2, 'amd64/v2'],
  ] as const)
    assert.equal(chosen('linux/amd64', of, level), best, `${of.join()} on v${level}`);
  assert.equal(chosen('linux/amd64/v2', ['amd64/v3'], 4), undefined);
});

test('whatever there is: what is chosen runs, is no attestation, and nothing that runs is passed over', () => {
  const entries = fc.array(fc.option(fc.constantFrom(...platforms), { nil: undefined }), { maxLength: 8 });
  const attestations = fc.array(fc.nat(7), { maxLength: 4 });
  fc.assert(
    fc.property(entries, attestations, fc.constantFrom(...platforms), (of, about, text) => {
      const wanted: Platform = parsePlatform(`linux/${text}`);
      const manifests = of
        .map(described)
        .map((one, at) =>
          about.includes(at) ? { ...one, annotations: { 'vnd.docker.reference.type': 'attestation-manifest' } } : one,
        );
      const runs = ({ platform }: Descriptor): boolean => platform === undefined || platformMatches(wanted, platform);
      const fitting = manifests.filter((one) => !isAttestation(one) && runs(one));
      const best = bestManifest(manifests, wanted, Number.POSITIVE_INFINITY);
      if (fitting.length === 0) {
        assert.equal(best, undefined);
        assert.throws(() => chooseManifest(manifests, wanted, Number.POSITIVE_INFINITY), {
          kind: 'notFound',
          message: `no matching manifest for ${formatPlatform(wanted)} in the manifest list entries`,
        });
        return;
      }
      assert.ok(best && fitting.includes(best));
      const exact = fitting.find(({ platform }) => platform && formatPlatform(platform) === formatPlatform(wanted));
      if (exact) assert.equal(best, exact);
      // one whose platform is known goes before one that says nothing, and the order is that of the index
      if (fitting.some(({ platform }) => platform)) assert.ok(best.platform);
      const same = fitting.find(({ platform }) => JSON.stringify(platform) === JSON.stringify(best.platform));
      assert.equal(best, same);
    }),
    { numRuns: 500 },
  );
});
