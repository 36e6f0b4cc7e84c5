import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseIndexTargets, sourceLine, sourcesFor, suiteOf } from './sources.ts';

const host = parseIndexTargets(
  [
    'http://mirror/debian/|bookworm|main|Debian|Debian',
    'http://mirror/debian/|bookworm|contrib|Debian|Debian',
    'http://mirror/debian/|bookworm-updates|main|Debian|Debian',
    'http://mirror/debian-security/|bookworm-security|main|Debian-Security|Debian',
    'http://other/x/|stable|main|Other|Other Inc',
  ].join('\n'),
);

test("the host's own sources, for its suite and bent to another", () => {
  assert.deepEqual(sourcesFor('bookworm', host).map(sourceLine), [
    'deb http://mirror/debian/ bookworm main contrib',
    'deb http://mirror/debian/ bookworm-updates main',
    'deb http://mirror/debian-security/ bookworm-security main',
  ]);
  assert.deepEqual(sourcesFor('trixie', host).map(sourceLine), [
    'deb http://mirror/debian/ trixie main',
    'deb http://mirror/debian/ trixie-updates main',
    'deb http://mirror/debian-security/ trixie-security main',
  ]);
  assert.deepEqual(sourcesFor('sid', host).map(sourceLine), ['deb http://mirror/debian/ sid main']);
  assert.deepEqual(sourcesFor('bookworm', []), []);
});

test('tags to suites', () => {
  for (const [tag, suite] of [
    ['bookworm', 'bookworm'],
    ['12', 'bookworm'],
    ['12.4', 'bookworm'],
    ['latest', 'stable'],
    ['../x', undefined],
    ['a;b', undefined],
  ] as const) {
    assert.equal(suiteOf(tag), suite, tag);
  }
});
