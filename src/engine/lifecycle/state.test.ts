import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { RestartPolicyName } from '../../spec/docker/index.ts';
import { afterExit, type ExitFacts, startsWithDaemon } from './restart-policy.ts';
import { freshState, isRestarting, shownState, statusText } from './state.ts';

const facts = (name: RestartPolicyName, more: Partial<ExitFacts> = {}): ExitFacts => ({
  exitCode: 1,
  policy: { Name: name, MaximumRetryCount: 0 },
  restartCount: 0,
  stoppedByUser: false,
  daemonStopping: false,
  ranMs: 50,
  lastDelayMs: 0,
  ...more,
});

const decisions: readonly [string, ExitFacts, string][] = [
  ['no policy', facts('no'), 'stay: no restart policy'],
  ['always', facts('always', { exitCode: 0 }), 'again in 100 ms: restart policy always'],
  [
    'always, quickly for the third time',
    facts('always', { lastDelayMs: 200 }),
    'again in 400 ms: restart policy always',
  ],
  [
    'always, after a long run',
    facts('always', { lastDelayMs: 6400, ranMs: 20_000 }),
    'again in 100 ms: restart policy always',
  ],
  ['always, failing for hours', facts('always', { lastDelayMs: 60_000 }), 'again in 60000 ms: restart policy always'],
  ['always, stopped by a user', facts('always', { stoppedByUser: true }), 'stay: it was stopped by a user'],
  [
    'unless-stopped while the daemon ends',
    facts('unless-stopped', { daemonStopping: true }),
    'stay: the daemon is stopping',
  ],
  ['on-failure, success', facts('on-failure', { exitCode: 0 }), 'stay: it succeeded'],
  ['on-failure, failure', facts('on-failure'), 'again in 100 ms: restart policy on-failure'],
  [
    'on-failure, often enough',
    facts('on-failure', { policy: { Name: 'on-failure', MaximumRetryCount: 2 }, restartCount: 2 }),
    'stay: it failed 2 times',
  ],
];

for (const [name, given, wanted] of decisions) {
  test(`after an exit: ${name}`, () => {
    const next = afterExit(given);
    assert.equal(next.restart ? `again in ${next.delayMs} ms: ${next.why}` : `stay: ${next.why}`, wanted);
  });
}

test('what starts with the daemon', () => {
  const state = { ...freshState(), exitCode: 1 };
  const starts = (name: RestartPolicyName, more: object, wasActive: boolean): boolean =>
    startsWithDaemon({ Name: name, MaximumRetryCount: 0 }, { ...state, ...more }, wasActive);
  assert.equal(starts('always', { stoppedByUser: true }, false), true);
  assert.equal(starts('unless-stopped', { stoppedByUser: true }, false), false);
  assert.equal(starts('unless-stopped', {}, false), true);
  assert.equal(starts('on-failure', {}, true), true);
  assert.equal(starts('on-failure', { exitCode: 0 }, true), false);
  assert.equal(starts('no', {}, true), false);
});

test('the state that the API shows', () => {
  const running = shownState({
    ...freshState(),
    phase: 'running',
    process: { pid: 7, ticks: '1', boot: 'b' },
    startedAt: '2026-01-01T00:00:00Z',
  });
  assert.deepEqual([running.Status, running.Running, running.Pid], ['running', true, 7]);
  const starting = shownState({ ...freshState(), phase: 'starting', process: { pid: 7, ticks: '1', boot: 'b' } });
  assert.deepEqual([starting.Status, starting.Running, starting.Pid], ['created', false, 0]);
  assert.equal(shownState({ ...freshState(), phase: 'restarting' }).Running, true);
});

test('the words of ps', () => {
  const now = Date.parse('2026-01-01T00:01:00Z');
  const seconds = (n: number): string => `${n} s`;
  const at = (more: object): string =>
    statusText(
      { ...freshState(), startedAt: '2026-01-01T00:00:00Z', finishedAt: '2026-01-01T00:00:30Z', ...more },
      now,
      seconds,
    );
  assert.equal(at({ phase: 'running' }), 'Up 60 s');
  assert.equal(
    at({ phase: 'running', health: { status: 'starting', failingStreak: 0, log: [] } }),
    'Up 60 s (health: starting)',
  );
  assert.equal(at({ phase: 'paused' }), 'Up 60 s (Paused)');
  assert.equal(at({ phase: 'exited', exitCode: 137 }), 'Exited (137) 30 s ago');
  assert.equal(at({ phase: 'restarting', exitCode: 1 }), 'Restarting (1) 30 s ago');
  assert.equal(at({ phase: 'created' }), 'Created');
});

test('a start that a policy makes is a restart to those who ask meanwhile, one by a person is none', () => {
  const starting = { ...freshState(), phase: 'starting' as const };
  assert.ok(!isRestarting(starting));
  assert.ok(!isRestarting({ ...starting, startedAt: '2026-01-01T00:00:00Z' }));
  assert.ok(isRestarting({ ...starting, startedAt: '2026-01-01T00:00:00Z', restartCount: 1 }));
  assert.ok(isRestarting({ ...freshState(), phase: 'restarting' }));
});
