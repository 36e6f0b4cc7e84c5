import assert from 'node:assert/strict';
import { test } from 'node:test';
import { guess } from './failure.ts';

test('limit: nothing is guessed for a word of more than 256 characters', () => {
  const word = (length: number): string => 'a'.repeat(length);
  assert.equal(guess(`${word(255)}b`, [word(256)]), word(256));
  assert.equal(guess(`${word(256)}b`, [word(257)]), undefined);
  const start = process.threadCpuUsage().user;
  assert.equal(
    guess(
      word(200),
      Array.from({ length: 1000 }, () => word(60_000)),
    ),
    undefined,
  );
  assert.ok(process.threadCpuUsage().user - start < 500_000);
});

test('the nearest of the words that are two changes away at most is guessed', () => {
  assert.equal(guess('PAHT', ['HOME', 'PATH']), 'PATH');
  assert.equal(guess('copy', ['COPY'], false), undefined);
  assert.equal(guess('abcdef', ['uvwxyz']), undefined);
});
