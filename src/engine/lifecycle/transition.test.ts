import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { ContainerStateRecord, Phase } from './state.ts';
import { freshState, hasProcess } from './state.ts';
import { type Effect, isLegal, type LifecycleEvent, transition } from './transition.ts';

const SECOND = 1_000_000_000n;
const someone = { pid: 7, ticks: '1', boot: 'b' };

/** The effects in a line each, as a person reads them. */
const text = (effects: readonly Effect[]): string[] =>
  effects.map((effect) => {
    switch (effect.type) {
      case 'emit':
        return `emit ${effect.action}`;
      case 'notify':
        return `notify ${effect.whom}`;
      case 'scheduleRestart':
        return `restart in ${effect.delayMs} ms`;
      case 'log':
        return `log ${effect.text}`;
      case 'save':
      case 'release':
      case 'autoRemove':
      case 'notifyRemovalFailed':
        return effect.type;
    }
  });

const exit = (more: Partial<Extract<LifecycleEvent, { type: 'exited' }>> = {}): LifecycleEvent => ({
  type: 'exited',
  exitCode: 3,
  policy: { Name: 'no', MaximumRetryCount: 0 },
  stopRequested: false,
  daemonStopping: false,
  lastDelayMs: 0,
  autoRemove: false,
  ...more,
});

function after(...events: LifecycleEvent[]): ContainerStateRecord {
  return events.reduce((state, event, at) => transition(state, event, BigInt(at) * SECOND).state, freshState());
}

const STARTED: readonly LifecycleEvent[] = [
  { type: 'starting' },
  { type: 'launched', process: someone, monitor: someone },
  { type: 'running' },
];

test('an end is written before anything that tells of it, and those who wait for all of it hear last', () => {
  const { state, effects } = transition(after(...STARTED), exit(), 62n * SECOND);
  assert.deepEqual(text(effects), [
    'save',
    'notify exit',
    'emit die',
    'release',
    'log ended with 3: no restart policy',
    'notify stop',
  ]);
  assert.deepEqual(
    effects.find(({ type }) => type === 'emit'),
    { type: 'emit', action: 'die', attributes: { exitCode: '3', execDuration: '60' } },
  );
  assert.deepEqual([state.phase, state.exitCode, state.process], ['exited', 3, undefined]);
});

test('a container that a policy brings back is not removed, and counts the try', () => {
  const policy = { Name: 'on-failure', MaximumRetryCount: 2 } as const;
  const { state, effects } = transition(after(...STARTED), exit({ policy, autoRemove: true }), 5n * SECOND);
  assert.deepEqual(text(effects).slice(-2), ['restart in 100 ms', 'notify stop']);
  assert.deepEqual([state.phase, state.restartCount], ['restarting', 1]);
});

test('with --rm the removal comes before those who wait for the end hear of it', () => {
  const { effects } = transition(after(...STARTED), exit({ autoRemove: true }), 5n * SECOND);
  assert.deepEqual(text(effects).slice(-2), ['autoRemove', 'notify stop']);
});

test('a first start that fails leaves a created container, a later one an exited one; nobody waits on', () => {
  const failed: LifecycleEvent = { type: 'startFailed', message: 'no such file', exitCode: 127, autoRemove: false };
  const first = transition(after({ type: 'starting' }), failed, 1n);
  assert.deepEqual([first.state.phase, first.state.error, first.state.exitCode], ['created', 'no such file', 127]);
  assert.deepEqual(text(first.effects), ['save', 'notify exit', 'notify stop']);
  assert.equal(transition(after(...STARTED, exit(), { type: 'starting' }), failed, 1n).state.phase, 'exited');
});

test('what cannot come in a state is refused, and the state stays', () => {
  const running = after(...STARTED);
  const before = structuredClone(running);
  assert.throws(() => transition(running, { type: 'removing' }, 1n), /a container that is running cannot be removing/);
  assert.deepEqual(running, before);
});

const anyEvent: fc.Arbitrary<LifecycleEvent> = fc.oneof(
  fc.constantFrom<LifecycleEvent>(
    { type: 'startRequested' },
    { type: 'starting' },
    { type: 'launched', process: someone, monitor: someone },
    { type: 'running' },
    { type: 'restartCancelled' },
    { type: 'startAbandoned' },
    { type: 'paused' },
    { type: 'unpaused' },
    { type: 'stoppedByUser' },
    { type: 'outOfMemory' },
    { type: 'removing' },
    { type: 'removalFailed', message: 'busy' },
  ),
  fc.record({
    type: fc.constant('startFailed' as const),
    message: fc.constant('no'),
    exitCode: fc.constantFrom(126, 127, 128),
    autoRemove: fc.boolean(),
  }),
  fc.record({
    type: fc.constant('exited' as const),
    exitCode: fc.nat(255),
    policy: fc.record({
      Name: fc.constantFrom('no' as const, 'always' as const, 'on-failure' as const, 'unless-stopped' as const),
      MaximumRetryCount: fc.nat(3),
    }),
    stopRequested: fc.boolean(),
    daemonStopping: fc.boolean(),
    lastDelayMs: fc.nat(60_000),
    autoRemove: fc.boolean(),
  }),
);

/** Every step of a life that these events make, as far as they can come. */
function* live(events: readonly LifecycleEvent[]) {
  let state = freshState();
  let now = SECOND;
  for (const event of events) {
    if (!isLegal(state, event.type)) continue;
    now += SECOND;
    const before = state;
    const { state: next, effects } = transition(state, event, now);
    state = next;
    yield { before, event, state, effects };
  }
}

const ENDS: readonly LifecycleEvent['type'][] = ['exited', 'startFailed'];
/** What the next change writes, and a dead daemon need not have known. */
const QUIET: readonly LifecycleEvent['type'][] = ['startRequested', 'launched'];

test('in every life: a process where one runs and nowhere else, nothing untold, nothing unwritten', () => {
  fc.assert(
    fc.property(fc.array(anyEvent, { maxLength: 60 }), (events) => {
      for (const { before, event, state, effects } of live(events)) {
        const lines = text(effects);
        if (hasProcess(state.phase)) assert.ok(state.process && state.monitor);
        if (!hasProcess(state.phase) && state.phase !== 'starting') assert.equal(state.process, undefined);
        // whoever waits for an end hears of each, exactly once
        if (ENDS.includes(event.type))
          for (const whom of ['exit', 'stop'])
            assert.equal(lines.filter((line) => line === `notify ${whom}`).length, 1);
        // a phase never changes without being written first
        if (before.phase !== state.phase || !QUIET.includes(event.type)) assert.equal(lines[0], 'save');
        // either it comes again, or it goes, or it stays: never two of them
        const ways = lines.filter((line) => line.startsWith('restart in') || line === 'autoRemove').length;
        assert.ok(ways <= 1);
        assert.equal(
          lines.some((line) => line.startsWith('restart in')),
          state.phase === 'restarting' && event.type === 'exited',
        );
      }
    }),
    { numRuns: 500 },
  );
});

test('a person who stopped a container is not overruled by its policy', () => {
  for (const Name of ['always', 'on-failure', 'unless-stopped'] as const) {
    const policy = { Name, MaximumRetryCount: 0 };
    const { state } = transition(after(...STARTED), exit({ policy, stopRequested: true }), 2n * SECOND);
    assert.equal(state.phase, 'exited' satisfies Phase);
  }
});
