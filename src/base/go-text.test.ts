import assert from 'node:assert/strict';
import { test } from 'node:test';
import { goDurationIn, parseGoDuration } from './go-text.ts';

test('durations', () => {
  for (const [text, nanos] of [
    ['1h30m', 5_400_000_000_000n],
    ['-1.5s', -1_500_000_000n],
    ['0', 0n],
    ['100ms', 100_000_000n],
    ['5', undefined],
    ['h', undefined],
    ['', undefined],
  ] as const) {
    assert.equal(goDurationIn(text), nanos, text);
  }
  assert.equal(goDurationIn(`0.${'0'.repeat(300)}1s`), undefined);
});

test('users B8: a text that is no duration is refused in the words of Go', () => {
  const cases: readonly [string, string][] = [
    ['', 'time: invalid duration ""'],
    ['x', 'time: invalid duration "x"'],
    ['1', 'time: missing unit in duration "1"'],
    ['1h5', 'time: missing unit in duration "1h5"'],
    ['1x', 'time: unknown unit "x" in duration "1x"'],
    ['-1.5m3 s', 'time: unknown unit " s" in duration "-1.5m3 s"'],
    ['1m.', 'time: invalid duration "1m."'],
  ];
  for (const [text, words] of cases) assert.throws(() => parseGoDuration(text), { message: words });
});
