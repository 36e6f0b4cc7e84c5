// What people do with `docker buildx bake` and `docker compose`, as scenarios that pass or say why not.
import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { execute, type Result } from '../../test/support/daemon.ts';

export interface Outcome {
  readonly name: string;
  /** Why it failed. */
  readonly why?: string;
}

const DOCKERFILE = `FROM busybox AS base
COPY shared /shared
FROM base AS a
RUN echo a > /who
FROM base AS b
RUN echo b > /who
FROM base AS bad
RUN exit 3
FROM base AS many
ARG I
RUN echo $I > /who
`;
const BAKE = `
target "a" { target = "a", tags = ["bake/a"] }
target "b" { target = "b", tags = ["bake/b"] }
target "bad" { target = "bad" }
target "other" {
  context = "other"
  dockerfile-inline = "FROM busybox\\nCOPY f /f\\n"
  tags = ["bake/other"]
}
target "on" {
  context = "other"
  contexts = { base = "target:a" }
  dockerfile-inline = "FROM base\\nCOPY f /f\\n"
  tags = ["bake/on"]
}
target "many" {
  name = "many\${i}"
  matrix = { i = [1, 2, 3, 4, 5, 6, 7, 8] }
  target = "many"
  args = { I = "\${i}" }
}
`.replaceAll(/\{ (target = .*), (tags = .*) \}/g, '{\n  $1\n  $2\n}');
const COMPOSE = `
services:
  a:
    build: { context: ., target: a }
    command: cat /who
  b:
    build: { context: ., target: b }
    command: sh -c "cat /who; sleep 600"
    depends_on: { a: { condition: service_completed_successfully } }
    healthcheck: { test: ["CMD", "true"], interval: 1s }
    ports: ["127.0.0.1::80"]
    volumes: ["data:/data"]
volumes: { data: {} }
`;

/** `often`: so many times what once never returned. */
export async function scenarios(root: string, host: string, often = 50): Promise<Outcome[]> {
  const folder = mkdtempSync(join(tmpdir(), 'berth-clients-'));
  const files = {
    Dockerfile: DOCKERFILE,
    'docker-bake.hcl': BAKE,
    'compose.yaml': COMPOSE,
    shared: 's\n',
    'other/f': 'f\n',
  };
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, name)), { recursive: true });
    writeFileSync(join(folder, name), text);
  }
  mkdirSync(join(folder, 'config'));
  const plugins = join(root, 'usr/libexec/docker/cli-plugins');
  writeFileSync(join(folder, 'config/config.json'), JSON.stringify({ cliPluginsExtraDirs: [plugins] }));
  const env = { DOCKER_HOST: host, DOCKER_CONFIG: join(folder, 'config'), COMPOSE_PROJECT_NAME: 'clients' };
  const docker = (...args: string[]): Promise<Result> =>
    execute('sh', ['-c', 'cd "$0" && exec "$@"', folder, join(root, 'usr/bin/docker'), ...args], {
      env,
      timeoutMs: 60_000,
    });
  const right = async (...args: string[]): Promise<Result> => {
    const result = await docker(...args);
    assert.equal(result.code, 0, `${args.join(' ')}: ${result.stderr.slice(-500)}`);
    return result;
  };
  const who = async (image: string): Promise<string> =>
    (await right('run', '--rm', '--network', 'none', image, 'cat', '/who')).stdout.trim();

  const steps: Readonly<Record<string, () => Promise<unknown>>> = {
    'bake: two targets of one context return, again and again': async () => {
      for (let turn = 0; turn < often; turn += 1) await right('buildx', 'bake', 'a', 'b');
      assert.deepEqual([await who('bake/a'), await who('bake/b')], ['a', 'b']);
    },
    'bake: without cache': () => right('buildx', 'bake', '--no-cache', 'a', 'b'),
    'bake: two contexts': () => right('buildx', 'bake', 'a', 'other'),
    'bake: a target on another': async () => {
      await right('buildx', 'bake', 'on', 'a');
      assert.equal(await who('bake/on'), 'a');
    },
    'bake: eight targets': () => right('buildx', 'bake', 'many'),
    'bake: one of two fails': async () => {
      const { code, stderr } = await docker('buildx', 'bake', 'a', 'bad');
      assert.equal(code, 1);
      assert.match(stderr, /exit code: 3/);
    },
    'bake: checks': () => right('buildx', 'bake', '--check', 'a', 'b'),
    'bake: interrupted': async () => {
      const interrupted = ['-s', 'INT', '-k', '20', '1', join(root, 'usr/bin/docker'), 'buildx', 'bake', 'a', 'b'];
      const { code } = await execute('sh', ['-c', 'cd "$0" && exec timeout "$@"', folder, ...interrupted], { env });
      assert.notEqual(code, 137);
    },
    'compose: build of two services': () => right('compose', 'build'),
    'compose: build without bake': () =>
      execute(
        'sh',
        ['-c', `cd "$0" && COMPOSE_BAKE=false exec "$@"`, folder, join(root, 'usr/bin/docker'), 'compose', 'build'],
        { env },
      ).then(({ code, stderr }) => assert.equal(code, 0, stderr)),
    'compose: up --build, dependencies, health, ports': async () => {
      await right('compose', 'up', '--build', '-d', '--wait', 'b');
      assert.match((await right('compose', 'logs', 'a')).stdout, /a$/m);
      assert.match((await right('compose', 'port', 'b', '80')).stdout, /^127\.0\.0\.1:\d+$/m);
      assert.equal((await right('compose', 'exec', '-T', 'b', 'cat', '/who')).stdout, 'b\n');
    },
    'compose: ps, top, cp, restart, pause': async () => {
      assert.match((await right('compose', 'ps', '--format', 'json')).stdout, /"Service":"b"/);
      await right('compose', 'top');
      await right('compose', 'cp', 'b:/who', join(folder, 'copied'));
      await right('compose', 'pause', 'b');
      await right('compose', 'unpause', 'b');
      await right('compose', 'restart', '-t', '1', 'b');
    },
    'compose: up again changes nothing, scale adds': async () => {
      const before = (await right('compose', 'ps', '-q', 'b')).stdout;
      await right('compose', 'up', '-d');
      assert.equal((await right('compose', 'ps', '-q', 'b')).stdout, before);
      await right('compose', 'up', '-d', '--scale', 'b=2', '--no-recreate');
      assert.equal((await right('compose', 'ps', '-q', 'b')).stdout.trim().split('\n').length, 2);
    },
    'compose: run': async () =>
      assert.equal((await right('compose', 'run', '--rm', '--no-deps', '-T', 'b', 'cat', '/who')).stdout, 'b\n'),
    'compose: down takes all with it': async () => {
      await right('compose', 'down', '-v', '-t', '1', '--rmi', 'local');
      assert.equal((await right('ps', '-aq', '--filter', 'label=com.docker.compose.project=clients')).stdout, '');
    },
  };
  const outcomes: Outcome[] = [];
  try {
    for (const [name, step] of Object.entries(steps)) {
      try {
        await step();
        outcomes.push({ name });
      } catch (error) {
        outcomes.push({ name, why: error instanceof Error ? error.message : String(error) });
      }
    }
  } finally {
    await docker('compose', 'down', '-v', '-t', '0');
    rmSync(folder, { recursive: true, force: true });
  }
  return outcomes;
}
