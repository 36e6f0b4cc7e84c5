// Networks over several hosts, driven by Docker's own client: containers that talk as if they were on one.
import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
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

/** Answers every packet from a socket with no address of its own, or with the one given, saying who asked. */
const ECHO = `const socket = require('node:dgram').createSocket('udp4');
socket.on('message', (data, { address, port }) => socket.send(data + ' from ' + address, port, address));
socket.bind(Number(process.argv[1]), process.argv[2], () => console.log('bound'));`;
const UDP_ASK = `const socket = require('node:dgram').createSocket('udp4');
socket.bind(Number(process.argv[3] ?? 0), () =>
  socket.connect(Number(process.argv[2]), process.argv[1], () => socket.send('hello')));
socket.on('message', (data) => { console.log(String(data)); process.exit(0); });
setTimeout(() => process.exit(1), 1000);`;

/** Servers in the namespace of a task's container; one listens anywhere, one at its address on the ingress network alone. */
async function echo(task: Container): Promise<ChildProcess[]> {
  const pid = (await task.node.docker('inspect', '-f', '{{.State.Pid}}', task.id)).trim();
  const servers = [['9000'], ['9001', task.address]].map((words) =>
    spawn('nsenter', [`--net=/proc/${pid}/ns/net`, process.execPath, '-e', ECHO, ...words]),
  );
  const ready = servers.map(async (server) => {
    await Promise.race([once(server.stdout, 'data'), once(server, 'exit')]);
    assert.equal(server.exitCode, null, String(server.stderr.read()));
  });
  await Promise.all(ready);
  return servers;
}

test('a published port of UDP answers on every host from the address that was asked, and the task sees who asks', async () => {
  const n1 = cluster.node(1);
  const ports = ['-p', '9000:9000/udp', '-p', '9001:9001/udp'];
  await n1.docker(...CREATE, '--name', 'datagrams', ...ports, 'busybox', 'sleep', '1000');
  await cluster.running(n1, 'datagrams', 1);
  const client = await cluster.client('10.77.0.103');
  const answers = async (node: TestNode, port: string, own: string): Promise<void> => {
    const { stdout } = await client.run(process.execPath, '-e', UDP_ASK, node.address, port, own);
    assert.equal(stdout, 'hello from 10.77.0.103\n', `${node.name} ${port}`);
  };
  const [task] = await containersOf('datagrams', 'ingress');
  assert.ok(task);
  const first = await echo(task);
  try {
    for (const node of cluster.nodes)
      for (const port of ['9000', '9001']) await until(() => answers(node, port, '5300'));
  } finally {
    for (const server of first) server.kill();
  }
  // the same client from the same port, which the kernel would go on sending to the task that has ended
  await n1.docker('service', 'update', '--detach', '--force', '--no-resolve-image', 'datagrams');
  const next = await until(async () => {
    const [found, ...more] = await containersOf('datagrams', 'ingress');
    assert.ok(found && more.length === 0 && found.id !== task.id);
    return found;
  });
  await cluster.running(n1, 'datagrams', 1);
  const second = await echo(next);
  try {
    for (const node of cluster.nodes) await until(() => answers(node, '9000', '5300'), 8000);
  } finally {
    for (const server of second) server.kill();
  }
  await n1.docker('service', 'rm', 'datagrams');
});

test('a container of docker run joins an attachable network, on a host that had nothing of it', async () => {
  const [n1, n2] = [cluster.node(1), cluster.node(2)];
  await n1.docker('network', 'create', '-d', 'overlay', '--attachable', 'lone');
  const run = ['run', '-d', '--rm', '--network', 'lone', '--stop-timeout', '1'];
  const ids = [
    (await n1.docker(...run, '--name', 'first', '--network-alias', 'one', ...SERVER)).trim(),
    (await n2.docker(...run, '--name', 'second', 'busybox', 'sleep', '1000')).trim(),
  ];
  const second = { node: n2, id: ids[1] ?? '', address: '' };
  await until(async () => {
    const [address = ''] = await lookup(second, 'one');
    assert.deepEqual(await lookup(second, 'first'), [address]);
    assert.equal((await ask(second, address)).host, ids[0]?.slice(0, 12));
  });
  const refused = await n1.try('network', 'rm', 'lone');
  assert.match(refused.stderr, /is in use by task/);
  await Promise.all([n1.docker('stop', 'first'), n2.docker('stop', 'second')]);
  await until(async () => void (await n1.docker('network', 'rm', 'lone')));
});

test('a network that is not attachable takes no container, and an encrypted one is refused', async () => {
  const n1 = cluster.node(1);
  await n1.docker('network', 'create', '-d', 'overlay', '--internal', 'closed');
  const run = await n1.try('run', '--rm', '--network', 'closed', 'busybox', 'true');
  assert.match(run.stderr, /network closed not manually attachable/);
  const encrypted = await n1.try('network', 'create', '-d', 'overlay', '--opt', 'encrypted', 'secret');
  assert.match(encrypted.stderr, /encrypted overlay networks are not implemented/);
  await n1.docker('network', 'rm', 'closed');
});

/** Links, entries and tables of overlay networks on a host, the ingress network's left out. */
async function leftovers(node: TestNode): Promise<string[]> {
  const ingress = (await cluster.node(1).docker('network', 'inspect', '-f', '{{.Id}}', 'ingress')).trim().slice(0, 12);
  const links = await node.place.do('ip', '-o', 'link');
  const entries = await node.place.do('sh', '-c', 'bridge fdb show; ip neigh show nud permanent');
  return [...links.split('\n'), ...entries.split('\n')].filter(
    (line) => /\bvx-|\bbr-[0-9a-z]{12}/.test(line) && /02:42:0a|vx-/.test(line) && !line.includes(ingress),
  );
}

test('joins and leaves of tasks leave no link, rule or entry', async () => {
  const n1 = cluster.node(1);
  await n1.docker('service', 'rm', 'web');
  await until(async () => {
    for (const node of cluster.nodes) assert.deepEqual(await leftovers(node), []);
  });
  await n1.docker(...CREATE, '--name', 'brief', '--replicas', '0', '--network', 'front', 'busybox', 'sleep', '1000');
  for (let round = 0; round < 5; round += 1)
    for (const count of [10, 0]) {
      await n1.docker('service', 'scale', '--detach', `brief=${count}`);
      await cluster.running(n1, 'brief', count, 60_000);
    }
  await n1.docker('service', 'rm', 'brief');
  await until(async () => {
    for (const node of cluster.nodes) assert.deepEqual(await leftovers(node), []);
  });
});

test('a container that goes from one of its networks gives its place there back, and keeps the others', async () => {
  const [n1, n2] = [cluster.node(1), cluster.node(2)];
  await n1.docker('network', 'create', '-d', 'overlay', '--attachable', 'brief');
  const run = ['run', '-d', '--rm', '--network', 'front', '--stop-timeout', '0'];
  const one = (await n1.docker(...run, '--name', 'stays', 'busybox', 'sleep', '1000')).trim();
  const two = (await n2.docker(...run, '--name', 'guest', 'busybox', 'sleep', '1000')).trim();
  const asker = { node: n1, id: one, address: '' };
  await until(async () => assert.equal((await lookup(asker, 'guest')).length, 1));
  for (let round = 0; round < 5; round += 1)
    await Promise.all(
      [
        [n1, one],
        [n2, two],
      ].map(async ([node, id]) => {
        for (const verb of ['connect', 'disconnect'])
          await (node as TestNode).docker('network', verb, 'brief', id as string);
      }),
    );
  // nobody has a place on it any more, so that it can be removed while both go on
  await until(() => n1.docker('network', 'rm', 'brief'));
  assert.equal((await lookup(asker, 'guest')).length, 1);
  await n2.docker('exec', two, 'ping', '-c', '1', '-W', '2', 'stays');
  await Promise.all([n1.docker('rm', '-f', one), n2.docker('rm', '-f', two)]);
});

test('fault N52: a deleted link and flushed rules are put right, and a new daemon keeps both', async () => {
  const [n1, n2] = [cluster.node(1), cluster.node(2)];
  await n1.docker(...CREATE, '--name', 'pair', '--mode', 'global', '--network', 'front', ...SERVER);
  await cluster.running(n1, 'pair', 2);
  const [one, two] = await containersOf('pair', 'front');
  assert.ok(one && two);
  const link = `vx-${(await n1.docker('network', 'inspect', '-f', '{{.Id}}', 'front')).trim().slice(0, 12)}`;
  const answers = async (): Promise<void> => {
    assert.equal((await ask(one, two.address)).host, two.id.slice(0, 12));
    assert.equal((await ask(two, one.address)).host, one.id.slice(0, 12));
    const { stdout } = await n2.place.run('curl', '-sm', '2', 'http://10.77.0.2:8080/cgi-bin/who');
    assert.match(stdout, /10\.77\.0\.2/);
  };
  await until(answers);
  await n2.place.do('ip', 'link', 'del', link);
  await n2.place.do('nft', 'flush', 'ruleset');
  await until(answers, 5000);
  await n2.daemon.kill();
  await n2.place.do('ip', 'link', 'del', link);
  await n2.daemon.up();
  await until(answers);
});

test('fault N52: a host that comes back with another address is found there, and nothing is sent to the old one', async () => {
  const [n1, n2] = [cluster.node(1), cluster.node(2)];
  await n2.daemon.kill();
  await n2.place.shell('ip addr del 10.77.0.2/24 dev eth0\nip addr add 10.77.0.22/24 dev eth0');
  await n2.daemon.up();
  // looked for each time: on a slow machine the host was gone for so long that others have taken the place of its containers
  await until(async () => {
    const [one, two] = await containersOf('pair', 'front');
    assert.ok(one && two);
    assert.deepEqual([one.node.name, two.node.name], ['n1', 'n2']);
    assert.equal((await ask(one, two.address)).host, two.id.slice(0, 12));
    assert.equal((await ask(two, one.address)).host, one.id.slice(0, 12));
  });
  const entries = await n1.place.do('bridge', 'fdb', 'show');
  assert.match(entries, /dst 10\.77\.0\.22 self/);
  assert.doesNotMatch(entries, /dst 10\.77\.0\.2 self/);
});
