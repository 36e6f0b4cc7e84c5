// Keys and values inside of a network namespace: who goes away leaves no question, and one task has no more of them than its share.
import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { after, before, test } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { silentLog } from '../../base/log.ts';
import type { ToManager } from '../wire/dial.ts';
import type { NodeMessage } from '../wire/messages.ts';
import { MAX_ASKED_BY_TASK, TaskValues } from './values.ts';

const skip = process.getuid?.() === 0 ? false : 'needs root';
const sent: NodeMessage[] = [];
const values = new TaskValues(silentLog);
let task: ChildProcess | undefined;

before(async () => {
  if (skip !== false) return;
  task = spawn('unshare', ['--net', 'sh', '-c', 'ip link set lo up; echo up; exec sleep 120'], {
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  await new Promise((resolve) => task?.stdout?.once('data', resolve));
  values.opened({ send: (message: NodeMessage) => void sent.push(message) } as ToManager);
  await values.serve('t', task.pid ?? 0);
});

after(() => {
  values.close();
  task?.kill('SIGKILL');
});

/** A program in the task's namespace, with `socket` connected to its keys and values; what it prints. */
function inside(program: string): ChildProcess {
  const whole = `const socket = require('node:net').connect(80, '127.0.0.12'); socket.on('error', () => undefined); ${program}`;
  const words = [`--net=/proc/${task?.pid}/ns/net`, process.execPath, '-e', whole];
  return spawn('nsenter', words, { stdio: ['ignore', 'pipe', 'inherit'] });
}

async function until(holds: () => boolean, ms = 10_000): Promise<void> {
  const end = Date.now() + ms;
  while (!holds()) {
    assert.ok(Date.now() < end, JSON.stringify(sent.slice(-3)));
    await pause(20);
  }
}

const asked = () => sent.flatMap((one) => (one.type === 'kv' ? [one.id] : []));
const cancels = () => sent.flatMap((one) => (one.type === 'kv-cancel' ? [one.id] : []));
const WATCH = "'GET /watch?prefix=a&since=1 HTTP/1.1\\r\\nHost: a\\r\\n\\r\\n'";

test('the question of a client that has gone is taken back', { skip }, async () => {
  const client = inside(`socket.write(${WATCH})`);
  await until(() => asked().length === 1);
  client.kill('SIGKILL');
  await until(() => cancels().length === 1);
  assert.deepEqual(cancels(), asked());
  values.answered({ type: 'kv', id: asked()[0] ?? 0, answer: {} });
  const reset = inside(`socket.write(${WATCH}); setTimeout(() => socket.resetAndDestroy(), 1500)`);
  await until(() => asked().length === 2);
  const begun = Date.now();
  await until(() => cancels().length === 2);
  assert.ok(Date.now() - begun < 4000, 'not before a half-closed one');
  assert.equal(cancels()[1], asked()[1]);
  reset.kill('SIGKILL');
});

test('who has closed its own end is still answered', { skip }, async () => {
  sent.length = 0;
  const client = inside(`socket.end(${WATCH}); socket.pipe(process.stdout)`);
  let answer = '';
  client.stdout?.on('data', (chunk: Buffer) => (answer += chunk.toString()));
  await until(() => cancels().length === 1);
  values.answered({ type: 'kv', id: asked()[0] ?? 0, answer: { Revision: 1, Reset: false, Changes: [] } });
  await until(() => answer.includes('"Revision":1'));
});

test('limit: one task asks no more than its share at once, and again when that is answered or gone', {
  skip,
}, async () => {
  sent.length = 0;
  const many = inside(`for (let n = 0; n < ${MAX_ASKED_BY_TASK + 8}; n += 1) socket.write(${WATCH})`);
  await until(() => asked().length === MAX_ASKED_BY_TASK);
  const refused = inside(`socket.write(${WATCH}); socket.pipe(process.stdout)`);
  let answer = '';
  refused.stdout?.on('data', (chunk: Buffer) => (answer += chunk.toString()));
  await until(() => answer.includes('503'));
  assert.match(answer, /too many questions at once/);
  many.kill('SIGKILL');
  refused.kill('SIGKILL');
  await until(() => cancels().length === MAX_ASKED_BY_TASK);
  values.answered({ type: 'kv', id: asked()[0] ?? 0, answer: {} });
  inside(`socket.end(${WATCH})`);
  await until(() => asked().length === MAX_ASKED_BY_TASK + 1);
});
