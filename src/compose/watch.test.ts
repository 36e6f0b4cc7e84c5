import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Project, WatchRule } from './model/project.ts';
import { watchRules, watchWork } from './watch.ts';

const project = (...rules: Partial<WatchRule>[]): Project => ({
  name: 'p',
  services: {
    a: {
      command: null,
      entrypoint: null,
      develop: { watch: rules.map((rule) => ({ path: '/p/src', action: 'sync', exec: { command: null }, ...rule })) },
    },
  },
});

test('files are synced below the target, but for what is ignored or not included', () => {
  const rules = watchRules(project({ target: '/app/', ignore: ['*.tmp', 'dist'], include: ['**/*.js', 'a'] }));
  const changed = [
    '/p/src/a',
    '/p/src/x.js',
    '/p/src/d/y.js',
    '/p/src/z.c',
    '/p/src/dist/q.js',
    '/p/srcs/a',
    '/p/src/.git/a.js',
  ];
  assert.deepEqual(
    watchWork(rules, changed)[0]?.paths.map(({ container }) => container),
    ['/app/a', '/app/x.js', '/app/d/y.js'],
  );
});

test('each action says what is to be done; a rule may be about one file', () => {
  const rules = watchRules(
    project(
      { path: '/p/conf', action: 'sync+restart', target: '/conf' },
      { path: '/p/Dockerfile', action: 'rebuild' },
      { path: '/p/ex', action: 'sync+exec', target: '/ex', exec: { command: ['true'] } },
    ),
  );
  const first = (changed: string) => watchWork(rules, [changed])[0];
  assert.deepEqual(first('/p/conf/x'), {
    service: 'a',
    rebuild: false,
    paths: [{ host: '/p/conf/x', container: '/conf/x' }],
    restart: true,
    execs: [],
  });
  assert.equal(first('/p/Dockerfile')?.rebuild, true);
  assert.deepEqual(
    first('/p/ex/x')?.execs.map(({ exec }) => exec.command),
    [['true']],
  );
  assert.equal(first('/elsewhere'), undefined);
});

test('rules without a target and projects without rules are refused', () => {
  assert.throws(() => watchRules(project({ action: 'sync' })), /target is required/);
  assert.throws(() => watchRules(project()), /none of the selected services is configured for watch/);
});
