import assert from 'node:assert/strict';
import { test } from 'node:test';
import { cleanPath } from './clean.ts';
import { ignoreMatcher, MAX_PATTERN_CHARACTERS, MAX_WILDCARD_PATTERNS, readIgnoreFile } from './index.ts';

/** `pattern path` that match, and `pattern ! path` that do not. */
const CASES = `
**/*.go a/b.go
**/file file
**/file dir/file
**/file dir/dir/file
**/file ! dir/myfile
**file dir/myfile
**/dir2/* dir/dir2/file
** anything/at/all
a/**/b a/b
a/**/b a/x/y/b
a/**/b ! a/xb
**/ dir/file
dir/** dir/file
dir/** ! dir
abc.def ! abcdef
abc*.def abcxyz.def
a?c abc
a?c ! a/c
*.md readme.md
*.md ! docs/readme.md
docs docs/deep/readme.md
[ab]x ax
[^ab]x ! ax
[a-c]x bx
[c-a]x ! bx
\\*x *x
\\*x ! ax
a[\\]]x a]x
.*  .git
*/temp* a/temporary
*/*/temp* ! a/temporary
ö? öé
**/*.[ch] src/deep/a.h
x/** ! y/x/z
`;

test('patterns match as Docker has them', () => {
  for (const line of CASES.split('\n').filter((text) => text !== '')) {
    const [pattern = '', ...rest] = line.split(/ +/);
    const wanted = rest[0] !== '!';
    const path = rest.at(-1) ?? '';
    assert.equal(ignoreMatcher([pattern]).ignores(path), wanted, line);
  }
});

test('the last pattern that matches decides', () => {
  const matcher = ignoreMatcher(readIgnoreFile('\ufeff# comment\n\n  docs/ \n!docs/*.md\ndocs/secret.md\n!/ keep\r\n'));
  assert.deepEqual(matcher.patterns, ['docs', '!docs/*.md', 'docs/secret.md', '! keep']);
  const seen = ['docs', 'docs/a.txt', 'docs/a.md', 'docs/secret.md', 'other'].map((path) => matcher.ignores(path));
  assert.deepEqual(seen, [true, true, false, true, false]);
});

test('an ignored directory is looked into only where an exception may be', () => {
  const plain = ignoreMatcher(['*', '!src/app', '!package.json']);
  assert.deepEqual(
    ['src', 'src/app', 'node_modules', 'srcs'].map((path) => plain.mayKeepBelow(path)),
    [true, true, false, false],
  );
  assert.equal(ignoreMatcher(['*', '!**/*.js']).mayKeepBelow('deep/down'), true);
  assert.equal(ignoreMatcher(['*']).mayKeepBelow('deep'), false);
});

test('what is no pattern is told', () => {
  for (const bad of ['[', '[]a]', '[-]', '[x-]', '[a-b-c]', 'a\\', 'a[', '[^', '[^bc', '[\\']) {
    assert.throws(() => ignoreMatcher([bad]), { message: 'syntax error in pattern' }, bad);
  }
  assert.throws(() => ignoreMatcher(['a'.repeat(MAX_PATTERN_CHARACTERS + 1)]), { kind: 'invalid' });
  assert.throws(() => ignoreMatcher(readIgnoreFile('!')), { message: 'illegal exclusion pattern: "!"' });
});

test('paths are made short', () => {
  const seen = ['a//b/./c', 'a/../b', '../a', '/../a', './', 'a/b/../..', '/'].map(cleanPath);
  assert.deepEqual(seen, ['a/b/c', 'b', '../a', '/a', '.', '.', '/']);
});

test('limit: patterns with wildcards, each of which is tried on every path', () => {
  const many = Array.from({ length: MAX_WILDCARD_PATTERNS }, (_, at) => `*.${at}`);
  assert.equal(ignoreMatcher([...many, 'a', 'b']).ignores('x.17'), true);
  assert.throws(() => ignoreMatcher([...many, '*.x']), { message: 'more than 4096 patterns with wildcards' });
});

test('safety H3: plain patterns cost a path nothing, and what a directory said is not asked again', () => {
  const plain = Array.from({ length: 200_000 }, (_, at) => `dir${at}/file`);
  const wild = Array.from({ length: 1000 }, (_, at) => `**/*.x${at}`);
  const matcher = ignoreMatcher([...plain, ...wild, '!dir7/file']);
  const start = process.threadCpuUsage().user;
  for (let at = 0; at < 2000; at += 1) matcher.ignores(`${'a/'.repeat(60)}${at}`);
  assert.ok(process.threadCpuUsage().user - start < 5_000_000);
  assert.deepEqual(
    ['dir6/file', 'dir7/file', 'dir8/file/below', 'dir9'].map((path) => matcher.ignores(path)),
    [true, false, true, false],
  );
});
