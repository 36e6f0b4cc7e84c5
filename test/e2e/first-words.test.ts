// What people met in their first hour: warnings that are not true, links to nobody, odd subnets, and a log that others read.
import assert from 'node:assert/strict';
import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { dirname } from 'node:path';
import { after, before, test } from 'node:test';
import { type Result, TestDaemon, until } from '../support/daemon.ts';
import { Place } from '../support/namespaces.ts';

const NOBODY = 'Error response from daemon: could not get container for nope: No such container: nope';

let daemon: TestDaemon;

before(async () => {
  daemon = await TestDaemon.start();
  await daemon.busybox();
});

after(() => daemon[Symbol.asyncDispose]());

function refused(result: Result, words: string | RegExp): void {
  assert.notEqual(result.code, 0, result.stdout);
  if (typeof words === 'string') assert.ok(result.stderr.includes(words), result.stderr);
  else assert.match(result.stderr, words);
}

async function done(...args: string[]): Promise<string> {
  const { code, stdout, stderr } = await daemon.berth(...args);
  assert.equal(code, 0, `${args.join(' ')}: ${stderr}`);
  return stdout.trim();
}

test('users E13: LogPath is a file that exists, in the format that shippers call cri, with each row and no other', async () => {
  await done('run', '--name', 'logged', 'busybox', 'sh', '-c', 'echo out; echo err >&2; printf part');
  const path = await done('inspect', '-f', '{{.LogPath}}', 'logged');
  const rows = /^\d{4}-\d\d-\d\dT[\d:]{8}\.\d{9}(?:Z|[+-]\d\d:\d\d) (stdout|stderr) ([FP]) (.*)$/;
  const read = readFileSync(path, 'utf8')
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => rows.exec(line)?.slice(1).join(' ') ?? `not cri: ${line}`);
  assert.deepEqual(read.sort(), ['stderr F err', 'stdout F out', 'stdout P part']);
  assert.deepEqual(
    readdirSync(dirname(path)).filter((name) => name.endsWith('-json.log')),
    [],
  );
  // nobody is pointed at a file that is not there
  await done('create', '--name', 'unlogged', '--log-driver', 'none', 'busybox');
  assert.equal(await done('inspect', '-f', '{{.LogPath}}', 'unlogged'), '');
  await done('create', '--name', 'unstarted', 'busybox');
  const later = await done('inspect', '-f', '{{.LogPath}}', 'unstarted');
  assert.ok(later === '' || existsSync(later), later);
});

test('users E16: on a host that is no router yet the first run warns of nothing, and its network works', async () => {
  using fresh = await Place.make();
  await fresh.shell('ip link set lo up; echo 0 > /proc/sys/net/ipv4/ip_forward');
  await using first = await TestDaemon.start([], fresh.enterOffline());
  await first.busybox();
  for (const network of ['bridge', 'none', 'host']) {
    const ran = await first.berth('run', '--rm', '--network', network, 'busybox', 'echo', 'hello');
    assert.deepEqual([ran.code, ran.stdout, ran.stderr], [0, 'hello\n', ''], network);
  }
  const made = await first.call('POST', '/containers/create', { Image: 'busybox' });
  assert.deepEqual((JSON.parse(made.body) as { Warnings: string[] }).Warnings, []);
  const { Warnings, IPv4Forwarding } = JSON.parse((await first.get('/info')).body) as {
    Warnings: string[] | null;
    IPv4Forwarding: boolean;
  };
  assert.equal(IPv4Forwarding, true);
  assert.ok(!(Warnings ?? []).some((line) => line.includes('forwarding')), String(Warnings));
  const peer = await first.berth('run', '-d', 'busybox', 'sh', '-c', 'echo hi | nc -l -p 7');
  assert.equal(peer.code, 0, peer.stderr);
  const address = await first.berth(
    'inspect',
    '-f',
    '{{range .NetworkSettings.Networks}}{{.IPAddress}}{{end}}',
    peer.stdout.trim(),
  );
  await until(async () => {
    const answered = await first.berth('run', '--rm', 'busybox', 'nc', address.stdout.trim(), '7');
    assert.equal(answered.stdout, 'hi\n', answered.stderr);
  });
});

test('users E16: of a command that is not there the client speaks in its own name', async () => {
  const alone = await daemon.berth('nosuch');
  refused(alone, "berth: unknown command: berth nosuch\n\nRun 'berth --help' for more information");
  assert.doesNotMatch(alone.stderr, /docker/);
});

test('users E19: a link to nobody is refused when it is made, and leaves nothing', async () => {
  for (const link of ['nope:y', 'nope', 'nope:nope'])
    for (const verb of [['create'], ['run', '-d']])
      refused(await daemon.berth(...verb, '--name', 'linked', '--link', link, 'busybox', 'true'), NOBODY);
  refused(await daemon.berth('create', '--name', 'linked', '--link', ':y', 'busybox'), /invalid name or ID supplied/);
  refused(
    await daemon.berth('create', '--name', 'linked', '--link', 'a:b:c', 'busybox'),
    /bad format for links: a:b:c/,
  );
  refused(await daemon.berth('inspect', 'linked'), /no such object: linked/i);
  const straight = await daemon.call('POST', '/containers/create?name=linked', {
    Image: 'busybox',
    HostConfig: { Links: ['nope:y'] },
  });
  assert.equal(straight.status, 400, straight.body);
  // one that is there and does not run: at start
  await done('create', '--name', 'asleep', 'busybox');
  refused(
    await daemon.berth('run', '--name', 'linked', '--link', 'asleep:y', 'busybox', 'true'),
    'Cannot link to a non running container: /asleep AS /linked/y',
  );
  // on a network of one's own a name may come later, as in Docker
  await done('network', 'create', 'later');
  await done('run', '--rm', '--network', 'later', '--link', 'nope:y', 'busybox', 'true');
});

test('users S12: of two subnets IPv4 stands first, whatever the order on the command line', async () => {
  const subnets = [
    ['--subnet', '10.213.9.0/24'],
    ['--subnet', 'fd00:213::/64'],
  ];
  for (const [name, order] of [
    ['four-six', subnets],
    ['six-four', subnets.toReversed()],
  ] as const) {
    await done('network', 'create', '--ipv6', ...order.flat(), name);
    const shown = await done('network', 'inspect', '-f', '{{range .IPAM.Config}}{{.Subnet}} {{end}}', name);
    assert.equal(shown, '10.213.9.0/24 fd00:213::/64', name);
    await done('network', 'rm', name);
  }
});

test('users S12: small subnets have as many addresses as they have, and no more', async () => {
  for (const [prefix, addresses] of [
    ['31', ['10.213.8.1']],
    ['30', ['10.213.8.2']],
    ['29', ['10.213.8.2', '10.213.8.3', '10.213.8.4', '10.213.8.5', '10.213.8.6']],
  ] as const) {
    await done('network', 'create', '--subnet', `10.213.8.0/${prefix}`, 'small');
    const ids: string[] = [];
    for (const address of addresses) {
      const id = await done('run', '-d', '--network', 'small', 'busybox', 'sleep', '600');
      ids.push(id);
      assert.equal(await done('inspect', '-f', '{{.NetworkSettings.Networks.small.IPAddress}}', id), address);
    }
    const many = await daemon.berth('run', '--rm', '--name', 'more', '--network', 'small', 'busybox', 'true');
    refused(many, "no available IPv4 addresses on this network's address pools: small");
    await done('rm', '-f', ...ids);
    await daemon.berth('rm', '-f', 'more');
    await done('network', 'rm', 'small');
  }
});

test('users S12: a link-local address is one, at create and at connect', async () => {
  await done('network', 'create', 'local');
  await done('create', '--name', 'joins', 'busybox');
  for (const address of ['10.0.0.5', '169.255.1.1', 'fd00::7', '0.0.0.0', 'fec0::1']) {
    const words = new RegExp(`invalid link[ -]local IP address: ${address}\\n`);
    refused(await daemon.berth('create', '--network', 'local', '--link-local-ip', address, 'busybox'), words);
    refused(await daemon.berth('network', 'connect', '--link-local-ip', address, 'local', 'joins'), words);
  }
  const local = ['--network', 'local', '--link-local-ip', '169.254.5.5'];
  const shown = await done('run', '--rm', ...local, 'busybox', 'ip', 'addr', 'show', 'eth0');
  assert.match(shown, /inet 169\.254\.5\.5\/16/);
});
