// Who waits shares one transaction; a failure is told to those whose it was, and tried again.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { RulesetApplier } from './ruleset-applier.ts';

test('changes that come while one is at work share the next', async () => {
  let text = 'a';
  const notified: string[] = [];
  const applier = new RulesetApplier(
    () => text,
    async (one) => {
      await new Promise((resolve) => setImmediate(resolve));
      notified.push(one);
    },
  );
  const first = applier.bring();
  text = 'b';
  const second = applier.bring();
  text = 'c';
  await Promise.all([first, second, applier.bring()]);
  await applier.bring();
  assert.deepEqual(notified, ['a', 'c']);
  applier.forget();
  await applier.bring();
  assert.deepEqual(notified, ['a', 'c', 'c']);
});

test('a failure is not remembered as told', async () => {
  let fails = true;
  let count = 0;
  const applier = new RulesetApplier(
    () => 'x',
    () => {
      count += 1;
      return fails ? Promise.reject(new Error('no')) : Promise.resolve();
    },
  );
  await assert.rejects(applier.bring(), /no/);
  fails = false;
  await applier.bring();
  assert.equal(count, 2);
});
