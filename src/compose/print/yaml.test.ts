// How texts and keys are written in YAML: as docker compose writes them.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Float } from '../value/value.ts';
import { toJson } from './json.ts';
import { toYaml } from './yaml.ts';

test('texts are quoted where a reader would take them for something else', () => {
  for (const [text, written] of [
    ['plain words', 'plain words'],
    ['', '""'],
    ['y', '"y"'],
    ['on', '"on"'],
    ['~', '"~"'],
    ['0123', '"0123"'],
    ['1e5', '"1e5"'],
    ['12:30:45', '"12:30:45"'],
    ['2020-01-01', '"2020-01-01"'],
    ['true', '"true"'],
    ['=', '='],
    ['<<', '<<'],
    ['NaN', 'NaN'],
    [':x', ':x'],
    ['a: b', "'a: b'"],
    ['a #b', "'a #b'"],
    ['a#b', 'a#b'],
    ["it's", "it's"],
    ["'it", "'''it'"],
    [' a', "' a'"],
    ['@a', "'@a'"],
    ['- a', "'- a'"],
    ['-a', '-a'],
    ['[a', "'[a'"],
    ['tab\tx', '"tab\\tx"'],
    ['\u0007', '"\\a"'],
    ['é', 'é'],
    ['a\nb', '|-\n    a\n    b'],
    ['a\nb\n', '|\n    a\n    b'],
    ['a \nb', '"a \\nb"'],
  ] as const)
    assert.equal(toYaml({ a: { k: text } }), `a:\n  k: ${written}\n`, text);
});

test('keys are in the order of the numbers in them', () => {
  assert.equal(toYaml({ a10: 1, a9: 1, b: 1, B: 1, a: 1 }), 'B: 1\na: 1\na9: 1\na10: 1\nb: 1\n');
});

test('lists are indented below their key, mappings in them beside the dash', () => {
  assert.equal(
    toYaml({ a: [{ b: 1, c: [2] }, [], {}, null, new Float(1e6)] }),
    'a:\n  - b: 1\n    c:\n      - 2\n  - []\n  - {}\n  - null\n  - 1e+06\n',
  );
});

test('JSON has the order of bytes and Go’s escapes', () => {
  assert.equal(
    toJson({ b: '<&>', a: [], c: {}, d: new Float(1e21) }),
    '{"a":[],"b":"\\u003c\\u0026\\u003e","c":{},"d":1e+21}',
  );
});
