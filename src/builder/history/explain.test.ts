import assert from 'node:assert/strict';
import { test } from 'node:test';
import { explain } from './explain.ts';

const inputs = (rows: Record<string, string>): Map<string, string> => new Map(Object.entries(rows));

test('a step that ran again says which of its inputs changed', () => {
  const before = inputs({ base: 'image a', command: '["make"]', 'variable V': '1', 'file a.c': 'a.c|file|644|11|' });
  const cases: [Record<string, string>, string][] = [
    [{}, 'its result is no longer in the cache'],
    [{ 'variable V': '2' }, 'variable V changed'],
    [{ base: 'image b' }, 'the base image changed'],
    [{ base: 'f00' }, 'a step before it was done again'],
    [{ 'file a.c': 'a.c|file|644|22|' }, 'file a.c changed'],
    [{ 'file a.c': 'a.c|file|755|11|' }, 'file a.c changed its mode from 644 to 755'],
    [{ 'file b.c': 'x' }, 'file b.c is new'],
  ];
  for (const [change, words] of cases)
    assert.equal(explain(inputs({ ...Object.fromEntries(before), ...change }), { inputs: before }, false), words);
  assert.equal(explain(before, { inputs: inputs({}), text: 'RUN old' }, false).startsWith('file a.c is new'), false);
  assert.equal(explain(before, undefined, false), 'it was never done before');
  assert.equal(explain(before, { inputs: before }, true), 'the cache was not to be used');
});
