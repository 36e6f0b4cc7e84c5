import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import {
  familiarMatch,
  familiarString,
  fullString,
  parseAnyReference,
  parseReference,
  repoTagReference,
  withDefaultTag,
  withTag,
} from './index.ts';

const HEX = '1a3f5e7d9c1b3a5f7e9d1c3b5a7f9e1d3c5b7a9f1e3d5d7c9b1a3f5e7d9c1b3a';

const VALID: [string, string, string][] = [
  ['debian', 'docker.io/library/debian', 'debian'],
  ['debian:12', 'docker.io/library/debian:12', 'debian:12'],
  ['docker.io/debian', 'docker.io/library/debian', 'debian'],
  ['index.docker.io/library/debian', 'docker.io/library/debian', 'debian'],
  ['library/debian', 'docker.io/library/debian', 'debian'],
  ['foo/bar', 'docker.io/foo/bar', 'foo/bar'],
  ['library/foo/bar', 'docker.io/library/foo/bar', 'library/foo/bar'],
  ['localhost/foo', 'localhost/foo', 'localhost/foo'],
  ['LOCALDOMAIN/foo', 'LOCALDOMAIN/foo', 'LOCALDOMAIN/foo'],
  ['127.0.0.1:5000/a/b:T_1', '127.0.0.1:5000/a/b:T_1', '127.0.0.1:5000/a/b:T_1'],
  ['[fc00::1]:5000/docker', '[fc00::1]:5000/docker', '[fc00::1]:5000/docker'],
  ['192.168.0.1:80', 'docker.io/library/192.168.0.1:80', '192.168.0.1:80'],
  ['dock__er/docker---x', 'docker.io/dock__er/docker---x', 'dock__er/docker---x'],
  [`docker.io/${HEX}`, `docker.io/library/${HEX}`, HEX],
  ['a_a.a/a', 'a_a.a/a', 'a_a.a/a'],
  ['my_host.local/library/app:1', 'my_host.local/library/app:1', 'my_host.local/library/app:1'],
  [`a@sha256:${HEX}`, `docker.io/library/a@sha256:${HEX}`, `a@sha256:${HEX}`],
  [`a:b@sha256:${HEX}`, `docker.io/library/a:b@sha256:${HEX}`, `a:b@sha256:${HEX}`],
];

test('names are normalised and shown as people know them', () => {
  for (const [text, full, familiar] of VALID) {
    assert.equal(fullString(parseReference(text)), full, text);
    assert.equal(familiarString(parseReference(text)), familiar, text);
  }
});

const INVALID: [string, string][] = [
  ['', 'invalid reference format'],
  ['Foo', 'invalid reference format: repository name (library/Foo) must be lowercase'],
  ['docker/Docker', 'invalid reference format: repository name (docker/Docker) must be lowercase'],
  ['foo:bar:baz', 'invalid reference format'],
  ['https://github.com/docker/docker', 'invalid reference format'],
  ['-docker', 'invalid reference format'],
  ['docker///docker', 'invalid reference format'],
  ['dock..er/docker', 'invalid reference format'],
  ['docker/', 'invalid reference format'],
  ['[fc00::1]', 'invalid reference format'],
  ['[fe80::1%eth0]:5000/debian', 'invalid reference format'],
  [HEX, `invalid repository name (${HEX}), cannot specify 64-byte hexadecimal strings`],
  ['a@sha256:1234', 'invalid reference format'],
  [`a@sha256:${HEX.slice(0, 40)}`, 'invalid checksum digest length'],
  [`a@md5:${HEX}`, 'unsupported digest algorithm'],
  ['a'.repeat(256), 'repository name must not be more than 255 characters'],
];

test('what is no name is refused in the words of distribution/reference', () => {
  for (const [text, message] of INVALID) assert.throws(() => parseReference(text), { message, kind: 'invalid' }, text);
});

test('tags', () => {
  assert.equal(familiarString(withDefaultTag(parseReference('a'))), 'a:latest');
  assert.equal(familiarString(withTag(parseReference('a:1'), '2')), 'a:2');
  assert.throws(() => withTag(parseReference('a'), 'b c'), { message: 'invalid tag format' });
  assert.equal(repoTagReference('', 'x'), undefined);
  assert.throws(() => repoTagReference(`a@sha256:${HEX}`, ''), { message: 'cannot import digest reference' });
  for (const [repo, tag] of [
    ['sha256', 'x'],
    ['sha256:x', ''],
    ['docker.io/library/sha256', ''],
  ])
    assert.throws(() => repoTagReference(repo, tag), /^BerthError: refusing to create an ambiguous tag/);
  assert.equal(repoTagReference('a/sha256', 'x')?.tag, 'x');
  assert.deepEqual(parseAnyReference(HEX), { id: `sha256:${HEX}` });
});

test('patterns match with and without the tag', () => {
  const name = parseReference('foo/bar:1');
  for (const [pattern, matches] of [
    ['foo/bar', true],
    ['foo/*', true],
    ['*', false],
    ['foo/bar:1', true],
    ['foo/bar:2', false],
    ['foo/ba?', true],
    ['foo/ba[q-s]', true],
    ['foo/ba[^r]', false],
  ] as const) {
    assert.equal(familiarMatch(pattern, name), matches, pattern);
  }
  assert.throws(() => familiarMatch('[x', name), { message: 'syntax error in pattern' });
});

test('fault I18: any text is refused, or is a reference that means the same when it is read again', () => {
  const part = fc.string({ unit: fc.constantFrom(...'abZ09.-_/:@[]аs '.split('')), maxLength: 40 });
  fc.assert(
    fc.property(fc.oneof(part, fc.string()), (text) => {
      let reference: ReturnType<typeof parseReference>;
      try {
        reference = parseReference(text);
      } catch (error) {
        assert.equal((error as { kind?: string }).kind, 'invalid');
        return;
      }
      assert.deepEqual(parseReference(fullString(reference)), reference);
      assert.deepEqual(parseReference(familiarString(reference)), reference);
      assert.match(reference.path, /^[a-z0-9]+(?:[._/-]+[a-z0-9]+)*$/);
    }),
    { numRuns: 2000, examples: [['a_a.a/a']] },
  );
});
