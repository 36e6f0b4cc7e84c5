// Networks over several hosts as somebody set them: port of VXLAN, subnets, addresses, no way out, and hosts that cannot be on them.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { TestCluster } from '../support/cluster.ts';
import { until } from '../support/daemon.ts';

let cluster: TestCluster;
let join: (address: string) => string[];

before(async () => {
  cluster = await TestCluster.start(3);
  const n1 = cluster.node(1);
  await n1.docker('swarm', 'init', '--advertise-addr', n1.address, '--data-path-port', '5789');
  const token = (await n1.docker('swarm', 'join-token', '-q', 'worker')).trim();
  join = (address) => ['swarm', 'join', '--advertise-addr', address, '--token', token, `${n1.address}:2377`];
  await cluster.node(2).docker(...join(cluster.node(2).address));
});

after(() => cluster[Symbol.asyncDispose]());

const SLEEP = ['busybox', 'sleep', '1000'];

test('an internal network with a subnet of its own leads to the other host, and nowhere else; addresses are those that were asked for', async () => {
  const [n1, n2] = [cluster.node(1), cluster.node(2)];
  const create = ['network', 'create', '-d', 'overlay', '--attachable', '--internal', '--subnet', '10.20.0.0/24'];
  await n1.docker(...create, 'closed');
  const run = ['run', '-d', '--rm', '--network', 'closed', '--stop-timeout', '0'];
  const one = (await n1.docker(...run, '--ip', '10.20.0.77', ...SLEEP)).trim();
  const two = (await n2.docker(...run, '--ip', '10.20.0.78', ...SLEEP)).trim();
  await until(() => n2.docker('exec', two, 'ping', '-c', '1', '-W', '1', '10.20.0.77'));
  assert.match(await n1.docker('exec', one, 'ip', '-o', 'addr'), / 10\.20\.0\.77\/24 /);
  assert.doesNotMatch(await n1.docker('exec', one, 'ip', 'route'), /default/);
  const taken = await n2.try('run', '--rm', '--network', 'closed', '--ip', '10.20.0.77', 'busybox', 'true');
  assert.match(taken.stderr, /Address already in use/);
  const link = await n1.place.do('sh', '-c', 'ip -d -o link show type vxlan');
  assert.match(link, /dstport 5789/);
  assert.doesNotMatch(link, /dstport 4789/);
  await Promise.all([n1.docker('rm', '-f', one), n2.docker('rm', '-f', two)]);
});

test('a host behind an address translation is refused with the reason, and taken with an address that others reach', async () => {
  const n3 = cluster.node(3);
  // what it calls itself is changed on the way to the others
  await n3.place.shell(`ip link add inner0 type bridge
ip addr add 10.88.0.3/24 dev inner0
ip link set inner0 up
ip route replace 10.77.0.0/24 dev eth0 src 10.88.0.3
nft add table ip outer
nft add chain ip outer post '{ type nat hook postrouting priority srcnat; }'
nft add rule ip outer post oifname eth0 ip saddr 10.88.0.3 snat to 10.77.0.3`);
  const refused = await n3.try(...join('10.88.0.3'));
  assert.notEqual(refused.code, 0);
  assert.match(
    refused.stderr,
    /behind an address translation \(NAT\): it calls itself 10\.88\.0\.3, .* see 10\.77\.0\.3;/,
  );
  assert.equal((await cluster.list(cluster.node(1))).length, 2);
  await n3.docker(...join('10.77.0.3'));
});
