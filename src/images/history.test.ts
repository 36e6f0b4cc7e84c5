import assert from 'node:assert/strict';
import { test } from 'node:test';
import { rowsOf } from './history.ts';

test('an image of the history is on the row of its last step', () => {
  for (const [name, steps, rows] of [
    ['a commit', [2, 1], [0, 1]],
    ['three steps of one build, and the base', [5, 2], [0, 3]],
    ['every step is an image', [4, 3, 2, 1], [0, 1, 2, 3]],
    ['a base without a history', [3, 0], [0, undefined]],
    ['nothing was done to the parent', [2, 2, 1], [0, undefined, 1]],
    ['a parent that claims more than there is', [2, 7, 1], [0, undefined, 1]],
    ['no history at all', [0], [undefined]],
  ] as const)
    assert.deepEqual(rowsOf(steps), rows, name);
});
