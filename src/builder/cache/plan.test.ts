import assert from 'node:assert/strict';
import { test } from 'node:test';
import { planPrune, type PruneOptions, type Usage } from './plan.ts';

const one = (id: string, over: Partial<Usage> = {}): Usage => ({
  id,
  parents: [],
  type: 'regular',
  description: id,
  size: 10,
  created: 0n,
  used: 0n,
  uses: 1,
  inUse: false,
  shared: false,
  ...over,
});
const plan = (usage: Usage[], request: Partial<PruneOptions> = {}): string[] =>
  planPrune(usage, { all: false, filters: new Map(), ...request }, 100n).map(({ id }) => id);

test('what stands on others goes before them, and what is used stays with all below it', () => {
  const chain = [one('a'), one('b', { parents: ['a'] }), one('c', { parents: ['b'] })];
  assert.deepEqual(plan(chain), ['c', 'b', 'a']);
  assert.deepEqual(plan([...chain, one('d', { parents: ['a'], inUse: true })]), ['c', 'b']);
});

test('what images share stays unless all is asked for', () => {
  const usage = [one('a', { shared: true }), one('b')];
  assert.deepEqual(plan(usage), ['b']);
  assert.deepEqual(plan(usage, { all: true }), ['a', 'b']);
});

test('the least recently used go until the rest is small enough', () => {
  const usage = [one('new', { used: 90n }), one('old', { used: 10n }), one('older', { used: 5n })];
  assert.deepEqual(plan(usage, { keepBytes: 15 }), ['older', 'old']);
  assert.deepEqual(plan(usage, { unusedFor: 50n }), ['older', 'old']);
  assert.deepEqual(plan(usage, { filters: new Map([['id', ['ol']]]) }), ['older', 'old']);
});
