import assert from 'node:assert/strict';
import { test } from 'node:test';
import { MAX_WAITING, MergedLogs, WINDOW_MS } from './merge-logs.ts';

const at = (second: number): string => `2026-01-01T00:00:${String(second).padStart(2, '0')}.000000000Z`;

test('logs that end come in the order of their times, whoever is slow', () => {
  const merged = new MergedLogs<string>(false);
  for (const source of ['a', 'b']) merged.open(source);
  merged.push('a', 'a1', at(1), 0);
  merged.push('a', 'a3', at(3), 0);
  assert.deepEqual(merged.take(60_000), []);
  merged.push('b', 'b2', at(2), 60_000);
  assert.deepEqual(merged.take(60_000), ['a1', 'b2']);
  merged.end('b');
  assert.deepEqual(merged.take(60_000), ['a3']);
  assert.equal(merged.isDone, false);
  merged.end('a');
  assert.equal(merged.isDone, true);
});

test('followed lines wait for earlier ones of others, and not for ever', () => {
  const merged = new MergedLogs<string>(true);
  for (const source of ['a', 'b']) merged.open(source);
  merged.push('a', 'a2', at(2), 0);
  assert.deepEqual(merged.take(WINDOW_MS - 1), []);
  merged.push('b', 'b1', at(1), WINDOW_MS - 1);
  assert.deepEqual(merged.take(WINDOW_MS - 1), ['b1']);
  assert.deepEqual(merged.take(WINDOW_MS), ['a2']);
});

test('limit: lines that wait for a node that says nothing', () => {
  const merged = new MergedLogs<number>(false);
  for (const source of ['a', 'b']) merged.open(source);
  for (let line = 0; line < MAX_WAITING + 10; line += 1) merged.push('a', line, at(1), 0);
  assert.equal(merged.take(0).length, 10);
});
