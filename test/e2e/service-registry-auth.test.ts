// A service whose image lies in a hub that asks for a password: the nodes that run it fetch it with what the client was logged in with.
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { TestCluster } from '../support/cluster.ts';
import { type Client, ENTRY, execute, until } from '../support/daemon.ts';
import { HubProcess } from '../support/hub.ts';

const REGISTRY = '10.77.0.1:5000';
const IMAGE = `${REGISTRY}/private/app:1`;
const PASSWORD = 'correct horse';

let cluster: TestCluster;
let hub: HubProcess | undefined;
const root = mkdtempSync('/tmp/berth-hub-');
const config = mkdtempSync('/tmp/berth-login-');

before(async () => {
  cluster = await TestCluster.start(2, ['--insecure-registry', REGISTRY]);
  await cluster.form(1);
  const node = cluster.node(1);
  // nobody may write to it before there is an account
  const words = ['--', ENTRY, 'hub', 'user', 'add', 'ada', '--admin', '--root', root];
  assert.equal((await execute(process.execPath, words, { input: `${PASSWORD}\n` })).code, 0);
  hub = await HubProcess.start({ root, listen: REGISTRY, enter: node.place.enterOffline() });
  await run('berth', 'login', '-u', 'ada', '-p', PASSWORD, REGISTRY);
  await run('berth', 'tag', 'busybox', IMAGE);
  await run('berth', 'push', IMAGE);
  await forget();
});

after(async () => {
  await hub?.[Symbol.asyncDispose]();
  await cluster[Symbol.asyncDispose]();
  for (const folder of [config, root]) rmSync(folder, { recursive: true, force: true });
});

/** On the first node, as the user who is logged in. */
async function run(client: Client, ...args: string[]): Promise<string> {
  const { code, stdout, stderr } = await cluster.node(1).daemon.client(client, ['--config', config, ...args]);
  assert.equal(code, 0, `${args.join(' ')}: ${stderr}`);
  return stdout;
}

/** No node has the image. */
async function forget(): Promise<void> {
  for (const node of cluster.nodes)
    await until(async () => {
      const names = ['{{.Repository}}:{{.Tag}}', '{{.Repository}}@{{.Digest}}'];
      for (const format of names)
        for (const name of (await node.docker('images', '--digests', '--format', format)).split('\n'))
          if (name.startsWith(REGISTRY) && !name.includes('<none>')) await node.try('rmi', '-f', name);
      assert.doesNotMatch(await node.docker('images', '--format', '{{.Repository}}'), /private/);
    });
}

/** A text as it is, and as it looks within base64 of more: at each offset, without the ends that hang on what is beside it. */
function formsOf(text: string): string[] {
  const within = [0, 1, 2].map((offset) => {
    const bytes = Buffer.concat([Buffer.alloc(offset), Buffer.from(text)]);
    return bytes.toString('base64').slice([0, 2, 3][offset], Math.floor((bytes.length * 8) / 6));
  });
  const url = within.map((form) => form.replaceAll('+', '-').replaceAll('/', '_'));
  return [...new Set([text, ...within, ...url])];
}

test('what the search for the password knows is in whatever holds it', () => {
  for (const encoding of ['base64', 'base64url'] as const)
    for (const before of ['', 'a', 'ab', 'ada:', '{"username":"ada","password":"']) {
      const held = Buffer.from(`${before}${PASSWORD}"}`).toString(encoding);
      assert.ok(
        formsOf(PASSWORD).some((form) => held.includes(form)),
        `${before} ${encoding}`,
      );
    }
});

const CREATE = ['service', 'create', '--mode', 'global', '--stop-grace-period', '1s', '--restart-delay', '200ms'];

for (const client of ['docker', 'berth'] as const)
  test(`${client} service create --with-registry-auth lets every node fetch the image`, async () => {
    await run(client, ...CREATE, '-d', '--with-registry-auth', '--name', client, IMAGE, 'sleep', '1000');
    const tasks = await cluster.running(cluster.node(1), client, 2);
    assert.equal(new Set(tasks.map(({ NodeID }) => NodeID)).size, 2);
    const shown = await run('berth', 'service', 'inspect', client);
    assert.doesNotMatch(shown, /ada|correct|Auth/);
    const patterns = formsOf(PASSWORD).flatMap((form) => ['-e', form]);
    for (const { daemon, place } of cluster.nodes) {
      const found = await place.run('grep', '-rlaF', ...patterns, daemon.dataRoot);
      assert.equal(found.stdout, '');
    }
    await run('berth', 'service', 'rm', client);
    await until(async () => assert.equal(await cluster.node(2).docker('ps', '-aq'), ''));
    await forget();
  });

test('without it the image is not there, and an update with it brings it', async () => {
  await run('berth', ...CREATE, '-d', '--no-resolve-image', '--name', 'bare', IMAGE, 'sleep', '1000');
  const errors = () => run('berth', 'service', 'ps', '--no-trunc', '--format', '{{.CurrentState}} {{.Error}}', 'bare');
  await until(async () => assert.match(await errors(), /Rejected.*No such image: 10\.77\.0\.1:5000\/private\/app:1/));
  await run('berth', 'service', 'update', '-d', '--with-registry-auth', '--force', 'bare');
  await cluster.running(cluster.node(1), 'bare', 2);
});

test('credentials stay through updates and rollbacks that bring none', async () => {
  await run('berth', 'service', 'update', '-q', '--update-monitor', '200ms', '--env-add', 'A=1', 'bare');
  await cluster.node(2).try('rmi', '-f', IMAGE);
  await run('berth', 'service', 'rollback', '-q', 'bare');
  await cluster.running(cluster.node(1), 'bare', 2);
});

test('a stack is deployed with the credentials too', async () => {
  await run('berth', 'service', 'rm', 'bare');
  await until(async () => assert.equal(await cluster.node(2).docker('ps', '-aq'), ''));
  await forget();
  const file = join(config, 'compose.yaml');
  writeFileSync(file, `services: {app: {image: "${IMAGE}", command: sleep 1000, deploy: {mode: global}}}\n`);
  await run('berth', 'stack', 'deploy', '--with-registry-auth', '-c', file, 'shop');
  await cluster.running(cluster.node(1), 'shop_app', 2);
});
