import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { sha256 } from '../../base/ids.ts';
import { observePackages } from './observe.ts';
import { dpkgPackages, npmPackage, purlOf } from './packages.ts';
import { imagePurl, provenanceOf, type ProvenanceInput } from './provenance.ts';
import { sbomOf } from './sbom.ts';
import { attestationManifest } from '../model/statement.ts';
import { attestRequest } from './request.ts';

const STATUS = `Package: libc6
Status: install ok installed
Maintainer: GNU Libc Maintainers <debian-glibc@lists.debian.org>
Architecture: amd64
Source: glibc (2.36-9)
Version: 2.36-9+deb12u10
Description: GNU C Library
 Version: not a field

Package: gone
Status: deinstall ok config-files
Version: 1
`;

test("dpkg's account: installed packages with their source", () => {
  const [libc, ...rest] = dpkgPackages(STATUS, '/var/lib/dpkg/status');
  assert.deepEqual(rest, []);
  assert.ok(libc);
  assert.equal(purlOf(libc), 'pkg:deb/debian/libc6@2.36-9%2Bdeb12u10?arch=amd64&upstream=glibc');
  assert.equal(libc.supplier, 'GNU Libc Maintainers <debian-glibc@lists.debian.org>');
});

test('package.json: names with a scope, and files that are none', () => {
  const one = npmPackage('{"name":"@types/node","version":"1.2.3","license":"MIT"}', '/x');
  assert.ok(one);
  assert.equal(purlOf(one), 'pkg:npm/%40types/node@1.2.3');
  for (const text of ['', 'null', '[]', '{"name":"x"}', '{"name":1,"version":"1"}'])
    assert.equal(npmPackage(text, '/x'), undefined, text);
});

test('packages of layers: an upper one covers a lower one, links are not followed', async () => {
  const home = mkdtempSync(join(tmpdir(), 'berth-sbom-'));
  const put = (layer: string, path: string, text: string): void => {
    mkdirSync(dirname(join(home, layer, path)), { recursive: true });
    writeFileSync(join(home, layer, path), text);
  };
  try {
    put('low', 'var/lib/dpkg/status', STATUS);
    put('low', 'app/node_modules/a/package.json', '{"name":"a","version":"1.0.0"}');
    put('low', 'app/node_modules/a/lib/package.json', '{"name":"inner","version":"1.0.0"}');
    put('low', 'old/node_modules/b/package.json', '{"name":"b","version":"1.0.0"}');
    put('up', 'app/node_modules/a/package.json', '{"name":"a","version":"2.0.0"}');
    put('up', 'app/node_modules/@s/c/package.json', '{"name":"@s/c","version":"3.0.0"}');
    put('up', 'old', 'a file where a folder was');
    put('secret', 'node_modules/x/package.json', '{"name":"x","version":"9.9.9"}');
    symlinkSync(join(home, 'secret'), join(home, 'up', 'link'));
    const found = (await observePackages([join(home, 'up'), join(home, 'low')])).map(purlOf).sort();
    assert.deepEqual(found, [
      'pkg:deb/debian/libc6@2.36-9%2Bdeb12u10?arch=amd64&upstream=glibc',
      'pkg:npm/%40s/c@3.0.0',
      'pkg:npm/a@2.0.0',
    ]);
  } finally {
    rmSync(home, { recursive: true });
  }
});

test('the same packages give the same document, in any order', () => {
  const packages = [
    ...dpkgPackages(STATUS, '/var/lib/dpkg/status'),
    ...[npmPackage('{"name":"a","version":"1.0.0","license":"MIT"}', '/a/package.json')].filter(
      (one) => one !== undefined,
    ),
  ];
  const make = (list: typeof packages) =>
    sbomOf({ name: 'app', created: '2026-01-01T00:00:00Z', tool: 'berth-0', packages: list });
  assert.deepEqual(make(packages), make([...packages, ...packages].reverse()));
  const ids = (make(packages)['packages'] as readonly { SPDXID: string }[]).map(({ SPDXID }) => SPDXID);
  assert.equal(ids.length, 3);
  for (const id of ids) assert.match(id, /^SPDXRef-[A-Za-z0-9.-]+$/);
});

const input: ProvenanceInput = {
  mode: 'min',
  buildId: 'b1',
  builder: 'berth',
  started: '2026-01-01T00:00:00Z',
  finished: '2026-01-01T00:00:01Z',
  platform: 'linux/amd64',
  dockerfile: { path: 'Dockerfile', text: 'FROM debian' },
  locals: ['context', 'dockerfile'],
  args: { target: 'app', 'build-arg:TOKEN': 'hush' },
  secrets: ['key'],
  ssh: [],
  materials: [
    { kind: 'http', url: 'https://h/x', sha256: 'aa' },
    { kind: 'image', reference: 'debian:bookworm', digest: 'sha256:bb', platform: 'linux/amd64' },
    { kind: 'http', url: 'https://h/x', sha256: 'aa' },
  ],
  reproducible: false,
};

test('fault B59: provenance names secrets and does not tell them; arguments only where all was asked for', () => {
  const min = JSON.stringify(provenanceOf(input));
  assert.doesNotMatch(min, /hush|RlJPTSBkZWJpYW4/);
  assert.match(min, /"secrets":\[\{"id":"key"\}\]/);
  const max = JSON.stringify(provenanceOf({ ...input, mode: 'max' }));
  assert.match(max, /"build-arg:TOKEN":"hush"/);
  assert.match(max, /RlJPTSBkZWJpYW4=/);
});

test('materials are named once, as package URLs', () => {
  const { buildDefinition } = provenanceOf(input) as { buildDefinition: { resolvedDependencies: unknown } };
  assert.deepEqual(buildDefinition.resolvedDependencies, [
    { uri: 'https://h/x', digest: { sha256: 'aa' } },
    { uri: 'pkg:docker/debian@bookworm?platform=linux%2Famd64', digest: { sha256: 'bb' } },
  ]);
  assert.equal(
    imagePurl('host:5000/a/b@sha256:cc', 'linux/arm64'),
    'pkg:docker/host%3A5000/a/b?digest=sha256%3Acc&platform=linux%2Farm64',
  );
});

test('an attestation is a manifest that names its subject', () => {
  const subject = sha256('manifest');
  const { descriptor, blobs } = attestationManifest(subject, [], [{ predicateType: 't', predicate: {} }]);
  assert.equal(descriptor.annotations?.['vnd.docker.reference.digest'], subject);
  assert.equal(blobs.size, 3);
  for (const [digest, bytes] of blobs) assert.equal(sha256(bytes), digest);
});

test('what was asked for: nothing by itself, and what is not there is refused', () => {
  const of = (...pairs: [string, string][]): unknown => attestRequest(new Map(pairs));
  assert.deepEqual(attestRequest(undefined), {});
  // buildx wishes this of every build
  assert.deepEqual(of(['provenance', 'mode=min,inline-only=true']), {});
  assert.deepEqual(of(['provenance', 'disabled=true'], ['sbom', 'disabled=true']), {});
  assert.deepEqual(of(['provenance', ''], ['sbom', '']), {
    provenance: { mode: 'min', builder: '', reproducible: false },
    sbom: true,
  });
  assert.deepEqual(of(['provenance', 'mode=max,version=v1,builder-id=https://x/y,reproducible=true']), {
    provenance: { mode: 'max', builder: 'https://x/y', reproducible: true },
  });
  assert.throws(() => of(['provenance', 'version=v0.2']), { kind: 'notImplemented' });
  assert.throws(() => of(['sbom', 'generator=x']), { kind: 'notImplemented' });
  assert.throws(() => of(['vex', '']), { message: 'unsupported attestation type "vex"' });
});
