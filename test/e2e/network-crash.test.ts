// The daemon dies, nft fails, leftovers of a former life lie about, networks come and go: nothing stays that nobody asked for.
import assert from 'node:assert/strict';
import { chmodSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, suite, test } from 'node:test';
import { findProgram } from '../../src/host/find.ts';
import { KernelEvents } from '../../src/host/netlink/events.ts';
import { inNamespaceAt } from '../../src/host/netlink/index.ts';
import { pause, TestDaemon, until } from '../support/daemon.ts';
import { dockerMissing } from '../support/program.ts';
import { Place, wire } from '../support/namespaces.ts';

let host: Place;
let other: Place;
let daemon: TestDaemon;
/** Holds an `nft` of the test's own, which fails while there is a file `fail`, and writes a line into `calls`. */
const folder = mkdtempSync('/tmp/berth-nft-');

async function ok(...args: string[]): Promise<string> {
  const { code, stdout, stderr } = await daemon.docker(...args);
  assert.equal(code, 0, `docker ${args.join(' ')}: ${stderr}`);
  return stdout.trim();
}

/** Links and rules of the host, without what changes with every telling, and without the guard of forwarding, which stays with the daemon. */
async function state(): Promise<string> {
  const links = (await host.do('ip', '-br', 'link')).replaceAll(/^(\S+?)(@\S+)? .*$/gm, '$1');
  const rules = (await host.do('nft', '-s', 'list', 'ruleset'))
    .replaceAll(/told_\w+/g, 'told')
    .replaceAll(/^table ip6? berth_forward \{\n[^]*?^\}\n/gm, '');
  return `${links}${rules}`;
}

suite('crashes and leftovers', { skip: dockerMissing() }, () => {
  let rest: string;

  before(async () => {
    [host, other] = [await Place.make(), await Place.make()];
    await wire(host, ['eth0', '10.77.0.1/24'], other, ['eth0', '10.77.0.9/24']);
    await host.shell('ip route add default via 10.77.0.9');
    const nft = join(folder, 'nft');
    writeFileSync(
      nft,
      `#!/bin/sh\necho >> ${folder}/calls\n[ -e ${folder}/fail ] && { echo no room >&2; exit 1; }\nexec ${findProgram('nft')} "$@"\n`,
    );
    chmodSync(nft, 0o755);
    daemon = await TestDaemon.start([], [...host.enterOffline(), `PATH=${folder}:${process.env['PATH'] ?? ''}`]);
    await daemon.busybox();
    rest = await state();
  });

  after(async () => {
    const left = await daemon.end();
    const links = await host.do('ip', '-br', 'link');
    host[Symbol.dispose]();
    other[Symbol.dispose]();
    rmSync(folder, { recursive: true, force: true });
    assert.deepEqual(left, []);
    assert.doesNotMatch(links, /br-|bv|berth/);
  });

  for (let point = 0; point < 8; point += 1) {
    test(`fault K64: kill -9 at point ${point} of networks being made, used and removed leaves nothing`, async () => {
      const life = (async () => {
        await daemon.call('POST', '/networks/create', { Name: 'one', EnableIPv6: true });
        await daemon.call('POST', '/networks/create', { Name: 'two', Internal: true });
        await daemon.call('POST', '/containers/create?name=life', {
          Image: 'busybox',
          Cmd: ['sleep', '1000'],
          HostConfig: { NetworkMode: 'one', PortBindings: { '80/tcp': [{ HostPort: '8080' }] } },
        });
        await daemon.call('POST', '/containers/life/start');
        await daemon.call('POST', '/networks/two/connect', { Container: 'life' });
        await daemon.call('POST', '/networks/two/disconnect', { Container: 'life' });
        await daemon.call('DELETE', '/containers/life?force=1');
        await daemon.call('DELETE', '/networks/one');
        await daemon.call('DELETE', '/networks/two');
      })().catch(() => undefined);
      await pause(point * 24);
      await daemon.kill();
      await life;
      await daemon.up();
      const { body } = await daemon.get('/containers/json?all=1');
      for (const { Id } of JSON.parse(body) as { Id: string }[])
        await until(async () => assert.equal((await daemon.call('DELETE', `/containers/${Id}?force=1`)).status, 204));
      for (const name of ['one', 'two'])
        assert.ok([204, 404].includes((await daemon.call('DELETE', `/networks/${name}`)).status), name);
      await until(async () => assert.equal(await state(), rest));
      assert.deepEqual(daemon.leftovers(), []);
    });
  }

  test('fault K67: what a former life of this daemon left is swept at the start, what others have stays', async () => {
    await daemon.kill();
    await host.shell(`
      ip link add bv${daemon.instance.slice(0, 5)}deadbeef type veth peer name stale0
      ip link add br-stale type bridge; ip link set br-stale alias "berth ${daemon.instance}"
      ip link add br-theirs type bridge; ip link set br-theirs alias "berth 00000000"
      nft add table inet berth_${daemon.instance}; nft add table inet berth_00000000
      nft add chain inet berth_${daemon.instance} stale
      iptables -A FORWARD -i br-stale -m comment --comment berth_${daemon.instance} -j ACCEPT
      iptables -A FORWARD -i br-theirs -m comment --comment berth_00000000 -j ACCEPT`);
    await daemon.up();
    const now = await state();
    assert.doesNotMatch(now, /deadbeef|br-stale|stale/);
    assert.match(now, /br-theirs/);
    assert.match(now, /berth_00000000/);
    assert.equal((await host.do('iptables', '-S', 'FORWARD')).match(/berth_/g)?.length, 1);
    await host.shell('ip link del br-theirs; nft delete table inet berth_00000000; iptables -F FORWARD');
    await host.shell('nft delete table ip filter || true');
    await until(async () => assert.equal(await state(), rest));
  });

  test('fault K66: while the kernel takes no rules every verb is refused with the reason and leaves nothing; then all is well', async () => {
    writeFileSync(join(folder, 'fail'), '');
    // with its table gone the daemon has to tell all of it, which nft does
    await host.do(findProgram('nft') ?? '', 'delete', 'table', 'inet', `berth_${daemon.instance}`);
    const made = await daemon.docker('network', 'create', 'none-such');
    assert.equal(made.code, 1);
    assert.match(made.stderr, /nft refused: no room/);
    const ran = await daemon.docker('run', '--rm', '-p', '8080:80', 'busybox', 'true');
    assert.equal(ran.code, 125);
    assert.match(ran.stderr, /failed to set up container networking: nft refused: no room/);
    rmSync(join(folder, 'fail'));
    assert.equal((await daemon.docker('network', 'inspect', 'none-such')).code, 1);
    assert.equal(await ok('run', '--rm', '-p', '8080:80', 'busybox', 'echo', 'well'), 'well');
    await until(async () => assert.equal(await state(), rest));
    assert.deepEqual(daemon.leftovers(), []);
  });

  test('fault N46: subnets and addresses that cannot be had, in Docker’s words', async () => {
    const refused = async (words: RegExp, ...args: string[]): Promise<void> => {
      const { code, stderr } = await daemon.docker(...args);
      assert.notEqual(code, 0, args.join(' '));
      assert.match(stderr, words);
    };
    const make = ['network', 'create'];
    await ok(...make, '--subnet', '10.50.0.0/30', 'small');
    await refused(
      /invalid pool request: Pool overlaps with other one on this address space/,
      ...make,
      '--subnet',
      '10.50.0.0/16',
      'x',
    );
    await refused(
      /no matching subnet for gateway 10\.9\.0\.1/,
      ...make,
      '--subnet',
      '10.51.0.0/24',
      '--gateway',
      '10.9.0.1',
      'x',
    );
    await refused(
      /invalid subnet 10\.51\.0\.9\/24: it should be 10\.51\.0\.0\/24/,
      ...make,
      '--subnet',
      '10.51.0.9/24',
      'x',
    );
    const two = ['--subnet', '10.52.0.0/24', '--subnet', '10.53.0.0/24'];
    await refused(/bridge driver doesn't support multiple subnets/, ...make, ...two, 'x');
    await ok('run', '-d', '--name', 'only', '--stop-timeout', '0', '--network', 'small', 'busybox', 'sleep', '1000');
    await refused(
      /no available IPv4 addresses on this network's address pools: small \(/,
      'run',
      '--rm',
      '--network',
      'small',
      'busybox',
      'true',
    );
    await refused(/network small has active endpoints \(name:"only" id:"[0-9a-f]{12}"\)/, 'network', 'rm', 'small');
    await refused(
      /no configured subnet or ip-range contain the IP address 10\.51\.0\.2|It does not belong/,
      'run',
      '--rm',
      '--network',
      'small',
      '--ip',
      '10.51.0.2',
      'busybox',
      'true',
    );
    // the address is known after a crash, and free when its container is gone
    await daemon.kill();
    await daemon.up();
    await refused(/no available IPv4 addresses/, 'run', '--rm', '--network', 'small', 'busybox', 'true');
    await ok('rm', '-f', 'only');
    assert.match(
      await ok('run', '--rm', '--network', 'small', 'busybox', 'ip', '-4', '-o', 'addr'),
      /10\.50\.0\.2\/30/,
    );
    await ok('network', 'rm', 'small');
    await until(async () => assert.equal(await state(), rest));
  });

  test('fault N46: a hundred and fifty networks, each of which costs what the first did, and nothing of them stays', async () => {
    // what the kernel tells of changes of rules, by kind
    const heard: number[] = [];
    using _events = inNamespaceAt(
      host.path,
      () =>
        new KernelEvents(
          'firewall',
          (messages) => heard.push(...messages.map(({ type }) => type & 0xff)),
          () => heard.push(Number.NaN),
        ),
    );
    const [added, deleted, ended] = [12, 14, 15];
    const calls = (): number => readFileSync(join(folder, 'calls'), 'utf8').length;
    const steps = (): number => daemon.log.split(/\\n(?:addBridge|mark|addAddress|raise|join|remove) /).length - 1;
    const make = async (name: string): Promise<void> => {
      const { status, body } = await daemon.call('POST', '/networks/create', { Name: name });
      assert.equal(status, 201, body);
    };
    const [stepsBefore, callsBefore] = [steps(), calls()];
    const count = (kind: number): number => heard.filter((one) => one === kind).length;
    await make('many0');
    await until(() => assert.equal(count(ended), 1));
    const one = { elements: count(added), steps: steps() - stepsBefore };
    assert.ok(one.elements > 0 && one.steps > 0);
    const names = Array.from({ length: 149 }, (_, index) => `many${index + 1}`);
    for (const name of names) await make(name);
    await until(() => assert.equal(count(ended), 150));
    assert.equal(count(added), 150 * one.elements);
    assert.equal(heard.length, 150 * (one.elements + 1), 'nothing but elements came');
    assert.equal(steps() - stepsBefore, 150 * one.steps);
    assert.equal(await ok('run', '--rm', '--network', 'many149', 'busybox', 'echo', 'well'), 'well');
    const gone = await Promise.all(['many0', ...names].map((name) => daemon.call('DELETE', `/networks/${name}`)));
    assert.deepEqual([...new Set(gone.map(({ status }) => status))], [204]);
    await until(() => assert.equal(count(ended), 300));
    assert.equal(count(deleted), 150 * one.elements);
    assert.equal(calls(), callsBefore, 'nft was not asked');
    await until(async () => assert.equal(await state(), rest));
    assert.deepEqual(daemon.leftovers(), []);
  });

  test('fault K68: networks and containers come and go, many at a time; descriptors, links, rules and addresses are as before', async () => {
    const descriptors = (): number => readdirSync(`/proc/${daemon.pid}/fd`).length;
    const turn = async (name: string): Promise<void> => {
      const made = await daemon.call('POST', '/networks/create', { Name: name, EnableIPv6: true });
      assert.equal(made.status, 201, made.body);
      const HostConfig = { NetworkMode: name, PublishAllPorts: true, AutoRemove: true };
      const body = { Image: 'busybox', Cmd: ['true'], ExposedPorts: { '80/tcp': {} }, HostConfig };
      const { body: created } = await daemon.call('POST', `/containers/create?name=${name}`, body);
      const { Id } = JSON.parse(created) as { Id: string };
      const gone = daemon.call('POST', `/containers/${Id}/wait?condition=removed`);
      assert.equal((await daemon.call('POST', `/containers/${Id}/start`)).status, 204);
      await gone;
      assert.equal((await daemon.call('DELETE', `/networks/${name}`)).status, 204);
    };
    await turn('warm');
    await pause(300);
    const before = descriptors();
    const rounds = Number(process.env['BERTH_CYCLES'] ?? 20) / 4;
    for (let round = 0; round < rounds; round += 1)
      await Promise.all(['a', 'b', 'c', 'd'].map((one) => turn(`${one}${round}`)));
    await until(async () => assert.equal(await state(), rest));
    await until(() => assert.ok(descriptors() <= before + 2, `${descriptors()} descriptors, ${before} before`));
    assert.deepEqual(daemon.leftovers(), []);
    assert.match(await ok('run', '--rm', 'busybox', 'ip', '-4', '-o', 'addr', 'show', 'eth0'), /\.0\.2\/24/);
  });
});
