// The quick reader and the library mean the same by every text that the quick one takes.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { ComposeError } from '../value/error.ts';
import { same } from '../value/value.ts';
import { readWithLibrary } from './library.ts';
import { isBlank, type Places, readQuickly } from './quick.ts';

const faults = { at: (message: string) => new ComposeError(message), lineAt: () => 0 };

function agree(text: string): void {
  const quick = readQuickly(text);
  if (quick === undefined) return;
  const documents = readWithLibrary(text, faults);
  assert.equal(documents.length, 1, text);
  assert.ok(same(documents[0]?.value, quick), text);
  assert.deepEqual(documents[0]?.resets, []);
}

const PARTS = [
  'a',
  'b:',
  'c: d',
  'x',
  '- ',
  '-',
  ': ',
  ':',
  ' ',
  '  ',
  '\n',
  '\n  ',
  '\n    ',
  '# c',
  ' # c',
  '"q"',
  "'s'",
  '"',
  "'",
  '[',
  ']',
  '{',
  '}',
  ', ',
  ',',
  '|',
  '|-',
  '\\n',
  '\\',
  '1',
  '0x1f',
  'true',
  '~',
  '.5',
  '2020-01-01',
  '<<: ',
  '&a ',
  '*a',
  '!t ',
  '? ',
  '%',
  '@',
  '`',
  '$x',
  'é',
  '\u00a0',
  '-p',
  'a:b',
  'http://x',
];

test('texts of random parts mean the same to both readers, or are left to the library', () => {
  const text = fc.array(fc.constantFrom(...PARTS), { maxLength: 14 }).map((parts) => parts.join(''));
  fc.assert(fc.property(text, agree), { numRuns: 3_000 });
});

test('files as people write them are taken', () => {
  const text = `# a comment
name: shop
services:
  web:
    image: "nginx:1.27" # pinned
    command: ["serve", -p, '80', a:b]
    environment:
    - A=1
    - B=it's
    labels: { com.example.a: "x", b: 2 }
    healthcheck:
      test: curl http://localhost
    configs:
      - source: c
        target: /c
configs:
  c:
    content: |
      one

        two
  d:
    content: |-
      three
`;
  assert.notEqual(readQuickly(text), undefined);
  agree(text);
});

test('places of keys and items are kept when they are asked for', () => {
  const text = 'a:\n  - b: 1\n  - c\n';
  const places: Places = new WeakMap();
  const root = readQuickly(text, places) as { a: object[] };
  assert.equal(places.get(root)?.get('a'), 0);
  assert.equal(places.get(root.a)?.get(1), text.indexOf('c'));
  assert.equal(places.get(root.a[0] ?? {})?.get('b'), text.indexOf('b'));
});

test('what means more than it seems is left to the library', () => {
  for (const text of [
    'a: &x 1',
    'a: *x',
    '<<: {}',
    'a: !t b',
    '---\na: b',
    'a: b\n...\n',
    'a:\tb',
    '1: b',
    'a: b\na: c',
    'a: b\n  c',
    'a: "b\n  c"',
    '? a',
    'a: b: c',
    'a: >\n  b\n',
    'a: |2\n    b\n',
    'a: [b',
    'a: [b]]',
    'a: "\\x41"',
    '- - a',
    'word',
    '[a]',
    'a:\n  word\n',
  ])
    assert.equal(readQuickly(text), undefined, text);
});

test('a text of comments and blank lines holds nothing', () => {
  assert.ok(isBlank('\n# a\n \t\r\n#b'));
  assert.ok(!isBlank('# a\nb'));
});
