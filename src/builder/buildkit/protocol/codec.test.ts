import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { bytes, flag, int64, listOf, message, number, one, text, textMap, texts, WireError } from './codec.ts';

const Inner = message({ a: number(1), b: text(2) });
const All = message({
  number: number(1),
  text: text(2),
  flag: flag(3),
  int64: int64(4),
  bytes: bytes(5),
  texts: texts(6),
  map: textMap(7),
  inner: one(8, Inner),
  inners: listOf(9, Inner),
});

test('what is written is read again', () => {
  const inner = fc.record({ a: fc.maxSafeNat(), b: fc.string() }, { noNullPrototype: true });
  fc.assert(
    fc.property(
      fc.record({
        number: fc.maxSafeNat(),
        text: fc.string({ unit: 'grapheme' }),
        flag: fc.boolean(),
        int64: fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }),
        bytes: fc.uint8Array().map((value) => Buffer.from(value)),
        texts: fc.array(fc.string()),
        map: fc.dictionary(fc.string(), fc.string()).map((value) => new Map(Object.entries(value))),
        inner: fc.option(inner, { nil: undefined }),
        inners: fc.array(inner),
      }),
      (value) => assert.deepEqual({ ...All.decode(All.encode(value)) }, { ...value }),
    ),
  );
});

test('bytes are those of the specification', () => {
  // the examples of protobuf's own encoding guide: 150 in field 1, "testing" in field 2
  assert.equal(
    Inner.encode({ a: 150, b: 'testing' }).toString('hex'),
    '0896011207' + Buffer.from('testing').toString('hex'),
  );
  assert.equal(
    message({ x: int64(1) })
      .encode({ x: -2n })
      .toString('hex'),
    '08feffffffffffffffff01',
  );
  assert.equal(All.encode({}).length, 0);
});

test('fields that are not known are passed over, whatever their type', () => {
  const read = Inner.decode(Buffer.from('0a02787808071a01612101020304050607082d01020304', 'hex'));
  assert.deepEqual({ ...read }, { a: 7, b: '' });
});

test('what is cut off or nonsense is refused', () => {
  for (const hex of ['0a', '0aff', '08', '08ffffffffffffffffffff01', '0b', '0affffffffffffffffff7f'])
    assert.throws(() => All.decode(Buffer.from(hex, 'hex')), WireError, hex);
});
