import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Exec } from './exec.ts';
import { ENDED_MS, forgetCreatedExecs, forgetEndedExec, MAX_CREATED, rememberExec } from './exec-records.ts';

const request = { cmd: ['true'] } as unknown as Exec['request'];

test('safety L2: of execs that are never started only the newest are kept, and those that run are', () => {
  const [all, own, others] = [new Map<string, Exec>(), new Map<string, Exec>(), new Map<string, Exec>()];
  const running = new Exec('running', 'c', request);
  running.phase = 'running';
  rememberExec(all, own, running);
  rememberExec(all, others, new Exec('other', 'd', request));
  for (let number = 0; number < 3000; number += 1) rememberExec(all, own, new Exec(`${number}`, 'c', request));
  assert.equal(own.size, MAX_CREATED + 1);
  assert.deepEqual(
    [own.has('running'), all.has('running'), all.has('other'), all.has('2999'), all.has('0')],
    [true, true, true, true, false],
  );
  assert.equal(all.size, MAX_CREATED + 2);
});

test('safety L2: an exec that has ended is forgotten after minutes', (t) => {
  t.mock.timers.enable({ apis: ['setTimeout'] });
  const [all, own] = [new Map<string, Exec>(), new Map<string, Exec>()];
  const exec = new Exec('e', 'c', request);
  rememberExec(all, own, exec);
  exec.phase = 'ended';
  forgetEndedExec(all, own, exec);
  t.mock.timers.tick(ENDED_MS - 1);
  assert.deepEqual([all.has('e'), own.has('e')], [true, false]);
  t.mock.timers.tick(1);
  assert.equal(all.has('e'), false);
});

test('users S13: with the container’s process go the execs that were never started', () => {
  const [all, own] = [new Map<string, Exec>(), new Map<string, Exec>()];
  for (const phase of ['created', 'running', 'ended'] as const) {
    const exec = new Exec(phase, 'c', request);
    exec.phase = phase;
    rememberExec(all, own, exec);
  }
  forgetCreatedExecs(all, own);
  assert.deepEqual([...all.keys()], ['running', 'ended']);
  assert.deepEqual([...own.keys()], ['running', 'ended']);
});
