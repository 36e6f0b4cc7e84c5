// `network explain` and `ports` tell what the packets do; `publish-policy: respect-firewall` makes the host's input rules hold for
// published ports. A host and a neighbour in namespaces of their own.
import assert from 'node:assert/strict';
import { after, before, suite, test } from 'node:test';
import { TestDaemon, until } from '../support/daemon.ts';
import { dockerMissing } from '../support/program.ts';
import { Place, wire } from '../support/namespaces.ts';

const SERVE = 'mkdir /www && echo hello > /www/index.html && httpd -f -h /www';

/** One try, which is short: most are there to see that nothing comes. */
async function fetched(from: Place, port: number, address = '10.78.0.1', ...flags: string[]): Promise<boolean> {
  return (await from.run('curl', '-s', '-m', '1', ...flags, `http://${address}:${port}/`)).stdout === 'hello\n';
}

/** As many tries as a busy machine needs. */
const isServed = (...args: Parameters<typeof fetched>): Promise<void> =>
  until(async () => assert.equal(await fetched(...args), true));

async function world(flags: readonly string[]): Promise<{ host: Place; neighbour: Place; daemon: TestDaemon }> {
  const [host, neighbour] = [await Place.make(), await Place.make()];
  await wire(host, ['eth0', '10.78.0.1/24'], neighbour, ['eth0', '10.78.0.9/24']);
  await neighbour.shell('ip addr add 10.78.0.8/24 dev eth0');
  await host.shell('ip route add default via 10.78.0.9');
  const daemon = await TestDaemon.start([...flags], host.enterOffline());
  await daemon.busybox();
  return { host, neighbour, daemon };
}

suite('what stops a connection', { skip: dockerMissing() }, () => {
  let at: Awaited<ReturnType<typeof world>>;
  const run = async (...args: string[]): Promise<void> => {
    const { code, stderr } = await at.daemon.docker('run', '-d', '--stop-timeout', '0', ...args);
    assert.equal(code, 0, stderr);
  };
  const explain = async (...args: string[]): Promise<string> => {
    const { code, stdout, stderr } = await at.daemon.berth('network', 'explain', '-q', ...args);
    return `${code} ${stdout}${stderr}`.trim();
  };
  const canReach = async (from: string, address: string, seconds = 1): Promise<boolean> =>
    (await at.daemon.docker('exec', from, 'timeout', `${seconds}`, 'wget', '-q', '-O-', `http://${address}/`)).code ===
    0;

  before(async () => {
    at = await world([]);
    for (const network of [['app'], ['db'], ['apart', '-o', 'com.docker.network.bridge.enable_icc=false']])
      await at.daemon.docker('network', 'create', ...network);
    await run('--name', 'client', '--network', 'app', 'busybox', 'sleep', '100');
    await run(
      '--name',
      'web',
      '--network',
      'app',
      '--network-alias',
      'www',
      '-p',
      '8080:80',
      'busybox',
      'sh',
      '-c',
      SERVE,
    );
    await run('--name', 'deaf', '--network', 'app', 'busybox', 'sh', '-c', `${SERVE} -p 127.0.0.1:80`);
    await run('--name', 'store', '--network', 'db', '-p', '127.0.0.1:8081:80', 'busybox', 'sh', '-c', SERVE);
    await run('--name', 'one', '--network', 'apart', 'busybox', 'sleep', '100');
    await run('--name', 'two', '--network', 'apart', 'busybox', 'sh', '-c', SERVE);
    await until(async () => assert.match(await explain('two', 'two:80'), /^0/));
    await until(async () => assert.match(await explain('deaf', 'deaf:80'), /^0/));
    await until(async () => assert.match(await explain('host', 'store:8081'), /^0/));
  });
  after(async () => {
    const { stdout } = await at.daemon.docker('ps', '-aq');
    await at.daemon.docker('rm', '-f', ...stdout.trim().split('\n'));
    assert.deepEqual(await at.daemon.end(), []);
    at.host[Symbol.dispose]();
    at.neighbour[Symbol.dispose]();
  });

  test('what it says between containers is what happens', async () => {
    assert.equal(await explain('client', 'web:80'), '0 yes: web answers on tcp port 80');
    assert.equal(await explain('client', 'www:80'), '0 yes: web answers on tcp port 80');
    assert.equal(await canReach('client', 'www', 10), true);
    assert.equal(await explain('client', 'deaf:80'), '3 no: deaf listens only on 127.0.0.1');
    assert.equal(await canReach('client', 'deaf'), false);
    assert.equal(await explain('client', 'store:80'), '3 no: no network in common: client is on app, store on db');
    assert.match(await explain('one', 'two:80'), /^3 no: refused by rule: containers on apart do not reach/);
    assert.equal(await canReach('one', 'two'), false);
    assert.match(await explain('client', 'nobody:80'), /^3 no: there is no container that is called nobody/);
    assert.match(await explain('client', 'web:81'), /^3 no: nothing in web listens on port 81; it listens on 80$/m);
    assert.match(await explain('web', 'client:80'), /^3 no: nothing in client listens on tcp port 80$/m);
  });

  test('and through published ports', async () => {
    assert.equal(await explain('outside', 'web:8080'), '0 yes: web answers on tcp port 80');
    await isServed(at.neighbour, 8080);
    assert.equal(await explain('outside', 'web:80'), "3 no: web's port 80 is published on 8080, not 80");
    assert.equal(await explain('host', 'store:8081'), '0 yes: store answers on tcp port 80');
    await isServed(at.host, 8081, '127.0.0.1');
    assert.match(await explain('outside', 'store:8081'), /^3 no: published on 127.0.0.1 only/);
  });

  test('to the host, its addresses, and the world', async () => {
    assert.equal(await explain('client', 'host:8080'), '0 yes: web answers on tcp port 80');
    assert.equal(await explain('outside', '10.78.0.1:8080'), '0 yes: web answers on tcp port 80');
    assert.equal(await explain('client', '10.78.0.1:8080'), '0 yes: web answers on tcp port 80');
    assert.equal(await canReach('client', '10.78.0.1:8080', 10), true);
    assert.match(await explain('client', 'host:8081'), /^3 no: published on 127\.0\.0\.1 only, which a container/);
    assert.match(await explain('client', '10.78.0.1:8099'), /^3 no: no container publishes port 8099 of this host/);
    assert.match(await explain('client', '10.78.0.9:80'), /^0 yes: client gets out to 10\.78\.0\.9 over app/);
    assert.match(await explain('web', 'web:8080'), /^3 no: web's port 80 is published on port 8080 of the host/);
  });

  test('on the wire of a macvlan network', async () => {
    const options = '-d macvlan -o parent=eth0 --subnet 10.78.0.0/24 --ip-range 10.78.0.64/26 --gateway 10.78.0.9 lan';
    const made = await at.daemon.docker('network', 'create', ...options.split(' '));
    assert.equal(made.code, 0, made.stderr);
    await run('--name', 'near', '--network', 'lan', 'busybox', 'sleep', '100');
    await run('--name', 'wired', '--network', 'lan', '--ip', '10.78.0.70', 'busybox', 'sh', '-c', SERVE);
    await isServed(at.neighbour, 80, '10.78.0.70');
    assert.equal(await explain('outside', 'wired:80'), '0 yes: wired answers on tcp port 80');
    assert.equal(await explain('near', 'wired:80'), '0 yes: wired answers on tcp port 80');
    assert.equal(await canReach('near', '10.78.0.70', 10), true);
    assert.match(await explain('host', 'wired:80'), /^3 no: lan is a macvlan network: the kernel lets nothing pass/);
    assert.equal(await fetched(at.host, 80, '10.78.0.70'), false);
  });

  test('ports: who reaches what, and a host firewall that is bypassed', async () => {
    const before = await at.daemon.berth('ports');
    assert.match(before.stdout, /^HOST +PORT +CONTAINER +REACHABLE BY +WARNING\n/);
    assert.match(before.stdout, /0\.0\.0\.0:8080 +80\/tcp +web +everybody *\n/);
    assert.match(before.stdout, /127\.0\.0\.1:8081 +80\/tcp +store +this host *\n/);
    await at.host.shell(
      "nft 'add table ip fw; add chain ip fw in { type filter hook input priority 0; policy drop; }'",
    );
    const { stdout } = await at.daemon.berth('ports');
    assert.match(
      stdout,
      /web +everybody +the host firewall is bypassed: table ip fw, chain in: policy drop would refuse it/,
    );
    await isServed(at.neighbour, 8080);
    await at.host.shell('nft delete table ip fw');
    for (const [family, head, port] of [
      ['inet', 'prerouting priority -300', 8080],
      ['inet', 'forward priority 0', 80],
      ['netdev', 'ingress device eth0 priority 0', 8080],
    ] as const) {
      await at.host.shell(
        `nft 'add table ${family} raw2; add chain ${family} raw2 c { type filter hook ${head}; }; add rule ${family} raw2 c tcp dport ${port} drop'`,
      );
      assert.match(await explain('outside', 'web:8080'), /^3 no: refused by rule: table \w+ raw2, chain c: tcp dport/);
      assert.equal(await fetched(at.neighbour, 8080), false);
      assert.match((await at.daemon.berth('ports')).stdout, /web +this host *\n/);
      await at.host.shell(`nft delete table ${family} raw2`);
    }
  });

  test('bad questions', async () => {
    assert.match(await explain('client', 'web'), /^1 invalid target "web": it has the form NAME:PORT/);
    assert.match(await explain('client', 'web:70000'), /^1 .*invalid port: 70000/);
    assert.match(await explain('client', 'web:80/icmp'), /^1 .*invalid protocol: icmp/);
    assert.match(await explain('no-one', 'web:80'), /^1 .*there is no container that is called no-one/);
  });
});

suite('published ports obey the host firewall where that is asked for', { skip: dockerMissing() }, () => {
  let at: Awaited<ReturnType<typeof world>>;
  before(async () => {
    at = await world(['--publish-policy', 'respect-firewall']);
    const program = ['busybox', 'sh', '-c', SERVE];
    const { code, stderr } = await at.daemon.docker('run', '-d', '--name', 'web', '-p', '8080:80', ...program);
    assert.equal(code, 0, stderr);
    await isServed(at.neighbour, 8080);
  });
  after(async () => {
    await at.daemon.docker('rm', '-f', 'web');
    assert.deepEqual(await at.daemon.end(), []);
    at.host[Symbol.dispose]();
    at.neighbour[Symbol.dispose]();
  });
  const becomes = (wanted: boolean): Promise<void> =>
    until(async () => assert.equal(await fetched(at.neighbour, 8080), wanted));

  test('a policy that drops closes them; a rule that lets one source in opens them for it', async () => {
    await at.host.shell(`nft -f - <<'END'
table inet fw {
  set friends { type ipv4_addr; elements = { 10.78.0.8 } }
  chain input {
    type filter hook input priority 0; policy drop;
    ct state established,related accept
    iifname "lo" accept
    ip saddr @friends tcp dport 8080 accept
  }
}
END`);
    await becomes(false);
    await isServed(at.host, 8080, '127.0.0.1');
    await isServed(at.neighbour, 8080, '10.78.0.1', '--interface', '10.78.0.8');
    assert.match((await at.daemon.berth('ports')).stdout, /web +whom the host firewall lets in/);
    await at.host.shell('nft add rule inet fw input tcp dport 8000-8090 accept');
    await becomes(true);
    await at.host.shell('nft delete table inet fw');
  });

  test('as iptables writes it, too', async () => {
    await at.host.shell(
      'iptables-nft -P INPUT DROP; iptables-nft -A INPUT -m conntrack --ctstate ESTABLISHED -j ACCEPT',
    );
    await becomes(false);
    await at.host.shell('iptables-nft -A INPUT -p tcp -m multiport --dports 8080,8081 -j ACCEPT');
    await becomes(true);
    await at.host.shell('iptables-nft -P INPUT ACCEPT; iptables-nft -F INPUT');
  });

  test('fault N47: the copy comes back when everything is flushed', async () => {
    await at.host.shell(
      "nft 'add table ip fw; add chain ip fw in { type filter hook input priority 0; policy drop; }'",
    );
    await becomes(false);
    await at.host.shell('nft flush ruleset');
    await becomes(true);
  });
});
