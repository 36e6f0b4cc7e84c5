// Networks seen from outside and from within: a host in a namespace, a neighbour on its wire, containers that mean no good.
import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { after, before, suite, test } from 'node:test';
import { TestDaemon, until } from '../support/daemon.ts';
import { dockerMissing } from '../support/program.ts';
import { Place, wire } from '../support/namespaces.ts';

let host: Place;
let neighbour: Place;
let daemon: TestDaemon;

async function ok(...args: string[]): Promise<string> {
  const { code, stdout, stderr } = await daemon.docker(...args);
  assert.equal(code, 0, `docker ${args.join(' ')}: ${stderr}`);
  return stdout.trim();
}

/** A container that answers HTTP on port 80 with its name. */
async function serve(name: string, ...flags: string[]): Promise<void> {
  const program = `mkdir /www; echo ${name} > /www/index.html; httpd -p '[::]:80' -h /www || httpd -p 80 -h /www; exec sleep 1000`;
  await ok('run', '-d', '--name', name, '--stop-timeout', '0', ...flags, 'busybox', 'sh', '-c', program);
  await until(async () => assert.equal((await daemon.docker('exec', name, 'wget', '-qO-', '127.0.0.1')).code, 0));
}

const programs: ChildProcess[] = [];

/** A Node program in a container's network, or in a place. */
async function script(where: Place | string, text: string): Promise<ChildProcess> {
  const at =
    typeof where === 'string' ? `/proc/${await ok('inspect', '-f', '{{.State.Pid}}', where)}/ns/net` : where.path;
  const child = spawn('nsenter', [`--net=${at}`, process.execPath, '-e', text], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  programs.push(child);
  return child;
}

async function said(where: Place | string, text: string): Promise<string> {
  const child = await script(where, text);
  let out = '';
  child.stdout?.setEncoding('utf8').on('data', (chunk: string) => (out += chunk));
  await new Promise((resolve) => child.once('close', resolve));
  return out.trim();
}

/** What a place gets: a busy machine may take its time. */
const curl = async (place: Place, url: string, seconds = 10): Promise<string> =>
  (await place.run('curl', '-s', '-g', '-m', `${seconds}`, url)).stdout.trim();
/** The same where nothing is to come, which has to be waited for. */
const curlInVain = (place: Place, url: string): Promise<string> => curl(place, url, 1);
const addressOf = (name: string, network: string, field = 'IPAddress'): Promise<string> =>
  ok('inspect', '-f', `{{(index .NetworkSettings.Networks "${network}").${field}}}`, name);

suite('from outside', { skip: dockerMissing() }, () => {
  before(async () => {
    [host, neighbour] = [await Place.make(), await Place.make()];
    await wire(host, ['eth0', '10.77.0.1/24', 'fd77::1/64'], neighbour, ['eth0', '10.77.0.9/24', 'fd77::9/64']);
    await host.shell('ip route add default via 10.77.0.9; ip -6 route add default via fd77::9');
    await host.shell('ip link set eth0 mtu 1400');
    daemon = await TestDaemon.start([], host.enterOffline());
    await daemon.busybox();
    await ok('network', 'create', '--ipv6', '--subnet', 'fd88::/64', 'dual');
    await serve('web', '--network', 'dual', '-p', '8080:80', '-p', '127.0.0.1:8081:80', '-p', '[::1]:8082:80');
    await serve('four', '-p', '8090:80', '-p', '127.0.0.1:8091:80', '-p', '[::]:8093:80', '-p', '[::1]:8094:80');
  });

  after(async () => {
    for (const one of programs) one.kill('SIGKILL');
    const { stdout } = await daemon.docker('ps', '-aq');
    await daemon.docker('rm', '-f', ...stdout.trim().split('\n'));
    const left = await daemon.end();
    const links = await host.do('ip', '-br', 'link');
    const rules = await host.do('nft', 'list', 'ruleset');
    host[Symbol.dispose]();
    neighbour[Symbol.dispose]();
    assert.deepEqual(left, []);
    assert.doesNotMatch(links, /br-|bv|berth/);
    assert.doesNotMatch(rules, /berth/);
  });

  test('a published port is reached from a neighbour, the host’s addresses, both loopbacks, another container and itself', async () => {
    assert.equal(await curl(neighbour, 'http://10.77.0.1:8080'), 'web');
    assert.equal(await curl(neighbour, 'http://[fd77::1]:8080'), 'web');
    for (const url of [
      '10.77.0.1:8080',
      '127.0.0.1:8080',
      '[fd77::1]:8080',
      '[::1]:8080',
      '127.0.0.1:8081',
      '[::1]:8082',
    ])
      assert.equal(await curl(host, `http://${url}`), 'web', url);
    for (const name of ['four', 'web'])
      assert.equal(await ok('exec', name, 'timeout', '10', 'wget', '-qO-', 'http://10.77.0.1:8080'), 'web', name);
    assert.equal(await ok('exec', 'web', 'timeout', '10', 'wget', '-qO-', 'http://[fd77::1]:8080'), 'web');
    // a container without IPv6: the host's own ::1 is the same place as 127.0.0.1
    assert.equal(await curl(host, 'http://[::1]:8090'), 'four');
    assert.equal(await curl(host, 'http://[::1]:8091'), 'four');
    // users S4: `[::]` leads there from everywhere, though the container has no IPv6, whether it was named or not
    assert.equal(await curl(neighbour, 'http://[fd77::1]:8090'), 'four');
    assert.equal(await curl(neighbour, 'http://[fd77::1]:8093'), 'four');
    assert.equal(await curlInVain(neighbour, 'http://[fd77::1]:8091'), '');
    assert.equal(await curl(host, 'http://[::1]:8093'), 'four');
    assert.equal(await curl(host, 'http://[::1]:8094'), 'four');
    assert.equal(await curlInVain(neighbour, 'http://[fd77::1]:8094'), '');
    assert.match(await ok('port', 'four'), /80\/tcp -> \[::1\]:8094\n80\/tcp -> \[::\]:8090\n80\/tcp -> \[::\]:8093$/);
    assert.match(
      await ok('port', 'web'),
      /^80\/tcp -> 0\.0\.0\.0:8080\n80\/tcp -> 127\.0\.0\.1:8081\n80\/tcp -> \[::1\]:8082\n80\/tcp -> \[::\]:8080$/,
    );
  });

  test('the source address of a neighbour is kept; UDP over ::1, 127.0.0.1 and the wire', async () => {
    await serve('tells', '--network', 'dual', '-p', '8000:8000', '-p', '7777:7/udp');
    const server = await script(
      'tells',
      `require('net').createServer((c) => c.end(c.remoteAddress)).listen(8000);
       const u = require('dgram').createSocket('udp6'); u.on('message', (m, r) => u.send(m, r.port, r.address)); u.bind(7);`,
    );
    await until(async () => assert.equal(await curl(neighbour, 'telnet://10.77.0.1:8000'), '::ffff:10.77.0.9'));
    assert.equal(await curl(neighbour, 'telnet://[fd77::1]:8000'), 'fd77::9');
    const echoed = (where: Place, address: string): Promise<string> =>
      said(
        where,
        `const u = require('dgram').createSocket('udp${address.includes(':') ? 6 : 4}'); let n = 0;
         u.on('message', (m) => { process.stdout.write(m); if (++n === 3) process.exit(); });
         for (const one of 'abc') u.send(one, 7777, '${address}'); setTimeout(() => process.exit(), 1500);`,
      );
    for (const [where, address] of [
      [neighbour, '10.77.0.1'],
      [neighbour, 'fd77::1'],
      [host, '127.0.0.1'],
      [host, '::1'],
    ] as const)
      assert.equal((await echoed(where, address)).split('').toSorted().join(''), 'abc', address);
    server.kill('SIGKILL');
    await ok('rm', '-f', 'tells');
  });

  test('fault N48: a port of 127.0.0.1 is not reached by a martian packet, nor any that is not published', async () => {
    await host.shell(
      "nft add table inet count; nft 'add chain inet count pre { type filter hook prerouting priority -400; }'; nft add rule inet count pre iifname eth0 ip daddr 127.0.0.1 tcp dport 8081 counter",
    );
    await neighbour.shell(
      'sysctl -qw net.ipv4.conf.all.route_localnet=1; ip addr del 127.0.0.1/8 dev lo; ip route add 127.0.0.1/32 via 10.77.0.1; ip route add 172.16.0.0/12 via 10.77.0.1',
    );
    assert.equal(await curlInVain(neighbour, 'http://127.0.0.1:8081'), '');
    const counted = Number(/packets (\d+)/.exec(await host.do('nft', 'list', 'table', 'inet', 'count'))?.[1]);
    assert.ok(counted > 0, 'the packet came to the host');
    assert.equal(await curlInVain(neighbour, 'http://10.77.0.1:8081'), '');
    assert.equal(await curlInVain(neighbour, `http://${await addressOf('web', 'dual')}:80`), '');
    await host.shell('nft delete table inet count');
    await neighbour.shell('ip route del 127.0.0.1/32; ip addr add 127.0.0.1/8 dev lo');
  });

  test('fault N48: without IPv6 a container has none at all, with it only what it was given', async () => {
    const read = (name: string, file: string): Promise<string> =>
      ok('exec', name, 'cat', `/proc/sys/net/ipv6/conf/eth0/${file}`);
    assert.equal(await read('four', 'disable_ipv6'), '1');
    assert.doesNotMatch(await ok('exec', 'four', 'ip', '-6', 'addr', 'show', 'dev', 'eth0'), /inet6/);
    assert.deepEqual([await read('web', 'disable_ipv6'), await read('web', 'accept_ra')], ['0', '0']);
    assert.match(await ok('exec', 'web', 'ip', '-6', 'route'), /default via fd88::1/);
    // the way out over IPv6 is behind the host's address, as over IPv4
    assert.equal((await daemon.docker('exec', 'web', 'ping', '-6', '-c', '1', '-W', '10', 'fd77::9')).code, 0);
    assert.equal((await daemon.docker('exec', 'web', 'ping', '-c', '1', '-W', '10', '10.77.0.9')).code, 0);
    assert.equal(await ok('exec', 'web', 'cat', '/sys/class/net/eth0/mtu'), '1400', 'the MTU of the way out');
  });

  test('fault N48: an internal network has no way out, and none in', async () => {
    await ok('network', 'create', '--internal', 'back');
    await serve('db', '--network', 'back');
    assert.doesNotMatch(await ok('exec', 'db', 'ip', 'route'), /default/);
    await ok(
      'run',
      '--rm',
      '--network',
      'back',
      '--cap-add',
      'NET_ADMIN',
      'busybox',
      'sh',
      '-c',
      `timeout 1 wget -qO- ${await addressOf('db', 'back')}`,
    );
    const out = await daemon.docker(
      'run',
      '--rm',
      '--network',
      'back',
      '--cap-add',
      'NET_ADMIN',
      'busybox',
      'sh',
      '-c',
      'ip route add default via $(ip route | sed "s/0\\/24.*/1/"); ping -c 1 -W 1 10.77.0.9',
    );
    assert.notEqual(out.code, 0);
    assert.match(out.stdout, /100% packet loss/);
    await ok('rm', '-f', 'db');
    await ok('network', 'rm', 'back');
  });

  test('fault N49: where containers may not talk, none takes another’s address, nor speaks for the router', async () => {
    await ok('network', 'create', '-o', 'com.docker.network.bridge.enable_icc=false', 'apart');
    await serve('victim', '--network', 'apart');
    const victim = await addressOf('victim', 'apart');
    assert.equal(await curl(host, `http://${victim}`), 'victim');
    const attack = `timeout 1 wget -qO- ${victim} && exit 7; ip addr add ${victim}/24 dev eth0; mkdir /w; echo thief > /w/index.html; httpd -p 80 -h /w; arping -c 2 -w 2 -A -I eth0 ${victim}; arping -c 2 -w 2 -U -I eth0 ${victim}; sleep 2`;
    const thief = daemon.docker(
      'run',
      '--rm',
      '--network',
      'apart',
      '--cap-add',
      'NET_ADMIN',
      'busybox',
      'sh',
      '-c',
      attack,
    );
    const seen = new Set<string>();
    let done = false;
    void thief.then(() => (done = true));
    while (!done) seen.add(await curl(host, `http://${victim}`));
    assert.notEqual((await thief).code, 7, 'the neighbour was reached');
    assert.deepEqual([...seen], ['victim']);
    const bridge = `br-${(await ok('network', 'inspect', '-f', '{{.Id}}', 'apart')).slice(0, 12)}`;
    assert.equal((await host.do('cat', `/proc/sys/net/ipv6/conf/${bridge}/accept_ra`)).trim(), '0');
    await ok('rm', '-f', 'victim');
    await ok('network', 'rm', 'apart');
  });

  test('fault N49: a router that a container pretends to be gives neither its neighbours nor the host routes or addresses', async () => {
    const bridge = `br-${(await ok('network', 'inspect', '-f', '{{.Id}}', 'dual')).slice(0, 12)}`;
    await ok('run', '-d', '--name', 'believer', '--stop-timeout', '0', '--network', 'dual', 'busybox', 'sleep', '1000');
    const pid = async (name: string): Promise<string> => ok('inspect', '-f', '{{.State.Pid}}', name);
    const victim = ['nsenter', `--net=/proc/${await pid('believer')}/ns/net`];
    // an address that is still looked at for doubles is there already
    const state = async (enter: readonly string[], link: string): Promise<string> => {
      const settings = `/proc/sys/net/ipv6/conf/${link}`;
      const look = `ip -6 -o addr; ip -6 route; cat ${settings}/mtu ${settings}/hop_limit`;
      return (await host.do(...enter, 'sh', '-ec', look)).replaceAll(' tentative', '');
    };
    // a machine on the same wire that believes routers: what it learns shows that the lie is heard
    using witness = await Place.make();
    const other = witness.path.split('/')[2] ?? '';
    await host.shell(`ip link add witness type veth peer name eth0 netns ${other}`);
    await host.shell(`ip link set witness master ${bridge} up`);
    await witness.shell('echo 2 > /proc/sys/net/ipv6/conf/eth0/accept_ra; ip link set eth0 up');
    const before = [await state(victim, 'eth0'), await state([], bridge)];
    const advertise = new URL('../support/advertise.ts', import.meta.url).pathname;
    const liar = spawn(
      'nsenter',
      [`--net=/proc/${await pid('web')}/ns/net`, process.execPath, advertise, 'eth0', '2001:db8:bad::'],
      { stdio: ['ignore', 'ignore', 'inherit'] },
    );
    programs.push(liar);
    await until(async () => {
      const heard = await state(witness.enter(), 'eth0');
      assert.match(heard, /inet6 2001:db8:bad:/);
      assert.match(heard, /^default via fe80:/m);
      assert.match(heard, /^1280\n7\n$/m);
    }, 30_000);
    assert.deepEqual([await state(victim, 'eth0'), await state([], bridge)], before);
    liar.kill('SIGKILL');
    await host.shell('ip link del witness');
    await ok('rm', '-f', 'believer');
  });

  test('fault N45: ports that cannot be had are refused in Docker’s words, and nothing stays of the try', async () => {
    const state = async (): Promise<string> =>
      `${(await host.do('ip', '-br', 'link')).replaceAll(/@\S+/g, '')}${(await host.do('nft', '-s', 'list', 'ruleset')).replaceAll(/told_\w+/g, '')}`;
    const other = await script(host, "require('net').createServer((c) => c.end('other')).listen(9999, '0.0.0.0')");
    await until(async () => assert.equal(await curl(host, 'telnet://127.0.0.1:9999'), 'other'));
    const before = await state();
    const refused = async (words: RegExp, ...flags: string[]): Promise<void> => {
      const { code, stderr } = await daemon.docker('run', '--rm', ...flags, 'busybox', 'true');
      assert.equal(code, 125);
      assert.match(stderr, words);
    };
    await refused(/Bind for 0\.0\.0\.0:8080 failed: port is already allocated/, '-p', '8080:80');
    await refused(/Bind for 127\.0\.0\.1:8080 failed: port is already allocated/, '-p', '127.0.0.1:8080:80');
    await refused(/port is already allocated/, '-p', '9100:80', '-p', '9100:81');
    await refused(
      /failed to bind host port for 0\.0\.0\.0:9999:\S+:80\/tcp: address already in use/,
      '-p',
      '9998:80',
      '-p',
      '9999:80',
    );
    await refused(/cannot assign requested address/, '-p', '10.9.9.9:9100:80');
    await refused(/invalid hostPort: 65536/, '-p', '65536:80');
    await refused(/invalid containerPort: 70000/, '-p', '80:70000');
    await refused(
      /invalid ranges specified for container and host Ports: 80-81 and 9100-9103/,
      '-p',
      '9100-9103:80-81',
    );
    await until(async () => assert.equal(await state(), before));
    // the same number for UDP is another port
    await ok('run', '--rm', '-p', '8080:80/udp', 'busybox', 'true');
    other.kill('SIGKILL');
  });

  test('gateway modes: routed and unprotected networks are reached at their own addresses, as far as they say', async () => {
    const mode = (value: string): string[] => ['-o', `com.docker.network.bridge.gateway_mode_ipv4=${value}`];
    await ok('network', 'create', '--subnet', '172.29.1.0/24', ...mode('routed'), 'routed');
    await ok('network', 'create', '--subnet', '172.29.2.0/24', ...mode('nat-unprotected'), 'open');
    await ok('network', 'create', '--internal', '--subnet', '172.29.3.0/24', ...mode('isolated'), 'alone');
    await ok(
      'network',
      'create',
      '--subnet',
      '172.29.4.0/24',
      '-o',
      'com.docker.network.bridge.trusted_host_interfaces=eth0',
      '-o',
      'com.docker.network.host_ipv4=10.77.0.1',
      'trusting',
    );
    await serve('rr', '--network', 'routed', '-p', '80');
    await serve('shut', '--network', 'routed');
    await serve('uu', '--network', 'open');
    await serve('tt', '--network', 'trusting', '-p', '8100:80');
    await neighbour.shell('ip route replace 172.29.0.0/16 via 10.77.0.1');
    const at = async (name: string, network: string): Promise<string> =>
      curl(neighbour, `http://${await addressOf(name, network)}`);
    assert.equal(await at('rr', 'routed'), 'rr');
    assert.equal(await curlInVain(neighbour, `http://${await addressOf('shut', 'routed')}`), '');
    assert.equal(
      (await neighbour.run('busybox', 'ping', '-c', '1', '-W', '10', await addressOf('shut', 'routed'))).code,
      0,
    );
    assert.equal(await at('uu', 'open'), 'uu');
    assert.equal(await at('tt', 'trusting'), 'tt');
    assert.equal(await ok('port', 'rr'), '80/tcp -> 0.0.0.0:');
    assert.doesNotMatch(await host.do('ip', '-o', '-4', 'addr'), /172\.29\.3\./);
    assert.equal(
      await ok('network', 'inspect', '-f', '{{json .IPAM.Config}}', 'alone'),
      '[{"Subnet":"172.29.3.0/24"}]',
    );
    await ok('rm', '-f', 'rr', 'shut', 'uu', 'tt');
    await ok('network', 'rm', 'routed', 'open', 'alone', 'trusting');
  });

  test('macvlan: a container on the wire itself', async () => {
    await ok(
      'network',
      'create',
      '-d',
      'macvlan',
      '--subnet',
      '10.77.0.0/24',
      '--gateway',
      '10.77.0.9',
      '-o',
      'parent=eth0',
      'lan',
    );
    await serve('onlan', '--network', 'lan', '--ip', '10.77.0.50', '--mac-address', '02:11:22:33:44:55');
    assert.equal(await curl(neighbour, 'http://10.77.0.50'), 'onlan');
    assert.match(await neighbour.do('ip', 'neigh', 'show', '10.77.0.50'), /02:11:22:33:44:55/);
    assert.match(await ok('exec', 'onlan', 'ip', 'route'), /default via 10\.77\.0\.9/);
    // on and off while it runs, besides a bridge
    await ok('network', 'connect', '--ip', '10.77.0.51', 'lan', 'web');
    assert.equal(await curl(neighbour, 'http://10.77.0.51'), 'web');
    await ok('network', 'disconnect', 'lan', 'web');
    assert.equal(await ok('exec', 'web', 'ls', '/sys/class/net'), 'eth0\nlo');
    assert.equal(await curl(neighbour, 'http://10.77.0.1:8080'), 'web');
    assert.match(
      (await daemon.docker('network', 'create', '-d', 'macvlan', '-o', 'parent=eth9', 'no')).stderr,
      /invalid subinterface vlan name eth9/,
    );
    await ok('rm', '-f', 'onlan');
    await ok('network', 'rm', 'lan');
    assert.match(await host.do('ip', '-br', 'link', 'show', 'eth0'), /eth0/);
  });

  test('several networks on one run: names, priorities, settings and link-local addresses of each', async () => {
    await ok('network', 'create', '--subnet', '172.29.7.0/24', 'a');
    await ok('network', 'create', '--subnet', '172.29.8.0/24', 'b');
    const flags = [
      'name=a,driver-opt=com.docker.network.endpoint.ifname=left0,"driver-opt=com.docker.network.endpoint.sysctls=net.ipv4.conf.IFNAME.log_martians=1,net.ipv4.conf.IFNAME.forwarding=0"',
      'name=b,ip=172.29.8.77,alias=bee,gw-priority=9,link-local-ip=169.254.7.7',
    ].flatMap((one) => ['--network', one]);
    const seen = await ok(
      'run',
      '--rm',
      ...flags,
      'busybox',
      'sh',
      '-c',
      'ls /sys/class/net | tr "\\n" " "; cat /proc/sys/net/ipv4/conf/left0/log_martians /proc/sys/net/ipv4/conf/left0/forwarding; ip -4 -o addr show eth0; ip route',
    );
    assert.match(seen, /^eth0 left0 lo 1\n0\n/);
    assert.match(seen, /172\.29\.8\.77\/24/);
    assert.match(seen, /169\.254\.7\.7\/16/);
    assert.match(seen, /default via 172\.29\.8\.1 dev eth0/);
    const bad = await daemon.docker(
      'run',
      '--rm',
      '--network',
      'name=a,driver-opt=com.docker.network.endpoint.sysctls=net.ipv4.conf.IFNAME.nope=1',
      'busybox',
      'true',
    );
    assert.match(
      bad.stderr,
      /failed to set up container networking: failed to add interface \S+ to sandbox: \/proc\/sys\/net\/ipv4\/conf\/eth0\/nope is not a sysctl file/,
    );
    await ok('network', 'rm', 'a', 'b');
  });
});
