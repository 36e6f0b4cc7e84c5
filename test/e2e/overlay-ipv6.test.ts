// Overlay networks with IPv6 and of several subnets, over two hosts whose own addresses are IPv4.
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
const SERVER = [
  'busybox',
  'sh',
  '-c',
  `mkdir -p /w/cgi-bin; cd /w/cgi-bin; printf '${WHO}' >who; chmod +x who; exec httpd -f -h /w`,
];

const ASK = String.raw`GET /cgi-bin/who HTTP/1.0\r\n\r\n`;

interface Container {
  readonly node: TestNode;
  readonly id: string;
  readonly four: string;
  readonly six: string;
}

async function containersOf(service: string, network: string): Promise<Container[]> {
  const found: Container[] = [];
  for (const node of cluster.nodes) {
    const label = `label=com.docker.swarm.service.name=${service}`;
    for (const id of (await node.docker('ps', '-q', '--no-trunc', '--filter', label)).split('\n').filter(Boolean))
      found.push({ node, id, ...(await addresses(node, id, network)) });
  }
  return found;
}

async function addresses(node: TestNode, id: string, network: string): Promise<{ four: string; six: string }> {
  const format = `{{with index .NetworkSettings.Networks "${network}"}}{{.IPAddress}} {{.GlobalIPv6Address}}{{end}}`;
  const [four = '', six = ''] = (await node.docker('inspect', '-f', format, id)).trim().split(' ');
  return { four, six };
}

/** Which container answers at an address, and whom it sees. */
async function ask({ node, id }: Container, address: string): Promise<{ host: string; client: string }> {
  const answer = await node.docker('exec', id, 'sh', '-c', `printf '${ASK}' | nc -w 2 ${address} 80`);
  const [host = '', client = ''] = (answer.trim().split('\n').at(-1) ?? '').split(' ');
  return { host, client: client.replace(/^\[(?:::ffff:)?|\]$/g, '') };
}

async function lookup({ node, id }: Container, name: string, type: 'a' | 'aaaa'): Promise<string[]> {
  const { stdout } = await node.try('exec', id, 'nslookup', `-type=${type}`, name, '127.0.0.11');
  return [...stdout.matchAll(/^Address(?: \d+)?: (\S+)/gm)]
    .map(([, address = '']) => address)
    .filter((one) => !one.startsWith('127.'))
    .sort();
}

test('two hosts reach each other by both families, by address and by name, and each sees the other as it is', async () => {
  const n1 = cluster.node(1);
  const subnets = ['--subnet', '10.9.0.0/24', '--subnet', 'fd09:1::/64'];
  await n1.docker('network', 'create', '-d', 'overlay', '--attachable', '--ipv6', ...subnets, 'dual');
  const format = '{{.EnableIPv6}} {{range .IPAM.Config}}{{.Subnet}} {{.Gateway}} {{end}}';
  const shown = (await n1.docker('network', 'inspect', '-f', format, 'dual')).trim();
  assert.equal(shown, 'true 10.9.0.0/24 10.9.0.1 fd09:1::/64 fd09:1::1');
  await n1.docker(...CREATE, '--name', 'web', '--replicas', '2', '--network', 'dual', ...SERVER);
  await cluster.running(n1, 'web', 2);
  const [one, two] = await containersOf('web', 'dual');
  assert.ok(one && two && one.node !== two.node);
  for (const [from, to] of [
    [one, two],
    [two, one],
  ] as const) {
    assert.match(to.six, /^fd09:1::/);
    await from.node.docker('exec', from.id, 'ping', '-6', '-c', '1', '-W', '2', to.six);
    assert.deepEqual(await ask(from, to.six), { host: to.id.slice(0, 12), client: from.six });
    assert.deepEqual(await ask(from, to.four), { host: to.id.slice(0, 12), client: from.four });
    await until(async () => {
      assert.deepEqual(await lookup(from, 'tasks.web', 'aaaa'), [one.six, two.six].sort());
      assert.deepEqual(await lookup(from, 'tasks.web', 'a'), [one.four, two.four].sort());
    });
  }
});

test('a service has a virtual address of each family, behind which its tasks take turns', async () => {
  const n1 = cluster.node(1);
  const [one, two] = await containersOf('web', 'dual');
  assert.ok(one && two);
  const format = '{{range .Endpoint.VirtualIPs}}{{.Addr}} {{end}}';
  const virtual = (await n1.docker('service', 'inspect', '-f', format, 'web')).trim().split(' ');
  const [six = ''] = await lookup(two, 'web', 'aaaa');
  const [four = ''] = await lookup(two, 'web', 'a');
  assert.deepEqual(virtual, [`${four}/24`, `${six}/64`]);
  for (const address of [four, six]) {
    const hosts: string[] = [];
    for (let count = 0; count < 6; count += 1) hosts.push((await ask(two, address)).host);
    assert.deepEqual([...new Set(hosts)].sort(), [one.id.slice(0, 12), two.id.slice(0, 12)].sort(), address);
  }
  await n1.docker('service', 'scale', '--detach', 'web=1');
  await cluster.running(n1, 'web', 1);
  const [left] = await containersOf('web', 'dual');
  assert.ok(left);
  await until(async () => assert.deepEqual(await lookup(left, 'tasks.web', 'aaaa'), [left.six]));
  for (let count = 0; count < 4; count += 1) assert.equal((await ask(left, six)).host, left.id.slice(0, 12));
  await n1.docker('service', 'rm', 'web');
});

test('a container of docker run has the addresses that it asked for, and others none of them', async () => {
  const [n1, n2] = [cluster.node(1), cluster.node(2)];
  const run = ['run', '-d', '--rm', '--network', 'dual', '--stop-timeout', '0'];
  const fixed = ['--ip', '10.9.0.77', '--ip6', 'fd09:1::77'];
  const first = (await n1.docker(...run, '--name', 'first', ...fixed, ...SERVER)).trim();
  assert.deepEqual(await addresses(n1, first, 'dual'), { four: '10.9.0.77', six: 'fd09:1::77' });
  for (const wanted of [fixed.slice(2), ['--ip6', 'fd09:2::5']]) {
    const refused = await n2.try(...run, ...wanted, 'busybox', 'true');
    assert.match(refused.stderr, /Address already in use|no configured subnet/);
  }
  const second = (await n2.docker(...run, '--name', 'second', 'busybox', 'sleep', '1000')).trim();
  const asker = { node: n2, id: second, ...(await addresses(n2, second, 'dual')) };
  await until(async () => assert.deepEqual(await lookup(asker, 'first', 'aaaa'), ['fd09:1::77']));
  assert.deepEqual(await ask(asker, 'fd09:1::77'), { host: first.slice(0, 12), client: asker.six });
  await Promise.all([n1.docker('stop', 'first'), n2.docker('stop', 'second')]);
  await until(() => n1.docker('network', 'rm', 'dual'));
  for (const { place } of cluster.nodes)
    await until(async () =>
      assert.doesNotMatch(await place.do('ip', '-6', 'neigh', 'show', 'nud', 'permanent'), /fd09/),
    );
});

test('a network of two subnets has room for more than one of them, and containers of both reach each other', async () => {
  const n1 = cluster.node(1);
  const subnets = ['--subnet', '10.9.4.0/29', '--subnet', '10.9.8.0/29'];
  await n1.docker('network', 'create', '-d', 'overlay', ...subnets, 'wide');
  await n1.docker(...CREATE, '--name', 'many', '--replicas', '8', '--network', 'wide', ...SERVER);
  await cluster.running(n1, 'many', 8, 60_000);
  const all = await containersOf('many', 'wide');
  const [low, high] = [
    all.filter(({ four }) => four.startsWith('10.9.4.')),
    all.filter(({ four }) => four.startsWith('10.9.8.')),
  ];
  assert.deepEqual([low.length, high.length], [4, 4]);
  const from = low.find(({ node }) => node === n1);
  const to = high.find(({ node }) => node !== n1);
  assert.ok(from && to);
  assert.deepEqual(await ask(from, to.four), { host: to.id.slice(0, 12), client: from.four });
  assert.deepEqual(await ask(to, from.four), { host: from.id.slice(0, 12), client: to.four });
  const [virtual = ''] = await lookup(to, 'many', 'a');
  const answered = new Set<string>();
  for (let count = 0; count < 16; count += 1) answered.add((await ask(to, virtual)).host);
  assert.equal(answered.size, 8);
  await n1.docker('service', 'rm', 'many');
  await until(() => n1.docker('network', 'rm', 'wide'));
});

test('blocks that overlap, or of IPv6 for a network without it, are refused, and an IPv6 block is chosen where none is named', async () => {
  const n1 = cluster.node(1);
  const create = ['network', 'create', '-d', 'overlay'];
  for (const [words, said] of [
    [['--subnet', 'fd09:9::/64'], /without IPv6/],
    [['--subnet', '10.9.0.0/24', '--subnet', '10.9.0.128/25'], /overlapping subnet/],
    [['--ipv6', '--subnet', '10.9.0.0/24', '--subnet', '10.0.0.0/25'], /Pool overlaps with other one/],
    [['--ipv6', '--subnet', 'fd09:9::/127'], /a prefix of 16 to 125 bits/],
    [['--ipv6', '--subnet', 'fd09:9::/64', '--gateway', 'fd09:8::1'], /no matching subnet|not in the subnet/],
  ] as const)
    assert.match((await n1.try(...create, ...words, 'refused')).stderr, said);
  await n1.docker(...create, '--ipv6', 'chosen');
  const format = '{{range .IPAM.Config}}{{.Subnet}} {{end}}';
  assert.match(
    (await n1.docker('network', 'inspect', '-f', format, 'chosen')).trim(),
    /^10\.0\.\d+\.0\/24 fd[0-9a-f:]+::\/64$/,
  );
  await n1.docker('network', 'rm', 'chosen');
});
