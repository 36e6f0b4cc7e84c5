// Suites and scenarios of other people's clients against a daemon of its own: `npm run clients [docker] [docker-py] [testcontainers]`.
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { TestDaemon } from '../test/support/daemon.ts';
import { dockerPyTests } from './clients/docker-py.ts';
import { CACHE, dockerClient, dockerPy, testcontainers } from './clients/packages.ts';
import { type Outcome, scenarios } from './clients/scenarios.ts';
import { testcontainersSteps } from './clients/testcontainers.ts';

const SUITES: Readonly<Record<string, (host: string) => Promise<Outcome[]>>> = {
  docker: async (host) => scenarios(await dockerClient(), host),
  testcontainers: async (host) => testcontainersSteps(await testcontainers(), host),
  'docker-py': async (host) => dockerPyTests(await dockerPy(), host),
};

/** Names under which the suites look for a small image. */
const NAMES = ['alpine:3.10', 'alpine:latest', 'busybox:1'];

/** Tests that are known to fail, with the reason. */
const known = new Map(
  readFileSync(new URL('clients/known.txt', import.meta.url), 'utf8')
    .split('\n')
    .filter((line) => line !== '' && !line.startsWith('#'))
    .map((line) => line.split('\t') as [string, string]),
);

const asked = process.argv.slice(2);
const chosen = asked.length > 0 ? asked : Object.keys(SUITES);
// DOCKER_HOST names another daemon, to compare with
const other = process.env['DOCKER_HOST'];
let surprises = 0;
for (const name of chosen) {
  const suite = SUITES[name];
  if (!suite) {
    process.stderr.write(`unknown suite: ${name}; there are ${Object.keys(SUITES).join(', ')}\n`);
    process.exit(2);
  }
  await using daemon = other === undefined ? await started() : undefined;
  const outcomes = await suite(other ?? daemon?.host ?? '');
  if (daemon) writeFileSync(join(CACHE, `${name}.daemon.log`), daemon.log);
  const failed = outcomes.filter(({ why }) => why !== undefined);
  process.stdout.write(`${name}: ${outcomes.length - failed.length} of ${outcomes.length} pass\n`);
  for (const { name: test, why } of failed) {
    const reason = known.get(test);
    if (reason === undefined) surprises += 1;
    process.stdout.write(`  ${reason === undefined ? 'NEW  ' : 'known'} ${test}: ${reason ?? why}\n`);
  }
  for (const { name: test } of outcomes.filter((one) => one.why === undefined && known.has(one.name)))
    process.stdout.write(`  passes now, and stands in known.txt: ${test}\n`);
}
process.exit(surprises > 0 ? 1 : 0);

async function started(): Promise<TestDaemon> {
  const daemon = await TestDaemon.start();
  await daemon.busybox();
  for (const name of NAMES) await daemon.berth('tag', 'busybox', name);
  return daemon;
}
