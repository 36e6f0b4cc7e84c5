// Looking at a host changes nothing on it.
import assert from 'node:assert/strict';
import { globSync, readFileSync } from 'node:fs';
import { test } from 'node:test';
import { canRun, findings } from './findings.ts';
import { observe } from './observe.ts';

const traces = (): string[] => [
  ...globSync(['/tmp/berth-doctor-*', '/sys/fs/cgroup/{*/,}berth-doctor-*', '/var/lib/.berth-doctor-*']),
  ...readFileSync('/proc/self/mountinfo', 'utf8')
    .split('\n')
    .filter((line) => line.includes('berth-doctor')),
];

test('this host is seen as one on which containers run, and nothing is left of the trials', async () => {
  const before = traces();
  const facts = await observe('/var/lib/berth-that-is-not-there');
  assert.equal(facts.uid, 0);
  assert.equal(facts.overlay.result, 'works');
  assert.ok(facts.runtimes.some(({ trial }) => trial.result === 'works'));
  assert.ok(canRun(findings(facts)));
  assert.deepEqual(traces(), before);
});
