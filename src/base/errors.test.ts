// The text of what was thrown.
import assert from 'node:assert/strict';
import { openSync, renameSync } from 'node:fs';
import { test } from 'node:test';
import { messageOf, notFound } from './errors.ts';

test('users E14: a failed system call is told in words, as Go tells it, and not by the name of its errno', () => {
  const said = (act: () => unknown): string => {
    try {
      act();
    } catch (error) {
      return messageOf(error);
    }
    return '';
  };
  assert.equal(
    said(() => openSync("/nosuch/it's", 'wx')),
    "open /nosuch/it's: no such file or directory",
  );
  assert.equal(
    said(() => renameSync('/nosuch/a', '/nosuch/b')),
    'rename /nosuch/a /nosuch/b: no such file or directory',
  );
  assert.equal(messageOf(notFound('ENOENT: x, open y')), 'ENOENT: x, open y');
  assert.equal(messageOf('text'), 'text');
});
