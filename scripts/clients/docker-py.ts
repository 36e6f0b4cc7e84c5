// The integration tests of docker-py, each by its name. They come with the sources of Debian's package.
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { execute } from '../../test/support/daemon.ts';
import { CACHE } from './packages.ts';
import type { Outcome } from './scenarios.ts';

const TIMEOUT_MS = 30 * 60_000;

export async function dockerPyTests(sources: string, host: string): Promise<Outcome[]> {
  const report = join(CACHE, 'docker-py.xml');
  // of the credentials' tests one takes the environment away from all after it, and the rest need helpers of a desktop
  const options = [
    '--ignore=tests/integration/credentials',
    '-p',
    'no:cacheprovider',
    '-q',
    '--tb=line',
    `--junitxml=${report}`,
  ];
  // contexts are made and taken away: not those of who runs this
  const config = join(CACHE, 'docker-py.config');
  rmSync(config, { recursive: true, force: true });
  mkdirSync(config, { recursive: true });
  // without this file they would be made in the sources
  writeFileSync(join(config, 'config.json'), '{}\n');
  // for ssh alone, which no test here uses
  const stubs = join(CACHE, 'stubs');
  mkdirSync(stubs, { recursive: true });
  writeFileSync(join(stubs, 'paramiko.py'), 'class Channel: pass\n');
  const { code, stderr, stdout } = await execute(
    'sh',
    ['-c', 'cd "$0" && exec "$@"', sources, 'python3', '-m', 'pytest', ...options, 'tests/integration'],
    {
      env: {
        DOCKER_HOST: host,
        HOME: config,
        DOCKER_CONFIG: config,
        PYTHONPATH: `${sources}:${stubs}`,
        PYTHONDONTWRITEBYTECODE: '1',
      },
      timeoutMs: TIMEOUT_MS,
    },
  );
  if (code > 1) throw new Error(`pytest: ${stderr}${stdout.slice(-2000)}`);
  return outcomesIn(readFileSync(report, 'utf8'));
}

/** Of a JUnit report; what was skipped is left out. */
function outcomesIn(xml: string): Outcome[] {
  return [...xml.matchAll(/<testcase classname="([^"]*)" name="([^"]*)"[^>]*?(\/>|>([^]*?)<\/testcase>)/g)].flatMap(
    ([, suite = '', test = '', , body = '']): Outcome[] => {
      if (body.startsWith('<skipped')) return [];
      const name = `${suite.replace('tests.integration.', '')} ${test}`;
      const why = /<(?:failure|error) message="([^"]*)/.exec(body)?.[1];
      return [why === undefined ? { name } : { name, why: why.slice(0, 200) }];
    },
  );
}
