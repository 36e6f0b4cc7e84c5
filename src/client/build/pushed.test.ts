import assert from 'node:assert/strict';
import { test } from 'node:test';
import { pushedNames } from './pushed.ts';

test('what is pushed: the tags, and the names of outputs that ask for it', () => {
  const output = (type: string, attributes: Record<string, string> = {}) => ({ type, attributes });
  assert.equal(pushedNames(false, ['a'], [output('image', { name: 'x' })]), undefined);
  assert.deepEqual(pushedNames(true, ['a', 'b'], []), ['a', 'b']);
  assert.deepEqual(pushedNames(false, [], [output('registry', { name: 'h/x,h/y' })]), ['h/x', 'h/y']);
  assert.deepEqual(pushedNames(false, ['h/x'], [output('image', { push: 'true', name: 'h/x' })]), ['h/x']);
  assert.deepEqual(pushedNames(true, [], [output('registry')]), []);
});
