// Several who listen to one build, and what is kept of it for those who come later.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { BuildEvent } from '../../model/event.ts';
import type { StatusResponse } from '../protocol/messages.ts';
import { Job, Jobs } from './jobs.ts';

const forever = new AbortController().signal;

function vertex(id: string, completed?: bigint): BuildEvent {
  return { kind: 'vertex', vertex: { id, name: id, inputs: [], started: 1n, ...(completed ? { completed } : {}) } };
}

function log(text: string, bytes = 0): BuildEvent {
  return { kind: 'log', vertex: 'v', stream: 1, at: 1n, data: Buffer.from(text.padEnd(bytes, '.')) };
}

async function heard(job: Job): Promise<{ readonly output: string; readonly parts: Partial<StatusResponse>[] }> {
  const parts: Partial<StatusResponse>[] = [];
  for await (const part of job.course(forever)) parts.push(part);
  const logs = parts.flatMap(({ logs: some = [] }) => some);
  return { output: Buffer.concat(logs.map(({ msg }) => Buffer.from(msg))).toString(), parts };
}

test('users B9: each who listens to a build hears all of it, also one who comes late', async () => {
  const job = new Job('one');
  const first = heard(job);
  job.notify(vertex('v'));
  job.notify(log('early '));
  await new Promise((resolve) => setTimeout(resolve, 80));
  const second = heard(job);
  job.notify(log('late'));
  job.notify(vertex('v', 2n));
  job.end();
  for (const { output } of [await first, await second, await heard(job)]) assert.equal(output, 'early late');
});

test('of much output the last is kept for later listeners, and the present one hears all', async () => {
  const job = new Job('much');
  const first = heard(job);
  const size = 64 * 1024;
  for (let at = 0; at < 64; at += 1) {
    job.notify(log(`<${at}>`, size));
    if (at % 8 === 7) await new Promise((resolve) => setTimeout(resolve, 60));
  }
  job.notify(vertex('v'));
  job.end();
  assert.equal((await first).output.length, 64 * size);
  const { output, parts } = await heard(job);
  assert.ok(output.length <= 1024 * 1024 + size, `${output.length} bytes`);
  assert.match(output, /<63>/);
  assert.equal(parts.flatMap(({ vertexes = [] }) => vertexes).length, 1);
});

test('a build that nobody listens to keeps its steps and a bounded number of rows', async () => {
  const job = new Job('alone');
  job.notify(vertex('v'));
  for (let at = 0; at < 50_000; at += 1) job.notify(log('x'));
  job.notify(vertex('v', 2n));
  job.end();
  const { output, parts } = await heard(job);
  assert.ok(output.length >= 10_000 && output.length <= 40_000, `${output.length} rows`);
  assert.equal(parts[0]?.vertexes?.length, 1);
});

test('a listener may come before the build', async () => {
  const jobs = new Jobs();
  const found = jobs.find('soon', forever);
  const job = jobs.make('soon');
  assert.equal(await found, job);
  assert.throws(() => jobs.make('soon'), /job ID soon exists/);
});
