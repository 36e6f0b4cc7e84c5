import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { indentJson, tabulate } from './index.ts';

test('columns are aligned, the last cell is left alone', () => {
  assert.equal(
    tabulate('ID\tNAME\tX\nabcdefghijkl\tb\ty\n'),
    'ID             NAME      X\nabcdefghijkl   b         y\n',
  );
});

test('a block ends where a line has no such column', () => {
  assert.equal(tabulate('a\tb\nalone\nlonger than ten\tb\n'), 'a         b\nalone\nlonger than ten   b\n');
});

test('wide letters take two columns', () => {
  assert.equal(tabulate('名前名前名前\tx\nab\ty\n'), '名前名前名前   x\nab             y\n');
});

test('cells keep their order and text', () => {
  const cell = fc.stringMatching(/^[a-z]{1,8}$/);
  fc.assert(
    fc.property(fc.array(fc.array(cell, { minLength: 1, maxLength: 4 }), { minLength: 1, maxLength: 5 }), (rows) => {
      const text = tabulate(rows.map((row) => `${row.join('\t')}\n`).join(''));
      assert.deepEqual(
        text
          .trimEnd()
          .split('\n')
          .map((line) => line.split(/ +/)),
        rows,
      );
    }),
  );
});

test('indented JSON is the same JSON, with empty objects closed at once', () => {
  assert.equal(
    indentJson('[{"a":1,"b":[],"c":{}}]'),
    '[\n    {\n        "a": 1,\n        "b": [],\n        "c": {}\n    }\n]',
  );
  fc.assert(
    fc.property(fc.jsonValue(), (value) => {
      const text = JSON.stringify(value);
      assert.equal(
        indentJson(text),
        JSON.stringify(value, undefined, 4) === text ? text : JSON.stringify(JSON.parse(text), undefined, 4),
      );
    }),
  );
});
