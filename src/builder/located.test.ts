import assert from 'node:assert/strict';
import { test } from 'node:test';
import { located, sourceOf } from './located.ts';
import { MissingSource } from './model/failure.ts';

const range = { start: { line: 2, column: 0 }, end: { line: 2, column: 9 } } as Parameters<typeof located>[3];

test('an error says the lines that it was located in first, whatever properties of its own it has', () => {
  const text = Buffer.from('FROM scratch\nCOPY a b\n');
  const missing = new MissingSource('/a');
  assert.equal(sourceOf(missing), undefined);
  located(located(missing, 'Dockerfile', text, range), 'other', text, range);
  assert.deepEqual(sourceOf(missing), { file: 'Dockerfile', text, ranges: [{ startLine: 2, endLine: 2 }] });
  assert.equal(sourceOf(located(new Error('nowhere'), 'Dockerfile', text, undefined)), undefined);
});
