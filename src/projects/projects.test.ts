import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { NewRevision } from '../spec/berth/project.ts';
import { KEPT_REVISIONS, Projects, type RevisionStore } from './index.ts';

function memory(): RevisionStore & { readonly kept: Map<string, Parameters<RevisionStore['put']>[1]> } {
  const kept = new Map<string, Parameters<RevisionStore['put']>[1]>();
  return {
    kept,
    load: () => new Map(kept),
    put: (key, value) => void kept.set(key, value),
    delete: (key) => void kept.delete(key),
  };
}

const body = (model: string, more: Partial<NewRevision> = {}): NewRevision => ({
  model,
  directory: '/p',
  files: [],
  images: { a: { name: 'x', id: 'sha256:1' } },
  contents: {},
  cause: 'up',
  ...more,
});

test('revisions are numbered, the same one twice is one, and old ones are forgotten', () => {
  const store = memory();
  const projects = new Projects(store, () => 0);
  assert.equal(projects.add('p', body('1')).number, 1);
  assert.equal(projects.add('p', body('1', { cause: 'rollback to 7' })).number, 1);
  assert.equal(projects.add('p', body('1', { images: { a: { name: 'x', id: 'sha256:2' } } })).number, 2);
  for (let n = 0; n < KEPT_REVISIONS; n++) projects.add('p', body(`more ${n}`));
  const again = new Projects(store);
  assert.equal(again.list('p').length, KEPT_REVISIONS);
  assert.equal(again.list('p').at(-1)?.number, 2 + KEPT_REVISIONS);
  again.remove('p');
  assert.deepEqual([...store.kept], []);
  assert.throws(() => again.remove('p'), /no revisions/);
});

test('what is no revision is refused and leaves nothing', () => {
  const store = memory();
  const projects = new Projects(store);
  assert.throws(() => projects.add('../x', body('1')), /invalid project name/);
  assert.throws(() => projects.add('p', { model: 1 }), /needs model/);
  assert.throws(() => projects.add('p', body('x'.repeat(5_000_000))), /at most/);
  assert.deepEqual([...store.kept], []);
});
