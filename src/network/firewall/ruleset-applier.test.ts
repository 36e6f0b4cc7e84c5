// Who waits shares one transaction; a failure is told to those whose it was, and tried again.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { RulesetApplier } from './ruleset-applier.ts';

test('changes that come while one is at work share the next', async () => {
  let text = 'a';
  const told: string[] = [];
  const teller = new RulesetApplier(
    () => text,
    async (one) => {
      await new Promise((resolve) => setImmediate(resolve));
      told.push(one);
    },
  );
  const first = teller.bring();
  text = 'b';
  const second = teller.bring();
  text = 'c';
  await Promise.all([first, second, teller.bring()]);
  await teller.bring();
  assert.deepEqual(told, ['a', 'c']);
  teller.forget();
  await teller.bring();
  assert.deepEqual(told, ['a', 'c', 'c']);
});

test('a failure is not remembered as told', async () => {
  let fails = true;
  let count = 0;
  const teller = new RulesetApplier(
    () => 'x',
    () => {
      count += 1;
      return fails ? Promise.reject(new Error('no')) : Promise.resolve();
    },
  );
  await assert.rejects(teller.bring(), /no/);
  fails = false;
  await teller.bring();
  assert.equal(count, 2);
});
