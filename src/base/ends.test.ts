import assert from 'node:assert/strict';
import { test } from 'node:test';
import { before, dropEnd, dropEnds } from './ends.ts';

test('characters are taken off the ends of a text', () => {
  assert.deepEqual(
    ['a//', '//', '', '/a'].map((text) => dropEnd(text, '/')),
    ['a', '', '', '/a'],
  );
  assert.deepEqual(
    [' a b ', '  ', '\t a'].map((text) => dropEnds(text, ' \t')),
    ['a b', '', 'a'],
  );
  assert.deepEqual(
    ['a/b/c', 'a', '/a'].map((text) => before(text, '/')),
    ['a', 'a', ''],
  );
});
