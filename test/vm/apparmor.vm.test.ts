// Berth on a host with AppArmor: the scenario in a small machine, with the program that loads profiles and without it.
import assert from 'node:assert/strict';
import { copyFileSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { build } from 'esbuild';
import { execute } from '../support/daemon.ts';
import { unpackedPackage } from '../support/package.ts';
import { runMachine, whyNoMachine } from './machine.ts';
import type { StepResult } from './steps.ts';

const ROOT = dirname(dirname(import.meta.dirname));
/** Beside the programs of Berth: the machine finds it by PATH alone. */
const PARSER = 'apparmor';

describe('AppArmor', { skip: (await whyNoMachine()) ?? false }, () => {
  const folder = mkdtempSync(join(tmpdir(), 'berth-apparmor-'));
  after(() => rmSync(folder, { recursive: true, force: true }));

  before(async () => {
    const built = await execute(process.execPath, [join(ROOT, 'scripts/build.ts')], { env: { BERTH_DIST: folder } });
    assert.equal(built.code, 0, built.stderr);
    await build({
      entryPoints: [join(import.meta.dirname, 'apparmor.ts')],
      outfile: join(folder, 'apparmor.mjs'),
      bundle: true,
      format: 'esm',
      platform: 'node',
      external: ['koffi'],
      logLevel: 'warning',
    });
    mkdirSync(join(folder, PARSER));
    copyFileSync(
      join(await unpackedPackage('apparmor'), 'sbin/apparmor_parser'),
      join(folder, PARSER, 'apparmor_parser'),
    );
  });

  test('containers have the default profile where it can be loaded', { timeout: 1_500_000 }, async (t) => {
    const command = [
      'export BERTH_TEST_ENTRY=$PWD/berth.mjs',
      'mount -t securityfs securityfs /sys/kernel/security',
      // first, since a profile that was loaded stays
      'node apparmor.mjs --without-parser',
      `PATH=$PWD/${PARSER}:$PATH node apparmor.mjs`,
    ];
    const end = await runMachine({ files: folder, command: command.join('\n'), timeout: 1_450_000 });
    const scenarios = end.output
      .split('\n')
      .flatMap((line) => (line.startsWith('[') ? [JSON.parse(line) as StepResult[]] : []));
    for (const { name, took, problem } of scenarios.flat())
      t.diagnostic(`${problem === undefined ? 'ok' : 'FAILED'} ${(took / 1000).toFixed(1)} s  ${name}`);
    const failed = scenarios
      .flat()
      .flatMap(({ name, problem }) => (problem === undefined ? [] : [`- ${name}: ${problem}`]));
    if (end.code !== 0 || scenarios.length !== 2) failed.push('- a scenario did not come to its end');
    if (failed.length > 0) assert.fail(`${failed.join('\n')}\n\nconsole of the machine:\n${end.console}`);
  });
});
