// Berth on a host with cgroup v2: the scenario of control groups in a small machine, once with each OCI runtime.
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { after, before, describe, type TestContext, test } from 'node:test';
import { build } from 'esbuild';
import { findProgram } from '../../src/host/find.ts';
import { execute } from '../support/daemon.ts';
import { runMachine, whyNoMachine } from './machine.ts';
import type { StepResult } from './steps.ts';

const ROOT = dirname(dirname(import.meta.dirname));

describe('cgroup v2', { skip: (await whyNoMachine()) ?? false, concurrency: 2 }, () => {
  const folder = mkdtempSync(join(tmpdir(), 'berth-vm-'));
  after(() => rmSync(folder, { recursive: true, force: true }));

  before(async () => {
    const built = await execute(process.execPath, [join(ROOT, 'scripts/build.ts')], { env: { BERTH_DIST: folder } });
    assert.equal(built.code, 0, built.stderr);
    await build({
      entryPoints: [join(import.meta.dirname, 'scenario.ts')],
      outfile: join(folder, 'scenario.mjs'),
      bundle: true,
      format: 'esm',
      platform: 'node',
      external: ['koffi'],
      logLevel: 'warning',
    });
  });

  const runtimes = ['runc', 'crun'].filter((name) => findProgram(name) !== undefined);
  // one machine for all: to start one costs half of what the scenario does
  test(`containers live under their limits with ${runtimes.join(' and ')}`, { timeout: 1_000_000 }, (t) =>
    runScenarios(t, folder, runtimes.map((name) => `node scenario.mjs ${name}`).join('\n'), runtimes.length),
  );

  test('containers live under their limits where Berth itself runs in a container', { timeout: 1_000_000 }, (t) =>
    runScenarios(t, folder, `${IN_CONTAINER} node scenario.mjs runc --without-crash'`, 1),
  );
});

/** As a container sees control groups: its own group is the root, and what runs in it is already there. */
const IN_CONTAINER = [
  'echo "+cpu +cpuset +io +memory +pids" >/sys/fs/cgroup/cgroup.subtree_control',
  'mkdir /sys/fs/cgroup/outer',
  'echo 0 >/sys/fs/cgroup/outer/cgroup.procs',
  "exec /usr/bin/unshare --cgroup --mount sh -c 'umount /sys/fs/cgroup && mount -t cgroup2 cgroup2 /sys/fs/cgroup; exec",
].join('\n');

async function runScenarios(t: TestContext, files: string, command: string, count: number): Promise<void> {
  const end = await runMachine({ files, command: `export BERTH_TEST_ENTRY=$PWD/berth.mjs\n${command}` });
  t.diagnostic(`accelerator ${end.accelerator}`);
  const scenarios = resultsOf(end.output);
  const results = scenarios.flat();
  for (const { name, took, problem } of results)
    t.diagnostic(`${problem === undefined ? 'ok' : 'FAILED'} ${(took / 1000).toFixed(1)} s  ${name}`);
  const failed = results.flatMap(({ name, problem }) => (problem === undefined ? [] : [`- ${name}: ${problem}`]));
  if (end.code !== 0 || scenarios.length !== count) failed.push('- a scenario did not come to its end');
  if (failed.length > 0) assert.fail(`${failed.join('\n')}\n\nconsole of the machine:\n${end.console}`);
}

/** One of each scenario that did not break off. */
function resultsOf(output: string): StepResult[][] {
  const lines = output.split('\n').filter((line) => line.startsWith('['));
  return lines.map((line) => JSON.parse(line) as StepResult[]);
}
