import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Demoted } from './demoted.ts';

test('limit: of silent servers the latest are remembered, each for its time', () => {
  const demoted = new Demoted();
  for (let at = 0; at < 1030; at += 1) demoted.add(`10.0.0.1 ${at}`, 100);
  assert.equal(demoted.size, 1024);
  assert.deepEqual(
    ['10.0.0.1 5', '10.0.0.1 6', '10.0.0.1 1029'].map((from) => demoted.has(from, 50)),
    [false, true, true],
  );
  assert.equal(demoted.has('10.0.0.1 1029', 100), false);
  // one that is silent again is not the oldest any more
  demoted.add('10.0.0.1 6', 100);
  demoted.add('new', 100);
  assert.deepEqual([demoted.has('10.0.0.1 6', 50), demoted.has('10.0.0.1 7', 50)], [true, false]);
  demoted.forget('new');
  assert.equal(demoted.has('new', 50), false);
});
