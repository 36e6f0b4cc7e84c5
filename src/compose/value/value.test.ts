// Values of files: their order, their equality, and how Go writes them.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { byBytes, clone, dict, Float, same, shortest, sprint } from './value.ts';

test('names are in the order of their bytes', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme' }), fc.string({ unit: 'grapheme' }), (a, b) => {
      assert.equal(Math.sign(byBytes(a, b)), Buffer.compare(Buffer.from(a), Buffer.from(b)));
    }),
  );
  assert.ok(byBytes('\uffee', '\u{1f600}') < 0);
});

test('numbers with a fraction are written with the fewest digits', () => {
  for (const [value, general, json] of [
    [1.5, '1.5', '1.5'],
    [1e6, '1e+06', '1000000'],
    [1e21, '1e+21', '1e+21'],
    [1e-5, '1e-05', '0.00001'],
    [1e-7, '1e-07', '1e-7'],
    [-0, '-0', '-0'],
    [12_345_678.5, '1.23456785e+07', '12345678.5'],
  ] as const) {
    assert.equal(shortest(new Float(value), 'general'), general);
    assert.equal(shortest(new Float(value), 'json'), json);
  }
  assert.equal(shortest(new Float(0.1, 32), 'general'), '0.1');
});

test('a copy is the same and apart', () => {
  const value = dict({ a: [1, dict({ b: null })], c: new Float(1) });
  const copy = clone(value);
  assert.ok(same(value, copy));
  copy['a'] = [];
  assert.ok(!same(value, copy));
  assert.equal(sprint(value), 'map[a:[1 map[b:<nil>]] c:1]');
});
