import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Manifest, ManifestEntry } from '../../host/sandbox/index.ts';
import { select } from './select.ts';

/** `dir/`, `file`, `link -> target`. */
function tree(...lines: string[]): Manifest {
  return new Map(
    lines.map((line): [string, ManifestEntry] => {
      const [path = '', linkname] = line.split(' -> ');
      const type = linkname === undefined ? (path.endsWith('/') ? 'directory' : 'file') : 'symlink';
      return [path.replace(/\/$/, ''), { type, mode: 0o755, size: 0, sha256: '', linkname: linkname ?? '' }];
    }),
  );
}

const files = tree(
  'real/',
  'real/a.txt',
  'real/b.md',
  'lnk -> real',
  'real/deep -> /other',
  'other/',
  'other/c.txt',
  'x',
);

function shown(source: string, manifest = files): string[] {
  return select(manifest, source, { exclude: [], parents: false }).map(
    ({ isDirectory, name, top, entries }) =>
      `${isDirectory ? `directory ${top}` : `file ${name}`}: ${entries.map(({ path, to }) => `${path}>${to}`).join(' ')}`,
  );
}

test('users B1: a wildcard may mean nothing; a name without one, and the directory before one, must be there', () => {
  for (const source of ['/yarn.lock*', '/real/*.c', '/[z]', '/x/*', '/lnk/?'])
    assert.deepEqual(shown(source), [], source);
  for (const source of ['/yarn.lock', '/real/c.txt', '/nowhere/*', '/real/nowhere/a*'])
    assert.throws(() => shown(source), /: not found$/, source);
});

test('users B1: a backslash makes no pattern of a name, and in a pattern it takes the meaning of what follows', () => {
  const odd = tree('x\\y', 'b*c', 'bxc', 'd\\/', 'd\\/f');
  assert.deepEqual(shown('/x\\y', odd), ['file x\\y: /x\\y>']);
  assert.deepEqual(shown('/d\\/f', odd), ['file f: /d\\/f>']);
  assert.deepEqual(shown('/b\\**', odd), ['file b*c: /b*c>']);
  for (const source of ['/\\a/b', '/b\\*c', '/\\nowhere/*'])
    assert.throws(() => shown(source, odd), /: not found$/, source);
});

test('users B2: links before a wildcard are followed, those that it would have to match on the way are not', () => {
  assert.deepEqual(shown('/lnk/*.txt'), ['file a.txt: /real/a.txt>']);
  assert.deepEqual(shown('/lnk/deep/*'), ['file c.txt: /other/c.txt>']);
  assert.deepEqual(shown('/l*/a.txt'), []);
  assert.deepEqual(shown('/r*/a.txt'), ['file a.txt: /real/a.txt>']);
  // what a wildcard matches is followed
  assert.deepEqual(shown('/ln*'), ['directory /real: /real/a.txt>a.txt /real/b.md>b.md /real/deep>deep']);
  // it leads nowhere outside
  assert.deepEqual(shown('/up/*', tree('up -> ../..', 'a')), ['file a: /a>'].concat(['directory /: /a>a /up>up']));
});

test('users B7, B17: the whole tree and a directory are their content, and the directory itself is known', () => {
  const all = shown('/');
  assert.equal(all.length, 1);
  assert.match(all[0] ?? '', /^directory \/: \/lnk>lnk \/other>other .*\/x>x$/);
  assert.deepEqual(shown('/other'), ['directory /other: /other/c.txt>c.txt']);
  assert.deepEqual(shown('/other/'), ['directory /other: /other/c.txt>c.txt']);
});
