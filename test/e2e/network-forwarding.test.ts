// Forwarding that the daemon turns on: a host that was no router stays none, and is again what it was when the last daemon has ended.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { TestDaemon, until } from '../support/daemon.ts';
import { Place, wire } from '../support/namespaces.ts';

const SETTINGS = '/proc/sys/net/ipv4/ip_forward /proc/sys/net/ipv6/conf/all/forwarding';

/** A host without forwarding between two neighbours, each of which sends what it does not know to it. */
async function hostBetween(): Promise<{ host: Place; a: Place; b: Place } & Disposable> {
  const [host, a, b] = [await Place.make(), await Place.make(), await Place.make()];
  await wire(host, ['eth0', '10.71.0.1/24', 'fd71::1/64'], a, ['eth0', '10.71.0.2/24', 'fd71::2/64']);
  await wire(host, ['eth1', '10.72.0.1/24', 'fd72::1/64'], b, ['eth0', '10.72.0.2/24', 'fd72::2/64']);
  await host.shell(`for f in ${SETTINGS}; do echo 0 > $f; done`);
  await a.shell('ip route add default via 10.71.0.1; ip -6 route add default via fd71::1');
  await b.shell('ip route add default via 10.72.0.1; ip -6 route add default via fd72::1');
  return { host, a, b, [Symbol.dispose]: () => [host, a, b].forEach((one) => one[Symbol.dispose]()) };
}

/** Which of the addresses answer: nobody listens there, so that they refuse. */
async function reached(from: Place, ...addresses: string[]): Promise<string[]> {
  const all = await Promise.all(
    addresses.map(async (one) => {
      const url = one.includes(':') ? `http://[${one}]:9/` : `http://${one}:9/`;
      const { stderr } = await from.run('curl', '-vg', '-m', '1', url);
      return /connection refused/i.test(stderr) ? [one] : [];
    }),
  );
  return all.flat();
}

const B = ['10.72.0.2', 'fd72::2'];
const forwarding = (host: Place): Promise<string> => host.shell(`cat ${SETTINGS} | tr -d '\\n'`);
const guards = (host: Place): Promise<string> => host.shell('nft list tables | grep -c berth_forward || true');

test('safety M2: neighbours of a host do not reach each other through it, whatever daemons run, and it is as it was after the last', async () => {
  using world = await hostBetween();
  const { host, a, b } = world;
  assert.deepEqual(await reached(a, ...B), []);
  await using first = await TestDaemon.start(['--ipv6', '--fixed-cidr-v6', 'fd73::/64'], host.enterOffline());
  await using second = await TestDaemon.start([], host.enterOffline());
  assert.equal(await forwarding(host), '11');
  assert.deepEqual(await reached(a, ...B), []);
  assert.deepEqual(await reached(a, '10.71.0.1', 'fd71::1'), ['10.71.0.1', 'fd71::1'], 'the host itself is reached');
  // a container is a place behind the bridge
  using container = await Place.make();
  const bridge =
    (await host.shell("ip -o link show type bridge | sed -n 's/^[0-9]*: \\([^:]*\\):.*/\\1/p'")).split('\n')[0] ?? '';
  const own = await host.shell(`ip -o -4 addr show ${bridge} | sed 's/.*inet \\([0-9.]*\\).*/\\1/'`);
  const inside = own.trim().replace(/\.1$/, '.9');
  await wire(host, ['v0'], container, ['eth0', `${inside}/24`]);
  await host.shell(`ip link set v0 master ${bridge}`);
  await container.shell(`ip route add default via ${own.trim()}`);
  assert.deepEqual(await reached(container, '10.72.0.2', '10.71.0.2'), ['10.72.0.2', '10.71.0.2']);
  // the guard outlives a crash, and goes with the last daemon only
  await first.kill();
  assert.deepEqual(await reached(a, ...B), []);
  await first.up();
  await second.stop();
  assert.equal(await forwarding(host), '11');
  assert.deepEqual(await reached(a, ...B), []);
  // a guard that somebody takes away with everything else is put back
  await host.shell('nft flush ruleset');
  await until(async () => assert.equal((await guards(host)).trim(), '2'));
  await first.stop();
  assert.equal(await forwarding(host), '00');
  assert.equal((await guards(host)).trim(), '0');
  assert.deepEqual(await reached(a, ...B), []);
  assert.deepEqual(await reached(b, '10.71.0.2'), []);
});

test('safety M2: who wants a router says so, and another program with bridges of its own keeps its forwarding', async () => {
  using world = await hostBetween();
  const { host, a } = world;
  await using daemon = await TestDaemon.start(['--ip-forward-no-drop'], host.enterOffline());
  assert.deepEqual(await reached(a, ...B), ['10.72.0.2']);
  await daemon.stop();
  assert.equal(await forwarding(host), '00');
  await daemon.up();
  await host.shell('ip link add docker0 type bridge; ip addr add 10.74.0.1/24 dev docker0; ip link set docker0 up');
  await daemon.stop();
  assert.equal(await forwarding(host), '10');
  assert.match(daemon.log, /forwarding stays on for bridge docker0/);
});

test('safety M2: a host that forwards already is left alone', async () => {
  using world = await hostBetween();
  const { host, a } = world;
  await host.shell('echo 1 > /proc/sys/net/ipv4/ip_forward');
  await using daemon = await TestDaemon.start([], host.enterOffline());
  assert.deepEqual(await reached(a, ...B), ['10.72.0.2']);
  await daemon.stop();
  assert.equal(await forwarding(host), '10');
});
