import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Digest } from '../../../base/ids.ts';
import { type CacheLayer, decodeConfig, decodeInline, encodeConfig, encodeInline } from './config.ts';

const hex = (digit: string): string => digit.repeat(64);
const layer = (digit: string): CacheLayer => ({
  digest: `sha256:${hex(digit)}`,
  diffId: `sha256:${hex(digit)}` satisfies Digest,
  size: 10,
  mediaType: 'application/vnd.oci.image.layer.v1.tar+zstd',
});
const [a, b, c] = [layer('a'), layer('b'), layer('c')];
const known = new Map([a, b, c].map((one) => [one.digest, one]));
const entries = [
  { key: hex('1'), id: hex('1'), layers: [a, b], created: '2024-01-02T03:04:05.5Z' },
  { key: hex('2'), id: hex('9'), layers: [a, c] },
  { key: hex('3'), id: hex('3') },
];

test('what is written is read again, layers once and by their parents as BuildKit has them', () => {
  const { text, layers } = encodeConfig(entries);
  assert.deepEqual(layers, [a, b, c]);
  assert.deepEqual(decodeConfig(text, known), entries);
  const { layers: written, records } = JSON.parse(text.toString()) as {
    layers: { parent: number }[];
    records: unknown[];
  };
  assert.deepEqual(
    written.map(({ parent }) => parent),
    [-1, 0, 0],
  );
  assert.deepEqual(records[0], {
    digest: `sha256:${hex('1')}`,
    layers: [{ layer: 1, createdAt: '2024-01-02T03:04:05.5Z' }],
  });
});

test('what Go writes, which leaves out zeros', () => {
  const text = JSON.stringify({
    layers: [{ blob: a.digest, parent: -1 }, { blob: b.digest }],
    records: [
      { digest: `sha256:${hex('1')}`, layers: [{ layer: 1, createdAt: '2024-01-02T03:04:05Z' }], inputs: [[]] },
    ],
  });
  assert.deepEqual(decodeConfig(Buffer.from(text), known)[0]?.layers, [a, b]);
});

test('in an image a result is a number of its layers, without times', () => {
  const inline = encodeInline([{ ...entries[0], layers: [a, b] } as never, entries[2] as never]);
  assert.doesNotMatch(Buffer.from(inline, 'base64').toString(), /createdAt/);
  assert.deepEqual(decodeInline(inline, [a, b, c], ['x', 'y']), [
    { key: hex('1'), id: hex('1'), layers: [a, b], created: 'y' },
    { key: hex('3'), id: hex('3') },
  ]);
  // an image with fewer layers than its cache speaks of
  assert.equal(decodeInline(inline, [a], [])[0]?.layers, undefined);
});

test('nonsense names no results, and a ring of parents has no end', () => {
  const of = (value: unknown): unknown => decodeConfig(Buffer.from(JSON.stringify(value)), known);
  assert.deepEqual(of(null), []);
  assert.deepEqual(of({ layers: 3, records: [null, { digest: 'x' }, 7] }), []);
  const ring = [
    { blob: a.digest, parent: 1 },
    { blob: b.digest, parent: 0 },
  ];
  const record = (at: unknown): object => ({ digest: `sha256:${hex('1')}`, id: '../x', layers: [{ layer: at }] });
  for (const at of [0, 5, -1, 1e9, 'x', 0.5])
    assert.deepEqual(of({ layers: ring, records: [record(at)] }), [{ key: hex('1'), id: hex('1') }], String(at));
  assert.throws(() => decodeConfig(Buffer.from('{'), known), { message: 'the cache is no JSON' });
  assert.throws(() => of({ records: Array.from({ length: 20_001 }, () => ({})) }), /more than 20000 records/);
});
