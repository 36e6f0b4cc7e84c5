// How a service's way to what was asked of it is told, over made-up observations.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { converge, type Seen, type SeenService, type SeenTask, START, type Step } from './convergence.ts';

const NODES = new Map([['n1', 'one']]);
const REPLICATED: SeenService = { Spec: { Mode: { Replicated: { Replicas: 2 } } } };

function task(ID: string, Slot: number, State: string, more: Partial<SeenTask> = {}): SeenTask {
  return { Slot, NodeID: 'n1', DesiredState: 'running', Status: { State }, ...more };
}

/** Looks one after the other, half a second apart; the lines of each, and how it ended. */
function progressOf(looks: readonly Omit<Seen, 'nodes' | 'now'>[], every = 500): [string[][], Step['end']] {
  let state = START;
  const lines: string[][] = [];
  for (const [index, look] of looks.entries()) {
    const step = converge(state, { ...look, nodes: NODES, now: index * every }, 'web');
    state = step.state;
    lines.push(step.messages.map(({ id = '', status = '' }) => `${id}: ${status}`.trimEnd()));
    if (step.end !== undefined) return [lines, step.end];
  }
  return [lines, undefined];
}

test('tasks come up, and are watched for as long as the monitor says', () => {
  const service = { Spec: { ...REPLICATED.Spec, UpdateConfig: { Parallelism: 1, Monitor: 1e9 } } };
  const up = [task('a', 1, 'running'), task('b', 2, 'running')];
  const [lines, end] = progressOf([
    { service, tasks: [] },
    { service, tasks: [task('a', 1, 'starting')] },
    { service, tasks: up },
    { service, tasks: up },
    { service, tasks: up },
  ]);
  assert.deepEqual(lines, [
    ['overall progress: 0 out of 2 tasks', '1/2:', '2/2:', 'overall progress: 0 out of 2 tasks'],
    ['1/2: starting', 'overall progress: 0 out of 2 tasks'],
    [
      '1/2: running',
      '2/2: running',
      'overall progress: 2 out of 2 tasks',
      'verify: Waiting 1 seconds to verify that tasks are stable...',
    ],
    ['verify: Waiting 1 seconds to verify that tasks are stable...'],
    ['verify: Service web converged'],
  ]);
  assert.equal(end, 'converged');
});

test('a task that fails while it is watched begins the watching anew', () => {
  const up = [task('a', 1, 'running'), task('b', 2, 'running')];
  const [lines, end] = progressOf([
    { service: REPLICATED, tasks: up },
    { service: REPLICATED, tasks: up.slice(1) },
    { service: REPLICATED, tasks: up },
  ]);
  assert.deepEqual(lines[1], ['verify: Detected task failure']);
  assert.deepEqual(lines[2], ['verify: Waiting 5 seconds to verify that tasks are stable...']);
  assert.equal(end, undefined);
});

test('of two tasks in a slot the one that is farther behind counts', () => {
  const tasks = [task('a', 1, 'running'), task('b', 1, 'starting'), task('c', 2, 'running')];
  const [[first = []]] = progressOf([{ service: REPLICATED, tasks }]);
  assert.equal(first.at(-1), 'overall progress: 1 out of 2 tasks');
});

test('a task on a node that is down does not count', () => {
  const tasks = [task('a', 1, 'running'), task('b', 2, 'running', { NodeID: 'gone' })];
  const [[first = []]] = progressOf([{ service: REPLICATED, tasks }]);
  assert.equal(first.at(-1), 'overall progress: 1 out of 2 tasks');
});

test('the error of a task stands in the place of its state', () => {
  const pending = task('a', 1, 'pending', { Status: { State: 'pending', Err: 'no suitable node' } });
  const [[first = []]] = progressOf([{ service: REPLICATED, tasks: [pending] }]);
  assert.ok(first.includes('1/2: no suitable node'));
});

test('a paused update ends the waiting with its message', () => {
  const service = { ...REPLICATED, UpdateStatus: { State: 'paused', Message: 'why' } };
  assert.deepEqual(progressOf([{ service, tasks: [] }])[1], { failure: 'service update paused: why' });
});

test('a rollback is told as one, and its message is the last', () => {
  const begun = { ...REPLICATED, UpdateStatus: { State: 'rollback_started', Message: 'asked for' } };
  const done = { ...REPLICATED, UpdateStatus: { State: 'rollback_completed', Message: 'rollback completed' } };
  const up = [task('a', 1, 'running'), task('b', 2, 'running')];
  const [lines, end] = progressOf(
    [
      { service: begun, tasks: [] },
      { service: done, tasks: up },
      { service: done, tasks: up },
    ],
    6e3,
  );
  assert.deepEqual(lines[0]?.slice(0, 2), [
    'rollback: asked for',
    'overall progress: rolling back update: 0 out of 2 tasks',
  ]);
  assert.deepEqual(lines[2], ['verify: Service web converged', 'rollback: rollback completed']);
  assert.equal(end, 'converged');
});

test('tasks that have ended for good end the waiting', () => {
  const tasks = [task('a', 1, 'failed', { DesiredState: 'shutdown', Status: { State: 'failed', Err: 'exit (1)' } })];
  const looks = [0, 1, 2].map(() => ({ service: REPLICATED, tasks }));
  const [, end] = progressOf(looks, 3e3);
  assert.deepEqual(end, { failure: 'service web does not converge: its tasks have ended: exit (1)' });
});

test('a job is over when all its runs are complete', () => {
  const service = { Spec: { Mode: { ReplicatedJob: { MaxConcurrent: 1, TotalCompletions: 2 } } } };
  const [lines, end] = progressOf([
    { service, tasks: [task('a', 0, 'running', { DesiredState: 'complete' })] },
    { service, tasks: [task('a', 0, 'complete'), task('b', 1, 'complete')] },
  ]);
  assert.deepEqual(lines[0], ['job progress: 0 out of 2 complete', 'active tasks: 1 out of 1 tasks', '1/2: running']);
  assert.equal(lines[1]?.at(-1), ': job complete');
  assert.equal(end, 'converged');
});

test('nobody waits for a job that runs when it is due', () => {
  const service = {
    Spec: { Labels: { 'berth.schedule': '0 3 * * *' }, Mode: { ReplicatedJob: { TotalCompletions: 1 } } },
  };
  assert.deepEqual(progressOf([{ service, tasks: [] }]), [[[]], 'converged']);
});

test('a global service waits for its tasks, then for one on each node', () => {
  const service = { Spec: { Mode: { Global: {} } } };
  const [lines] = progressOf([
    { service, tasks: [] },
    { service, tasks: [task('a', 0, 'running')] },
  ]);
  assert.deepEqual(lines[0], ['overall progress: waiting for new tasks']);
  assert.ok(lines[1]?.includes('overall progress: 1 out of 1 tasks'));
  assert.ok(lines[1]?.includes('one: running'));
});
