import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseGitRef, withoutPassword } from './git-ref.ts';

/** `remote ref:subdir flags`, or the word `none`. */
function text(address: string): string {
  const found = parseGitRef(address);
  if (!found) return 'none';
  const { remote, ref, subdir, checksum, keepGitDir, submodules } = found;
  return [
    `${remote} ${ref}:${subdir}`,
    ...(checksum === undefined ? [] : [`@${checksum}`]),
    ...(keepGitDir === undefined ? [] : [`git=${keepGitDir}`]),
    ...(submodules ? [] : ['alone']),
  ].join(' ');
}

test('addresses of repositories', () => {
  const cases: Readonly<Record<string, string>> = {
    'https://example.com/foo/bar.git': 'https://example.com/foo/bar.git :',
    'https://example.com/foo/bar.git#baz/qux:quux/quuz': 'https://example.com/foo/bar.git baz/qux:quux/quuz',
    'https://example.com/foo.git#:sub': 'https://example.com/foo.git :sub',
    'https://example.com/foo.git#main:/a/../b/': 'https://example.com/foo.git main:b',
    'https://example.com/foo.git#main:../../etc': 'https://example.com/foo.git main:etc',
    'http://user:secret@example.com/foo.git': 'http://user:secret@example.com/foo.git :',
    'git://example.com/foo': 'git://example.com/foo :',
    'ssh://git@example.com/foo': 'ssh://git@example.com/foo :',
    'git@github.com:moby/buildkit.git#v1': 'git@github.com:moby/buildkit.git v1:',
    'github.com/moby/moby': 'https://github.com/moby/moby :',
    'https://example.com/x.git?branch=b&subdir=s': 'https://example.com/x.git refs/heads/b:s',
    'https://example.com/x.git?tag=v1&checksum=abc123': 'https://example.com/x.git refs/tags/v1: @abc123',
    'https://example.com/x.git?keep-git-dir&submodules=false': 'https://example.com/x.git : git=true alone',
    'https://example.com/x': 'none',
    './x.git': 'none',
    '../x.git': 'none',
    '/srv/x.git': 'none',
    'file:///srv/x.git': 'none',
    'ext::sh -c id': 'none',
    'x.tar.gz': 'none',
  };
  for (const [address, wanted] of Object.entries(cases)) assert.equal(text(address), wanted, address);
});

test('fault B56: refs and hosts that would be options to git are refused', () => {
  assert.throws(() => parseGitRef('https://example.com/x.git#--upload-pack=touch /tmp/x'), /invalid git ref/);
  assert.throws(() => parseGitRef('https://example.com/x.git?ref=-x'), /invalid git ref/);
  for (const address of [
    '--upload-pack=x:y.git',
    'ssh://-oProxyCommand=id/x',
    '-u@host:x.git',
    'git@host:-x',
    'git://-h/x',
  ])
    assert.equal(text(address), 'none', address);
});

test('queries that contradict themselves are refused', () => {
  const cases: Readonly<Record<string, RegExp>> = {
    '?ref=b#a': /ref conflicts: "a" vs "b"/,
    '?tag=a&branch=b': /branch conflicts with tag/,
    '?tag=a&tag=b': /query "tag" has multiple values/,
    '?tag=': /query "tag" has no value/,
    '?what=1': /unexpected query "what"/,
    '?keep-git-dir=perhaps': /invalid keep-git-dir value: "perhaps"/,
    '?checksum=xyz': /invalid checksum xyz for Git URL/,
  };
  for (const [rest, words] of Object.entries(cases))
    assert.throws(() => parseGitRef(`https://example.com/x.git${rest}`), words, rest);
});

test('fault B56: passwords are masked', () => {
  assert.equal(withoutPassword('fatal: https://u:p@host/x.git: no'), 'fatal: https://xxxxx:xxxxx@host/x.git: no');
  assert.equal(withoutPassword('https://token@host/x.git'), 'https://xxxxx@host/x.git');
  assert.equal(withoutPassword('https://host/x.git'), 'https://host/x.git');
});
