import assert from 'node:assert/strict';
import { test } from 'node:test';
import { logBounds, monitorBound } from './log-bounds.ts';

const M = 1024 * 1024;
const bounds = (Type: string, Config: Record<string, string> = {}): ReturnType<typeof logBounds> =>
  logBounds({ Type, Config });

test('bounds of a log from its options', () => {
  assert.deepEqual(bounds('json-file'), { maxBytes: undefined, maxFiles: 1, compress: false });
  assert.deepEqual(bounds('local'), { maxBytes: 20 * M, maxFiles: 5, compress: true });
  assert.deepEqual(bounds('json-file', { 'max-size': '10m', 'max-file': '3', compress: 'true' }), {
    maxBytes: 10 * M,
    maxFiles: 3,
    compress: true,
  });
  assert.equal(bounds('local', { compress: 'false' }).compress, false);
});

test('what the monitor may write while nobody rotates the log', () => {
  assert.equal(monitorBound(bounds('json-file')), undefined);
  assert.equal(monitorBound(bounds('json-file', { 'max-size': '1k' })), 1024);
  assert.equal(monitorBound(bounds('json-file', { 'max-size': '1k', 'max-file': '3' })), 64 * M);
  assert.equal(monitorBound(bounds('local')), 100 * M);
});
