import assert from 'node:assert/strict';
import { test } from 'node:test';
import { nowNanos } from './clock.ts';

test('the clock follows that of the system, and small corrections do not put later before earlier', (t) => {
  const real = Date.now();
  let offset = 0;
  t.mock.method(Date, 'now', () => real + offset);
  let last = nowNanos();
  for (offset of [0, 40, 5, -30, 60]) {
    const now = nowNanos();
    assert.ok(now >= last, `at ${offset} ms`);
    last = now;
  }
  offset = -3_600_000;
  assert.ok(nowNanos() < last);
});
