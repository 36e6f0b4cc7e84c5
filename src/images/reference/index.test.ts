import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import fc from 'fast-check';
import type { BerthError } from '../../base/errors.ts';
import {
  familiarMatch,
  familiarString,
  fullString,
  parseAnyReference,
  parseReference,
  type Reference,
  repoTagReference,
  withDefaultTag,
  withTag,
  withTagOrDigest,
} from './index.ts';

const HEX = '1a3f5e7d9c1b3a5f7e9d1c3b5a7f9e1d3c5b7a9f1e3d5d7c9b1a3f5e7d9c1b3a';

const corpus = readFileSync(new URL('./testdata/references.tsv', import.meta.url), 'utf8');

test('every string of the corpus is taken or refused as it says', () => {
  const lines = corpus.split('\n').filter((line) => line !== '' && !line.startsWith('#'));
  assert.ok(lines.length > 600);
  for (const line of lines) {
    const [text = '', ...expected] = line.split('\t').map(plain);
    assert.deepEqual(outcome(text), expected, line);
  }
});

/** A column as it is meant: `-` is nothing, `{3 a}` is `aaa`, the rest is the inside of a JSON string. */
function plain(column: string): string {
  if (column === '-') return '';
  const whole = column.replace(/\{(\d+) ([^}]+)\}/g, (_, count: string, part: string) => part.repeat(Number(count)));
  return JSON.parse(`"${whole}"`) as string;
}

function outcome(text: string): string[] {
  let reference: Reference;
  try {
    reference = parseReference(text);
  } catch (error) {
    assert.equal((error as BerthError).kind, 'invalid', text);
    return ['!', (error as BerthError).message];
  }
  const { domain, path, tag = '', digest = '' } = reference;
  const whole = `${domain && `${domain}/`}${path}${tag && `:${tag}`}${digest && `@${digest}`}`;
  assert.equal(fullString(reference), whole);
  return [domain, path, tag, digest, familiarString(reference)];
}

test('tags', () => {
  assert.equal(familiarString(withDefaultTag(parseReference('a'))), 'a:latest');
  assert.equal(familiarString(withTag(parseReference('a:1'), '2')), 'a:2');
  assert.throws(() => withTag(parseReference('a'), 'b c'), { message: 'invalid tag format' });
  assert.throws(() => withTag(parseReference('a'), '-foo'), { message: 'invalid tag format' });
  assert.equal(familiarString(withTagOrDigest(parseReference('a:1'), '2')), 'a:2');
  assert.equal(familiarString(withTagOrDigest(parseReference('a:1'), `sha256:${HEX}`)), `a@sha256:${HEX}`);
  for (const odd of ['sha256:12', 'a:b', ':', `md5:${HEX}`, `sha256:${HEX.toUpperCase()}`])
    assert.throws(() => withTagOrDigest(parseReference('a'), odd), { message: 'invalid tag format' }, odd);
  assert.equal(repoTagReference('', 'x'), undefined);
  assert.throws(() => repoTagReference(`a@sha256:${HEX}`, ''), { message: 'cannot import digest reference' });
  for (const [repo, tag] of [
    ['sha256', 'x'],
    ['sha256:x', ''],
    ['docker.io/library/sha256', ''],
  ])
    assert.throws(() => repoTagReference(repo, tag), /^BerthError: refusing to create an ambiguous tag/);
  assert.equal(repoTagReference('a/sha256', 'x')?.tag, 'x');
});

test('what may be an id is one', () => {
  assert.deepEqual(parseAnyReference(HEX), { id: `sha256:${HEX}` });
  assert.deepEqual(parseAnyReference(`sha256:${HEX}`), { id: `sha256:${HEX}` });
  for (const name of [HEX.slice(1), `${HEX}0`, `docker.io/${HEX}`, `sha256:${HEX.slice(1)}`, 'dbcc1'])
    assert.deepEqual(parseAnyReference(name), { name: parseReference(name) });
});

// The tests of distribution/reference (Apache-2.0) have the patterns with `example.com` or three parts.
const PATTERNS: [name: string, pattern: string, matches: boolean][] = [
  ['foo/bar:1', 'foo/bar', true],
  ['foo/bar:1', 'foo/*', true],
  ['foo/bar:1', '*', false],
  ['foo/bar:1', 'foo/bar:1', true],
  ['foo/bar:1', 'foo/bar:2', false],
  ['foo/bar:1', 'foo/ba?', true],
  ['foo/bar:1', 'foo?bar', false],
  ['foo/bar:1', 'foo/ba[q-s]', true],
  ['foo/bar:1', 'foo/ba[^r]', false],
  ['foo/bar:1', 'foo/ba[\\]r]', true],
  ['foo/bar:1', 'foo/b\\a[s-q]', false],
  ['foo/bar:1', 'foo/b\\ar', true],
  ['foo/bar:1', 'foo.bar', false],
  ['foo', 'foo/**/ba[rz]', false],
  ['foo/any/bat', 'foo/**/ba[rz]', false],
  ['foo/a/bar', 'foo/**/ba[rz]', true],
  ['foo/b/baz', 'foo/**/ba[rz]', true],
  ['foo/c/baz:tag', 'foo/**/ba[rz]', true],
  ['foo/c/baz:tag', 'foo/*/baz:tag', true],
  ['foo/c/baz:tag', 'foo/c/baz:tag', true],
  ['example.com/foo/c/baz:tag', '*/foo/c/baz', true],
  ['example.com/foo/c/baz:tag', 'example.com/foo/c/baz', true],
];

test('patterns match with and without the tag', () => {
  for (const [name, pattern, matches] of PATTERNS)
    assert.equal(familiarMatch(pattern, parseReference(name)), matches, `${name} ${pattern}`);
  for (const bad of ['[x', '[-x]', '[x-]', '[]a]', '[a-b-c]', '[^', 'a\\'])
    assert.throws(() => familiarMatch(bad, parseReference('foo')), { message: 'syntax error in pattern' }, bad);
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
