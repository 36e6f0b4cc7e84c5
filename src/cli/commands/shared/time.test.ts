import assert from 'node:assert/strict';
import { test } from 'node:test';
import { timestamp } from './time.ts';

test('users S17: a bare 0 is 1970; with a unit it is now', () => {
  assert.equal(timestamp('0', 5000), '0');
  assert.equal(timestamp('0s', 5000), '5.000000000');
  assert.equal(timestamp('2s', 5000), '3.000000000');
  assert.equal(timestamp('1970-01-01T00:00:01Z'), '1.000000000');
});
