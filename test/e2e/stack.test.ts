// Stacks from Compose files, by our client and by Docker's: what they make of one file is the same.
import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { TestCluster } from '../support/cluster.ts';
import { until } from '../support/daemon.ts';

let cluster: TestCluster;
let folder: string;

before(async () => {
  cluster = await TestCluster.start(1);
  await cluster.form(1);
  folder = join(cluster.node(1).daemon.folder, 'stack');
  mkdirSync(folder);
  writeFileSync(join(folder, 'key.txt'), 'xyzzy');
});

after(() => cluster[Symbol.asyncDispose]());

const FILE = `
services:
  web:
    image: busybox
    command: sh -c "cat /run/secrets/key /run/conf; exec sleep 1000"
    environment: {COLOUR: red, DB_PASSWORD: one}
    secrets: [key]
    configs: [{source: conf, target: /run/conf}]
    volumes: ["data:/data"]
    stop_grace_period: 1s
    networks: [plain]
    deploy: {replicas: 2, labels: {team: a}, update_config: {parallelism: 2, monitor: 200ms}}
secrets: {key: {file: key.txt}}
configs: {conf: {file: key.txt}}
volumes: {data: {}}
networks: {plain: {external: true, name: host}}
`;

function file(text: string): string {
  const path = join(folder, 'compose.yaml');
  writeFileSync(path, text);
  return path;
}

async function berth(...args: string[]): Promise<string> {
  const { code, stdout, stderr } = await cluster.node(1).daemon.berth(...args);
  assert.equal(code, 0, stderr);
  return stdout;
}

test('a plan says what a deploy would make, and makes nothing', async () => {
  const text = await berth('stack', 'plan', '-c', file(FILE), 'shop');
  assert.equal(
    text,
    [
      '1. create secret shop_key: it is not there yet',
      '2. create config shop_conf: it is not there yet',
      '3. create service shop_web: it is not there yet',
      '',
    ].join('\n'),
  );
  assert.equal(await berth('service', 'ls', '-q'), '');
});

test('a deployed stack runs with its secret, config and volume', async () => {
  const text = await berth('stack', 'deploy', '--resolve-image=never', '--detach=false', '-c', file(FILE), 'shop');
  assert.match(text, /^Creating secret shop_key\nCreating config shop_conf\nCreating service shop_web\n.*converged\n$/);
  await until(async () => assert.equal(await berth('service', 'logs', '--raw', 'shop_web'), 'xyzzyxyzzy'.repeat(2)));
  assert.equal(await berth('stack', 'ls', '--format', '{{.Name}} {{.Services}}'), 'shop 1\n');
  assert.match(await berth('stack', 'ps', 'shop', '--format', '{{.Name}} {{.DesiredState}}'), /^shop_web\.1 Running\n/);
  assert.match(await berth('stack', 'services', 'shop', '--format', '{{.Name}} {{.Replicas}}'), /^shop_web 2\/2\n$/);
  assert.match(await cluster.node(1).docker('volume', 'ls', '-q'), /^shop_data$/m);
});

test('an unchanged file changes nothing, and a changed one is told field by field', async () => {
  const tasks = (await cluster.tasks(cluster.node(1), 'shop_web')).map(({ ID }) => ID).sort();
  await berth('stack', 'deploy', '--resolve-image=never', '-c', file(FILE), 'shop');
  assert.deepEqual((await cluster.tasks(cluster.node(1), 'shop_web')).map(({ ID }) => ID).sort(), tasks);
  const changed = FILE.replace('red', 'blue').replace('one', 'two').replace('replicas: 2', 'replicas: 3');
  const plan = await berth('stack', 'plan', '-c', file(changed), 'shop');
  assert.match(
    plan,
    /update service shop_web: 3 fields differ\n {3}environment\.COLOUR: "red" -> "blue"\n {3}environment\.DB_PASSWORD: changed\n {3}deploy\.replicas: 2 -> 3\n$/,
  );
  await berth('stack', 'deploy', '--resolve-image=never', '--detach=false', '-c', file(changed), 'shop');
  const now = await cluster.running(cluster.node(1), 'shop_web', 3);
  assert.ok(now.every(({ Spec }) => Spec.ContainerSpec.Env?.includes('COLOUR=blue')));
});

test('what is external must be there, and what the file has no more is pruned', async () => {
  const lost = FILE.replace('{file: key.txt}}\nconfigs', '{external: true, name: nowhere}}\nconfigs');
  const refused = await cluster.node(1).daemon.berth('stack', 'deploy', '-c', file(lost), 'other');
  assert.match(refused.stderr, /secret not found: nowhere/);
  const renamed = FILE.replace('  web:', '  shop:');
  assert.match(await berth('stack', 'plan', '--prune', '-c', file(renamed), 'shop'), /remove service shop_web/);
  await berth('stack', 'deploy', '--prune', '--resolve-image=never', '-c', file(renamed), 'shop');
  await cluster.running(cluster.node(1), 'shop_shop', 2);
  assert.equal(await berth('service', 'ls', '--format', '{{.Name}}'), 'shop_shop\n');
  const removed = await berth('stack', 'rm', '--detach=false', 'shop');
  assert.equal(removed, 'Removing service shop_shop\nRemoving secret shop_key\nRemoving config shop_conf\n');
  await until(() => assert.deepEqual(cluster.node(1).containerPids(), []));
  const again = await cluster.node(1).daemon.berth('stack', 'rm', 'shop');
  assert.deepEqual([again.code, again.stderr], [0, 'Nothing found in stack: shop\n']);
});

test("Docker's own client deploys the same file, and a plan of ours finds nothing to change in it", async () => {
  const path = file(`version: "3.8"\n${FILE}`);
  await cluster.node(1).docker('stack', 'deploy', '--resolve-image=never', '-c', path, 'shop');
  await cluster.running(cluster.node(1), 'shop_web', 2);
  const plan = await berth('stack', 'plan', '-c', path, 'shop');
  assert.match(plan, /keep config shop_conf: nothing differs\n.*keep service shop_web: nothing differs\n$/);
  assert.match(await cluster.node(1).docker('stack', 'ps', '--format', '{{.Name}}', 'shop'), /^shop_web\.1$/m);
  await cluster.node(1).docker('stack', 'rm', 'shop');
  await until(() => assert.deepEqual(cluster.node(1).containerPids(), []));
});

test('services of a stack find each other by name on its network, and it goes with them, by either client', async () => {
  const text = `
services:
  web:
    image: busybox
    command: sh -c "echo found > /index.html; exec httpd -f -h /"
    deploy: {replicas: 2}
  ask:
    image: busybox
    command: sh -c "until wget -qO- http://web/index.html; do sleep 0.3; done; exec sleep 1000"
    stop_grace_period: 1s
`;
  for (const client of ['berth', 'docker'] as const) {
    const path = file(client === 'docker' ? `version: "3.8"\n${text}` : text);
    const run = async (...args: string[]): Promise<void> => {
      const { code, stderr } = await cluster.node(1).daemon.client(client, args, { timeoutMs: 60_000 });
      assert.equal(code, 0, `${client} ${args.join(' ')}: ${stderr}`);
    };
    await run('stack', 'deploy', '--resolve-image=never', '-c', path, 'talk');
    await until(async () => assert.equal(await berth('service', 'logs', '--raw', 'talk_ask'), 'found\n'), 40_000);
    const plan = await berth('stack', 'plan', '-c', path, 'talk');
    assert.ok(
      plan
        .split('\n')
        .filter(Boolean)
        .every((line) => line.includes('keep')),
      plan,
    );
    await run('stack', 'rm', 'talk');
    assert.doesNotMatch(await berth('network', 'ls', '--format', '{{.Name}}'), /talk_default/);
  }
});
