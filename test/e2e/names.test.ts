// Names that containers ask for: by dig in their namespaces, through the docker client's networks, also while others flood and fail.
import assert from 'node:assert/strict';
import { createSocket } from 'node:dgram';
import { Socket } from 'node:net';
import { after, before, suite, test } from 'node:test';
import { findProgram } from '../../src/host/find.ts';
import { inNamespaceAt } from '../../src/host/netlink/index.ts';
import { openSocket } from '../../src/host/port.ts';
import { encodeName } from '../../src/network/dns/wire.ts';
import { execute, TestDaemon } from '../support/daemon.ts';
import { dockerMissing } from '../support/program.ts';

let daemon: TestDaemon;
const skip = dockerMissing() || (findProgram('dig') === undefined ? 'dig is not installed' : false);

async function ok(...args: string[]): Promise<string> {
  const { code, stdout, stderr } = await daemon.docker(...args);
  assert.equal(code, 0, stderr);
  return stdout.trim();
}

const start = (name: string, ...flags: string[]): Promise<string> =>
  ok('run', '-d', '--rm', '--name', name, '--stop-timeout', '0', ...flags, 'busybox', 'sleep', '1000');
const pidOf = (name: string): Promise<string> => ok('inspect', '-f', '{{.State.Pid}}', name);
const addressOf = (name: string, network: string): Promise<string> =>
  ok('inspect', '-f', `{{(index .NetworkSettings.Networks "${network}").IPAddress}}`, name);

/** What dig in the container's namespace says: `+short` lines, or the status when there are none. */
async function dig(name: string, ...args: string[]): Promise<string[]> {
  const all = [
    '-n',
    '-t',
    await pidOf(name),
    'dig',
    '@127.0.0.11',
    '+time=3',
    '+tries=1',
    '+noall',
    '+answer',
    '+comments',
  ];
  const { stdout } = await execute('nsenter', [...all, ...args]);
  const found = stdout.split('\n').flatMap((line) => /\tIN\t(?:A|AAAA|PTR)\t(.*)$/.exec(line)?.[1] ?? []);
  return found.length > 0 ? found : [/status: (\w+)/.exec(stdout)?.[1] ?? 'no answer'];
}

suite('names', { skip }, () => {
  before(async () => {
    daemon = await TestDaemon.start();
    await daemon.busybox();
    await ok('network', 'create', '--ipv6', '--subnet', 'fd00:77::/64', 'front');
    await ok('network', 'create', '--internal', 'back');
    await Promise.all([
      start('web', '--network', 'front', '--network-alias', 'svc'),
      start('web2', '--network', 'front', '--network-alias', 'svc'),
      start('db', '--network', 'back'),
      start('plain'),
    ]);
  });

  after(async () => {
    await daemon.docker('rm', '-f', 'web', 'web2', 'db', 'plain', 'asker');
    await daemon.docker('network', 'rm', 'front', 'back');
    assert.deepEqual(await daemon.end(), []);
  });

  test('names, aliases, short ids and addresses, by UDP and TCP, in both families', async () => {
    const four = await addressOf('web2', 'front');
    const id = (await ok('inspect', '-f', '{{.Id}}', 'web2')).slice(0, 12);
    for (const name of ['web2', 'WEB2', 'web2.front', id]) assert.deepEqual(await dig('web', name), [four], name);
    assert.deepEqual(await dig('web', '+tcp', 'web2'), [four]);
    assert.deepEqual(await dig('web', '+noedns', 'web2'), [four]);
    assert.match((await dig('web', 'web2', 'AAAA'))[0] ?? '', /^fd00:77::/);
    assert.deepEqual(await dig('web', '-x', four), ['web2.front.']);
    assert.deepEqual(await dig('web', 'web2', 'MX'), ['NOERROR'], 'nothing, said here');
    const both = [await addressOf('web', 'front'), four].toSorted();
    const [one, other] = [await dig('web', 'svc'), await dig('web', 'svc')];
    assert.deepEqual([one.toSorted(), other.toSorted()], [both, both]);
    assert.notDeepEqual(one, other, 'the order takes turns');
  });

  test('the default network has names too, and its hosts file as ever', async () => {
    assert.deepEqual(await dig('plain', 'plain'), [await addressOf('plain', 'bridge')]);
    assert.match(
      await ok('exec', 'plain', 'cat', '/etc/hosts'),
      new RegExp(`^${await addressOf('plain', 'bridge')}\t`, 'm'),
    );
    assert.equal(await ok('inspect', '-f', '{{.NetworkSettings.Networks.bridge.DNSNames}}', 'plain'), '[]');
  });

  test('a name goes with its container: renamed, connected, disconnected, gone', async () => {
    await ok('network', 'connect', '--alias', 'guest', 'back', 'web2');
    assert.deepEqual(await dig('db', 'guest'), [await addressOf('web2', 'back')]);
    await ok('rename', 'web2', 'webby');
    assert.deepEqual(await dig('web', 'webby'), [await addressOf('webby', 'front')]);
    assert.deepEqual(await dig('db', 'web2'), ['SERVFAIL']);
    await ok('network', 'disconnect', 'back', 'webby');
    assert.deepEqual(await dig('db', 'guest'), ['SERVFAIL']);
    await ok('rename', 'webby', 'web2');
  });

  test('who is on two networks with the asker is counted once, on the one with a way out', async () => {
    await Promise.all(['both', 'asker'].map((name) => start(name, '--network', 'front', '--network', 'back')));
    assert.deepEqual(await dig('asker', 'both'), [await addressOf('both', 'front')]);
    assert.deepEqual(await dig('asker', 'both.back'), [await addressOf('both', 'back')]);
    await ok('network', 'disconnect', 'front', 'both');
    assert.deepEqual(await dig('asker', 'both'), [await addressOf('both', 'back')]);
    await ok('rm', '-f', 'both', 'asker');
  });

  test('the hosts file follows networks that come and go, and keeps what the container wrote there', async () => {
    await start('asker', '--hostname', 'me');
    await ok('exec', 'asker', 'sh', '-c', 'echo 1.2.3.4 mine >>/etc/hosts');
    const lines = async (): Promise<string[]> =>
      (await ok('exec', 'asker', 'tail', '-n', '+7', '/etc/hosts')).split('\n');
    const first = await addressOf('asker', 'bridge');
    await ok('network', 'connect', 'front', 'asker');
    const second = await addressOf('asker', 'front');
    const [own, mine, ...more] = await lines();
    assert.deepEqual([own, mine], [`${first}\tme`, '1.2.3.4 mine']);
    assert.equal(more.length, 2);
    assert.ok(more.includes(`${second}\tme`) && more.some((line) => /^fd00:77::\w+\tme$/.test(line)), more.join());
    await ok('network', 'disconnect', 'bridge', 'asker');
    assert.deepEqual(await lines(), [mine, ...more]);
    await ok('rm', '-f', 'asker');
  });

  test('a link of the default network: a name for its container, which moves, is renamed, and goes', async () => {
    await start('target');
    await start('asker', '--link', 'target:db');
    const line = async (): Promise<string> =>
      (await ok('exec', 'asker', 'cat', '/etc/hosts')).match(/.*\tdb .*/)?.[0] ?? '';
    const id = (await ok('inspect', '-f', '{{.Id}}', 'asker/db')).slice(0, 12);
    assert.equal(await line(), `${await addressOf('target', 'bridge')}\tdb ${id} target`);
    assert.equal(await ok('ps', '--no-trunc', '--format', '{{.Names}}', '--filter', 'name=target'), 'asker/db,target');
    await ok('rename', 'target', 'moved');
    assert.equal(await ok('inspect', '-f', '{{.HostConfig.Links}}', 'asker'), '[/moved:/asker/db]');
    await ok('network', 'disconnect', 'bridge', 'moved');
    await start('other');
    await ok('network', 'connect', 'bridge', 'moved');
    assert.equal(await ok('exec', 'asker/db', 'hostname'), id);
    for (const client of ['docker', 'berth'] as const) {
      const none = await daemon.client(client, ['rm', '--link', 'asker/none']);
      assert.match(none.stderr, /No such container: asker\/none/);
    }
    assert.match((await daemon.docker('rm', '--link', 'asker')).stderr, /cannot remove the default link name/);
    assert.equal(await ok('rm', '--link', 'asker/db'), 'asker/db');
    assert.equal(await line(), '');
    assert.equal(await ok('inspect', '-f', '{{.HostConfig.Links}}', 'asker'), '[]');
    const wrong = await daemon.docker('create', '--link', 'nobody:x', 'busybox');
    assert.match(wrong.stderr, /could not get container for nobody: No such container: nobody/);
    const alone = await daemon.docker('create', '--network', 'none', '--link', 'nobody:x', 'busybox');
    assert.match(alone.stderr, /could not get container for nobody: No such container: nobody/);
    await start('onhost', '--network', 'host');
    const refused = await daemon.docker('create', '--link', 'onhost:x', 'busybox');
    assert.match(refused.stderr, /conflicting options: host type networking can't be used with links/);
    await start('apart', '--network', 'none', '--link', 'moved:db');
    assert.equal(await ok('inspect', '-f', '{{.HostConfig.Links}}', 'apart'), '[/moved:/apart/db]');
    assert.doesNotMatch(await ok('exec', 'apart', 'cat', '/etc/hosts'), /db/);
    await ok('rm', '-f', 'apart', 'onhost');
    await ok('rm', '-f', 'asker', 'other');
    await start('asker', '--link', 'moved:db');
    await ok('rm', '-f', 'moved');
    assert.equal(await ok('rm', '--link', 'asker/db'), 'asker/db', 'also when its container has gone');
    await ok('rm', '-f', 'asker');
  });

  test('who restarts, or has the address of another, is reached at once by those who knew it', async () => {
    await ok('network', 'create', '--ipv6', '--subnet', '172.30.77.0/24', '--subnet', 'fd00:77:1::/64', 'fixed');
    const six = 'fd00:77:1::99';
    const begin = (): Promise<string> => start('asker', '--network', 'fixed', '--ip', '172.30.77.9', '--ip6', six);
    await start('other', '--network', 'fixed');
    const reach = async (): Promise<void> => {
      for (const to of ['172.30.77.9', six]) await ok('exec', 'other', 'ping', '-c', '1', '-W', '1', to);
    };
    await begin();
    await reach();
    await ok('restart', '-t', '0', 'asker');
    await reach();
    await ok('rm', '-f', 'asker');
    await begin();
    await reach();
    await ok('rm', '-f', 'asker', 'other');
    await ok('network', 'rm', 'fixed');
  });

  test('a container on internal networks alone asks nobody outside, not even for the reverse of an address', async () => {
    for (const what of [['example.com'], ['-x', '203.0.113.1'], ['web'], ['example.com', '+tcp']])
      assert.deepEqual(await dig('db', ...what), ['SERVFAIL'], what.join(' '));
  });

  test("a server of the user's own is asked from inside the container", async () => {
    await start('asker', '--network', 'front', '--dns', await addressOf('web', 'front'), '--dns-option', 'ndots:2');
    assert.match(await ok('exec', 'asker', 'cat', '/etc/resolv.conf'), /^nameserver 127\.0\.0\.11\noptions ndots:2$/m);
    assert.deepEqual(await dig('asker', 'bare'), ['NOERROR'], 'a bare name stays inside where ndots was said');
    assert.deepEqual(await dig('asker', 'a.example'), ['SERVFAIL'], 'nobody listens there');
    assert.deepEqual(await dig('asker', 'web'), [await addressOf('web', 'front')]);
    await daemon.docker('rm', '-f', 'asker');
  });

  test('fault N51: noise, lies about lengths and floods harm nobody else', async () => {
    const namespace = `/proc/${await pidOf('web')}/ns/net`;
    const fd = inNamespaceAt(namespace, () => openSocket('udp', 4));
    const socket = createSocket('udp4');
    await new Promise<void>((resolve) => socket.bind({ fd }, resolve));
    const noise = [
      Buffer.alloc(0),
      Buffer.alloc(11),
      Buffer.alloc(12),
      Buffer.alloc(65_000, 0x3f),
      Buffer.alloc(600, 0xc0),
    ];
    for (let round = 0; round < 2000; round += 1) socket.send(noise[round % noise.length] ?? '', 53, '127.0.0.11');
    const question = Buffer.concat([
      Buffer.from([0, 7, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0]),
      encodeName('wanted.example'),
      Buffer.from([0, 1, 0, 1]),
    ]);
    for (let round = 0; round < 2000; round += 1) {
      question.writeUInt16BE(round, 0);
      question.write(String(round % 10), 13);
      socket.send(question, 53, '127.0.0.11');
    }
    const liars = Array.from({ length: 100 }, () => {
      const liar = new Socket({ fd: inNamespaceAt(namespace, () => openSocket('tcp', 4)) });
      liar.on('error', () => undefined);
      liar.connect(53, '127.0.0.11', () => liar.write(Buffer.from([0xff, 0xff, 1, 2, 3])));
      return liar;
    });
    assert.deepEqual(await dig('web2', 'web'), [await addressOf('web', 'front')]);
    assert.deepEqual(await dig('web', 'web2'), [await addressOf('web2', 'front')]);
    socket.close();
    for (const liar of liars) liar.destroy();
    assert.deepEqual(await dig('web', '+tcp', 'web2'), [await addressOf('web2', 'front')]);
  });

  test('a daemon that comes back answers the names of what goes on', async () => {
    await daemon.kill();
    await daemon.up();
    assert.deepEqual(await dig('web', 'web2'), [await addressOf('web2', 'front')]);
    assert.deepEqual(await dig('plain', 'plain'), [await addressOf('plain', 'bridge')]);
  });
});
