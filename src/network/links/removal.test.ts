// What is asked for while a removal is at work goes together; a failure is told to those whose it was.
import assert from 'node:assert/strict';
import { setImmediate } from 'node:timers/promises';
import { test } from 'node:test';
import { Removal } from './removal.ts';

test('removals gather while one is at work', async () => {
  const seen: string[] = [];
  const ends: (() => void)[] = [];
  const removal = new Removal(async (names) => {
    seen.push(names.join(' '));
    await new Promise<void>((resolve) => ends.push(resolve));
  });
  const first = removal.remove(['a']);
  await setImmediate();
  const others = [removal.remove(['b']), removal.remove(['c', 'b'])];
  await setImmediate();
  assert.deepEqual(seen, ['a']);
  ends.shift()?.();
  await first;
  await setImmediate();
  assert.deepEqual(seen, ['a', 'b c']);
  ends.shift()?.();
  await Promise.all(others);
});

test('a failure is of those who waited for it', async () => {
  let fails = true;
  const removal = new Removal(() => (fails ? Promise.reject(new Error('no')) : Promise.resolve()));
  const refused = [removal.remove(['a']), removal.remove(['b'])];
  for (const one of refused) await assert.rejects(one, /no/);
  fails = false;
  await removal.remove(['c']);
});
