// Networks over several hosts, driven by Docker's own client: containers that talk as if they were on one.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { TestCluster, type TestNode } from '../support/cluster.ts';
import { until } from '../support/daemon.ts';

let cluster: TestCluster;

before(async () => {
  cluster = await TestCluster.start(2);
  await cluster.form(1);
});

after(() => cluster[Symbol.asyncDispose]());

const CREATE = ['service', 'create', '--detach', '--no-resolve-image', '--stop-grace-period', '1s'];
const WHO = String.raw`#!/bin/sh\necho; echo "$(hostname) $REMOTE_ADDR"\n`;
/** Says where it runs and who asks, by HTTP. */
const SERVER = [
  'busybox',
  'sh',
  '-c',
  `mkdir -p /w/cgi-bin; cd /w/cgi-bin; printf '${WHO}' >who; chmod +x who; exec httpd -f -h /w`,
];

interface Container {
  readonly node: TestNode;
  readonly id: string;
  readonly address: string;
}

const ASK = String.raw`GET /cgi-bin/who HTTP/1.0\r\n\r\n`;

/** Which container answers at an address, and whom it sees. */
async function ask(from: Container, address: string): Promise<{ host: string; client: string }> {
  const answer = await from.node.docker('exec', from.id, 'sh', '-c', `printf '${ASK}' | nc -w 2 ${address} 80`);
  const [host = '', client = ''] = (answer.trim().split('\n').at(-1) ?? '').split(' ');
  return { host, client: client.replace(/^\[::ffff:|\]$/g, '') };
}

/** Addresses that a name has for a container. */
async function lookup(from: Container, name: string): Promise<string[]> {
  const { stdout } = await from.node.try('exec', from.id, 'nslookup', '-type=a', name, '127.0.0.11');
  return [...stdout.matchAll(/^Address(?: \d+)?: (\S+)/gm)]
    .map(([, address = '']) => address)
    .filter((one) => !one.startsWith('127.'))
    .sort();
}

/** Containers of a service, those of the first node first. */
async function containersOf(service: string, network: string): Promise<Container[]> {
  const found: Container[] = [];
  for (const node of cluster.nodes) {
    const label = `label=com.docker.swarm.service.name=${service}`;
    const ids = (await node.docker('ps', '-q', '--no-trunc', '--filter', label)).split('\n').filter(Boolean);
    for (const id of ids) {
      const format = `{{(index .NetworkSettings.Networks "${network}").IPAddress}}`;
      found.push({ node, id, address: (await node.docker('inspect', '-f', format, id)).trim() });
    }
  }
  return found;
}

test('a network made on a manager has a number, a subnet and scope swarm', async () => {
  const n1 = cluster.node(1);
  await n1.docker('network', 'create', '-d', 'overlay', '--attachable', 'front');
  const shown = await n1.docker('network', 'ls', '--filter', 'driver=overlay', '--format', '{{.Name}} {{.Scope}}');
  assert.deepEqual(shown.trim().split('\n').sort(), ['front swarm', 'ingress swarm']);
  const format =
    '{{.Driver}} {{(index .IPAM.Config 0).Subnet}} {{index .Options "com.docker.network.driver.overlay.vxlanid_list"}}';
  assert.equal((await n1.docker('network', 'inspect', '-f', format, 'front')).trim(), 'overlay 10.0.1.0/24 4097');
});

test('tasks on two hosts reach each other by address and by name', async () => {
  const n1 = cluster.node(1);
  await n1.docker(...CREATE, '--name', 'web', '--replicas', '2', '--network', 'front', ...SERVER);
  await cluster.running(n1, 'web', 2);
  const [one, two] = await containersOf('web', 'front');
  assert.ok(one && two && one.node !== two.node);
  for (const [from, to] of [
    [one, two],
    [two, one],
  ] as const) {
    await from.node.docker('exec', from.id, 'ping', '-c', '1', '-W', '2', to.address);
    assert.deepEqual(await ask(from, to.address), { host: to.id.slice(0, 12), client: from.address });
  }
  await until(async () => {
    assert.deepEqual(await lookup(one, 'tasks.web'), [one.address, two.address].sort());
  });
});

test('a service has one address, behind which its tasks take turns', async () => {
  const n1 = cluster.node(1);
  const [one, two] = await containersOf('web', 'front');
  assert.ok(one && two);
  const [address = ''] = await lookup(two, 'web');
  const format = '{{range .Endpoint.VirtualIPs}}{{.Addr}} {{end}}';
  assert.equal((await n1.docker('service', 'inspect', '-f', format, 'web')).trim(), `${address}/24`);
  const hosts: string[] = [];
  for (let count = 0; count < 6; count += 1) hosts.push((await ask(two, address)).host);
  assert.deepEqual([...new Set(hosts)].sort(), [one.id.slice(0, 12), two.id.slice(0, 12)].sort());
});

test('a published port answers on every host, and the task sees who asks', async () => {
  const n1 = cluster.node(1);
  await n1.docker(...CREATE, '--name', 'shown', '--replicas', '1', '-p', '8080:80', ...SERVER);
  await cluster.running(n1, 'shown', 1);
  const client = await cluster.client('10.77.0.100');
  for (const node of cluster.nodes)
    await until(async () => {
      const { stdout } = await client.run('curl', '-sm', '2', `http://${node.address}:8080/cgi-bin/who`);
      assert.match(stdout, /[ :]10\.77\.0\.100\]?\n$/, node.name);
    });
});
