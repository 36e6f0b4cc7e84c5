// What tests do with Testcontainers for Node, in a process of its own where its package lies.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { execute } from '../../test/support/daemon.ts';
import type { Outcome } from './scenarios.ts';

/** Runs in the package's folder; each line that it prints is an outcome. */
const PROGRAM = `
import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, writeFileSync } from 'node:fs';
import { GenericContainer, Network, Wait } from 'testcontainers';
const steps = {
  async 'waits for a row of the log'() {
    const one = await new GenericContainer('busybox').withCommand(['sh', '-c', 'echo ready; sleep 600'])
      .withWaitStrategy(Wait.forLogMessage('ready')).start();
    await one.stop();
  },
  async 'waits for a port, and reaches it'() {
    const one = await new GenericContainer('busybox').withCommand(['httpd', '-f', '-p', '80', '-h', '/etc'])
      .withExposedPorts(80).withWaitStrategy(Wait.forListeningPorts()).start();
    const answer = await fetch('http://' + one.getHost() + ':' + one.getMappedPort(80) + '/hostname');
    assert.equal(answer.status, 200);
    await one.stop();
  },
  async 'executes, copies in and out'() {
    const one = await new GenericContainer('busybox').withCommand(['sleep', '600'])
      .withCopyContentToContainer([{ content: 'in', target: '/given' }]).start();
    const { exitCode, output } = await one.exec(['cat', '/given']);
    assert.deepEqual([exitCode, output], [0, 'in']);
    let size = 0;
    for await (const chunk of await one.copyArchiveFromContainer('/given')) size += chunk.length;
    assert.ok(size >= 1024);
    await one.restart();
    await one.stop();
  },
  async 'waits for health'() {
    const one = await new GenericContainer('busybox').withCommand(['sleep', '600'])
      .withHealthCheck({ test: ['CMD', 'true'], interval: 500, retries: 3, startPeriod: 0, timeout: 1000 })
      .withWaitStrategy(Wait.forHealthCheck()).start();
    await one.stop();
  },
  async 'networks with aliases'() {
    const network = await new Network().start();
    const one = await new GenericContainer('busybox').withCommand(['sleep', '600']).withNetwork(network)
      .withNetworkAliases('first').start();
    const other = await new GenericContainer('busybox').withCommand(['sleep', '600']).withNetwork(network).start();
    assert.equal((await other.exec(['ping', '-c', '1', 'first'])).exitCode, 0);
    await other.stop();
    await one.stop();
    await network.stop();
  },
  async 'builds from a Dockerfile'() {
    const at = mkdtempSync('context-');
    writeFileSync(at + '/Dockerfile', 'FROM busybox\\nARG WHO\\nRUN echo $WHO > /who\\nCMD sleep 600\\n');
    const image = await GenericContainer.fromDockerfile(at).withBuildArgs({ WHO: 'me' }).build();
    const one = await image.start();
    assert.equal((await one.exec(['cat', '/who'])).output, 'me\\n');
    await one.stop();
  },
};
for (const [name, step] of Object.entries(steps)) {
  const why = await step().then(() => undefined, (error) => String(error?.message ?? error));
  console.log(JSON.stringify({ name: 'testcontainers: ' + name, why }));
}
process.exit(0);
`;

export async function testcontainersSteps(folder: string, host: string): Promise<Outcome[]> {
  writeFileSync(join(folder, 'steps.mjs'), PROGRAM);
  const env = { DOCKER_HOST: host, TESTCONTAINERS_RYUK_DISABLED: 'true' };
  const run = ['-c', 'cd "$0" && exec "$@"', folder, process.execPath, 'steps.mjs'];
  const { stdout, stderr } = await execute('sh', run, { env, timeoutMs: 5 * 60_000 });
  const lines = stdout.split('\n').filter((line) => line.startsWith('{"name"'));
  if (lines.length === 0) throw new Error(`testcontainers: ${stderr}`);
  return lines.map((line) => JSON.parse(line) as Outcome);
}
