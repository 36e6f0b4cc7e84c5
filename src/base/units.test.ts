import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseRfc3339, rfc3339 } from './clock.ts';
import { bytesSize, goDuration, humanDuration, humanSize, parseBytes } from './units.ts';

test('sizes', () => {
  for (const [text, bytes] of [
    ['512', 512],
    ['1k', 1024],
    ['64m', 67_108_864],
    ['1.5g', 1_610_612_736],
    ['10 MiB', 10_485_760],
    ['2T', 2_199_023_255_552],
    ['x', undefined],
    ['-1', undefined],
    ['1kk', undefined],
  ] as const) {
    assert.equal(parseBytes(text), bytes, text);
  }
  assert.equal(humanSize(2_210_000), '2.21MB');
  assert.equal(humanSize(999), '999B');
  assert.equal(bytesSize(1_610_612_736), '1.5GiB');
});

test('durations for people', () => {
  const words: [number, string][] = [
    [0.4, 'Less than a second'],
    [1.9, '1 second'],
    [59, '59 seconds'],
    [60, 'About a minute'],
    [600, '10 minutes'],
    [3600, 'About an hour'],
    [86_400, '24 hours'],
    [86_400 * 3, '3 days'],
    [86_400 * 20, '2 weeks'],
    [86_400 * 90, '3 months'],
    [86_400 * 800, '2 years'],
  ];
  for (const [seconds, text] of words) assert.equal(humanDuration(seconds), text);
});

test('times', () => {
  assert.equal(rfc3339(1_700_000_000_120_000_000n), '2023-11-14T22:13:20.12Z');
  assert.equal(parseRfc3339('2023-11-14T22:13:20.12Z'), 1_700_000_000_120_000_000n);
  assert.equal(parseRfc3339('2023-11-14T23:13:20.000000001+01:00'), 1_700_000_000_000_000_001n);
  assert.equal(parseRfc3339('yesterday'), undefined);
});

test('durations as Go writes them', () => {
  const texts = [0, 0.5, 50, 999, 1000, 1500, 60_000, 90_000, 3_600_000, 5_400_250].map(goDuration);
  assert.deepEqual(texts, ['0s', '500µs', '50ms', '999ms', '1s', '1.5s', '1m0s', '1m30s', '1h0m0s', '1h30m0.25s']);
});
