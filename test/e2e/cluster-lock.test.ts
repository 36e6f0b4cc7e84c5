// Locked managers: their keys lie on disk sealed, and one that was killed comes back only with the unlock key.
import assert from 'node:assert/strict';
import { existsSync, lstatSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { TestCluster, type TestNode } from '../support/cluster.ts';
import { type Client, until } from '../support/daemon.ts';

let cluster: TestCluster;
let key = '';

before(async () => {
  cluster = await TestCluster.start(3);
  await cluster.form(3);
});

after(() => cluster[Symbol.asyncDispose]());

const file = ({ daemon }: TestNode, name: string): string => join(daemon.dataRoot, 'cluster', name);
const identity = (node: TestNode) =>
  JSON.parse(readFileSync(file(node, 'identity.json'), 'utf8')) as {
    readonly key: string;
    readonly locked?: string;
    readonly role: string;
    readonly manager?: { readonly sealKey: string };
  };
const state = (node: TestNode): Promise<string> =>
  node.docker('info', '--format', '{{.Swarm.LocalNodeState}} {{.Swarm.ControlAvailable}}');

function unlock(node: TestNode, client: Client, text: string) {
  return node.daemon.client(client, ['swarm', 'unlock'], { input: `${text}\n` });
}

/** As when the machine was started again after a crash. */
async function killed(node: TestNode): Promise<void> {
  await node.daemon.kill();
  await node.daemon.up();
}

/** Its first line, in which the private number begins; the last ones are the public key, as in the certificate. */
const bodyOf = (pem: string): string => pem.split('\n')[1] ?? '';

test('keys of all managers vanish from their disks when locking is turned on', async () => {
  const [n1, n2] = [cluster.node(1), cluster.node(2)];
  const known = cluster.nodes.map((node) => ({ ...identity(node), at: node }));
  await n1.docker(
    'service',
    'create',
    '-d',
    '--no-resolve-image',
    '--mode',
    'global',
    '--name',
    'web',
    'busybox',
    'sleep',
    '1000',
  );
  await cluster.running(n1, 'web', 3);
  const said = await n1.docker('swarm', 'update', '--autolock=true');
  key = /SWMKEY-1-\S+/.exec(said)?.[0] ?? '';
  assert.match(key, /^SWMKEY-1-[A-Za-z0-9+/]{43}$/);
  assert.equal((await n2.daemon.berth('swarm', 'unlock-key', '-q')).stdout.trim(), key);
  for (const { at: node, key: privateKey, manager } of known) {
    await until(() => Promise.resolve(assert.ok(identity(node).locked)));
    assert.ok(lstatSync(file(node, 'node.key')).isSymbolicLink());
    for (const secret of [manager?.sealKey ?? privateKey, bodyOf(privateKey), key.slice(9)]) {
      const found = await node.place.run('grep', '-rlF', secret, join(node.daemon.dataRoot, 'cluster'));
      assert.equal(found.stdout, '', `${node.name} still has a key in clear`);
    }
  }
  assert.match(await n1.docker('node', 'ls'), /Leader/);
});

test('a manager that was killed is locked, says so, and its containers run on', async () => {
  const node = cluster.node(2);
  const before = node.containerPids();
  assert.ok(before.length > 0);
  await killed(node);
  await until(async () => assert.equal(await state(node), 'locked false\n'));
  assert.equal((await node.daemon.get('/_ping')).headers['swarm'], 'locked/manager');
  for (const path of ['/swarm', '/nodes', '/services', '/swarm/unlockkey']) {
    const { status, body } = await node.daemon.get(path);
    assert.equal(status, 503);
    assert.match(body, /Swarm is encrypted and needs to be unlocked before it can be used/);
  }
  const left = await node.try('swarm', 'leave');
  assert.match(left.stderr, /needs to be unlocked/);
  assert.ok(before.every((pid) => node.containerPids().includes(pid)));
  // the others go on without it
  assert.match(await cluster.node(1).docker('node', 'ls'), /Leader/);
});

test('another key does not open it, and its own one does', async () => {
  const node = cluster.node(2);
  const last = key.at(-2) === 'A' ? 'B' : 'A';
  const wrong = `${key.slice(0, -2)}${last}${key.at(-1)}`;
  for (const text of ['', 'nonsense', wrong]) {
    const refused = await unlock(node, 'docker', text);
    assert.equal(refused.code, 1);
    assert.match(refused.stderr, /swarm could not be unlocked: invalid key provided/);
  }
  assert.equal(await state(node), 'locked false\n');
  const opened = await unlock(node, 'docker', key);
  assert.equal(opened.code, 0, opened.stderr);
  assert.equal(await state(node), 'active true\n');
  assert.match((await unlock(node, 'berth', key)).stderr, /swarm is not locked/);
  assert.equal((await node.daemon.call('POST', '/swarm/unlock', { UnlockKey: key })).status, 409);
  await until(async () => assert.doesNotMatch(await node.docker('node', 'ls'), /Down|Unreachable/));
  await cluster.running(node, 'web', 3);
});

test('a rotated key is the only one from then on', async () => {
  const node = cluster.node(3);
  const sealed = identity(node).locked;
  const { stdout } = await cluster.node(1).daemon.berth('swarm', 'unlock-key', '--rotate', '-q');
  await until(() => Promise.resolve(assert.notEqual(identity(node).locked, sealed)));
  await killed(node);
  await until(async () => assert.equal(await state(node), 'locked false\n'));
  assert.match((await unlock(node, 'berth', key)).stderr, /invalid key provided/);
  key = stdout.trim();
  const opened = await unlock(node, 'berth', key);
  assert.equal(opened.code, 0, opened.stderr);
  assert.equal(await state(node), 'active true\n');
});

test('managers that are locked no more come back by themselves', async () => {
  const node = cluster.node(2);
  await cluster.node(1).docker('swarm', 'update', '--autolock=false');
  for (const one of cluster.nodes) await until(() => Promise.resolve(assert.equal(identity(one).locked, undefined)));
  assert.match((await cluster.node(1).daemon.berth('swarm', 'unlock-key')).stderr, /no unlock key is set/);
  await killed(node);
  await until(async () => assert.equal(await state(node), 'active true\n'), 30_000);
});

test('the own client turns locking on, and says how a manager is unlocked', async () => {
  const update = (...flags: string[]) => cluster.node(3).daemon.berth('swarm', 'update', ...flags);
  const on = await update('--autolock');
  const said =
    /^Swarm updated\.\nTo unlock a swarm manager after it restarts, run the `berth swarm unlock`\n[^]*\n {4}(SWMKEY-1-\S{43})\n/;
  const made = said.exec(on.stdout)?.[1];
  assert.ok(made, on.stdout + on.stderr);
  assert.notEqual(made, key);
  assert.equal((await cluster.node(1).daemon.berth('swarm', 'unlock-key', '-q')).stdout.trim(), made);
  // locked already: there is no new key to be said
  assert.equal((await update('--autolock')).stdout, 'Swarm updated.\n');
  assert.equal((await update('--autolock=false')).stdout, 'Swarm updated.\n');
  for (const one of cluster.nodes) await until(() => Promise.resolve(assert.equal(identity(one).locked, undefined)));
});

/** What of a manager's keys its disk had in clear while `step` went on. */
async function clearWhile(node: TestNode, step: () => Promise<unknown>): Promise<Set<string>> {
  const seen = new Set<string>();
  const look = setInterval(() => {
    if (!existsSync(file(node, 'identity.json'))) return;
    const { role, key: privateKey, manager } = identity(node);
    if (role === 'manager' && privateKey !== '') seen.add('its private key');
    if (manager && manager.sealKey !== '') seen.add('the seal key');
  }, 2);
  await step();
  clearInterval(look);
  return seen;
}

test('who becomes a manager of a locked cluster never has its keys in clear', async () => {
  const [n1, node] = [cluster.node(1), cluster.node(3)];
  await n1.docker('swarm', 'update', '--autolock=true');
  for (const one of cluster.nodes) await until(() => Promise.resolve(assert.ok(identity(one).locked)));
  await node.docker('swarm', 'leave', '--force');
  await until(() => n1.docker('node', 'rm', '--force', 'n3'));
  const token = (await n1.docker('swarm', 'join-token', '-q', 'manager')).trim();
  const words = ['--advertise-addr', node.address, '--token', token, `${n1.address}:2377`];
  assert.deepEqual(await clearWhile(node, () => node.docker('swarm', 'join', ...words)), new Set());
  assert.ok(identity(node).locked);
  assert.ok(lstatSync(file(node, 'node.key')).isSymbolicLink());
  await until(() => n1.docker('node', 'demote', 'n3'));
  await until(() =>
    Promise.resolve(assert.deepEqual([identity(node).role, identity(node).locked], ['worker', undefined])),
  );
  const promoted = async (): Promise<void> => {
    await n1.docker('node', 'promote', 'n3');
    await until(async () => assert.equal(await state(node), 'active true\n'), 60_000);
  };
  assert.deepEqual(await clearWhile(node, promoted), new Set());
  assert.ok(identity(node).locked);
  await killed(node);
  await until(async () => assert.equal(await state(node), 'locked false\n'));
});

test('what is not implemented of certificates is refused by name', async () => {
  const rotated = await cluster.node(1).try('swarm', 'ca', '--rotate', '--detach');
  assert.match(rotated.stderr, /rotation of the root certificate is not implemented/);
  const { stdout } = await cluster.node(1).daemon.berth('swarm', 'ca');
  assert.match(stdout, /^-----BEGIN CERTIFICATE-----\n/);
});
