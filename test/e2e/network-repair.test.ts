// Others change links and rules under the daemon's feet: what is its own is put back within a moment, what is theirs is left alone.
// Everything happens in a namespace, with a neighbour on the wire, so that nothing of this machine is touched.
import assert from 'node:assert/strict';
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

/** What the neighbour gets from a port of the host; empty when nothing. */
async function fetched(port: number, address = '10.77.0.1'): Promise<string> {
  return (await neighbour.run('curl', '-s', '-m', '1', `http://${address}:${port}/`)).stdout;
}

const served = (): Promise<void> => until(async () => assert.equal(await fetched(8080), 'hello\n'));
const bridgeOf = async (network: string): Promise<string> =>
  `br-${(await ok('network', 'inspect', '-f', '{{.Id}}', network)).slice(0, 12)}`;
/** The rules as nft prints them, without counters and the names that change with every telling. */
const rules = async (): Promise<string> =>
  (await host.do('nft', '-s', 'list', 'table', 'inet', `berth_${daemon.instance}`)).replaceAll(/told_\w+/g, 'told');

suite('under the feet', { skip: dockerMissing() }, () => {
  before(async () => {
    [host, neighbour] = [await Place.make(), await Place.make()];
    await wire(host, ['eth0', '10.77.0.1/24'], neighbour, ['eth0', '10.77.0.9/24']);
    await host.shell('ip route add default via 10.77.0.9');
    await neighbour.shell('ip route add default via 10.77.0.1');
    daemon = await TestDaemon.start([], host.enterOffline());
    await daemon.busybox();
    await ok('network', 'create', 'front');
    const flags = ['--stop-timeout', '0', '--network', 'front', '-p', '8080:80'];
    const program = 'mkdir /www && echo hello > /www/index.html && httpd -f -h /www';
    await ok('run', '-d', '--name', 'web', ...flags, 'busybox', 'sh', '-c', program);
    await served();
  });

  after(async () => {
    await daemon.docker('rm', '-f', 'web');
    const left = await daemon.end();
    const links = await host.do('ip', '-br', 'link');
    const tables = await host.do('nft', 'list', 'ruleset');
    host[Symbol.dispose]();
    neighbour[Symbol.dispose]();
    assert.deepEqual(left, []);
    assert.doesNotMatch(links, /br-|bv|berth/);
    assert.doesNotMatch(tables, /berth/);
  });

  test('fault N47: the whole ruleset is flushed', async () => {
    const before = await rules();
    await host.do('nft', 'flush', 'ruleset');
    await served();
    assert.equal(await rules(), before);
    assert.match(daemon.log, /was changed by another program: it is put back/);
  });

  test('fault N47: a chain of the daemon’s is emptied, a rule is put in front, the table is deleted', async () => {
    const before = await rules();
    const table = `berth_${daemon.instance}`;
    for (const words of [
      ['flush', 'chain', 'inet', table, 'prerouting'],
      ['insert', 'rule', 'inet', table, 'forward', 'accept'],
      ['delete', 'table', 'inet', table],
    ]) {
      await host.do('nft', ...words);
      await until(async () => assert.equal(await rules(), before));
    }
    await served();
  });

  test('the daemon does not take its own changes for those of others, and leaves other tables alone', async () => {
    await host.shell('nft add table inet theirs; nft add chain inet theirs c');
    const said = (): number => daemon.log.split('was changed by another program').length;
    const before = said();
    await ok('network', 'create', 'quiet');
    for (let turn = 0; turn < 3; turn += 1)
      await ok('run', '--rm', '--network', 'quiet', '-p', '9090:90', 'busybox', 'true');
    await ok('network', 'rm', 'quiet');
    await new Promise((resolve) => setTimeout(resolve, 400));
    assert.equal(said(), before);
    assert.match(await host.do('nft', 'list', 'table', 'inet', 'theirs'), /chain c/);
  });

  test('fault N47: a bridge is deleted, loses its address, goes down, loses a container', async () => {
    const bridge = await bridgeOf('front');
    const address = await host.do('ip', '-o', '-4', 'addr', 'show', 'dev', bridge);
    const link = /^\d+: (bv\w+)@/m.exec(await host.do('ip', '-o', 'link', 'show', 'master', bridge))?.[1] ?? '';
    for (const words of [
      ['link', 'del', bridge],
      ['addr', 'flush', 'dev', bridge],
      ['link', 'set', bridge, 'down'],
      ['link', 'set', link, 'nomaster'],
    ]) {
      await host.do('ip', ...words);
      await served();
      const now = await host.do('ip', '-o', '-4', 'addr', 'show', 'dev', bridge);
      assert.equal(now.replace(/^\d+: /, ''), address.replace(/^\d+: /, ''), words.join(' '));
    }
  });

  test('fault N47: the host’s end of a pair goes down, and is deleted', async () => {
    const inside = (): Promise<string> => ok('exec', 'web', 'sh', '-c', 'ip -o addr show eth0; ip route');
    const before = (await inside()).replaceAll(/@if\d+|^\d+:/gm, '');
    const end = /(bv\S+?)@/.exec(await host.do('ip', '-br', 'link'))?.[1] ?? '';
    await host.do('ip', 'link', 'set', end, 'down');
    await served();
    assert.match(daemon.log, /raise bv\w+ +# the host's end of the container's pair is down/);
    await host.do('ip', 'link', 'del', end);
    await served();
    assert.equal((await inside()).replaceAll(/@if\d+|^\d+:/gm, ''), before);
    assert.match(daemon.log, /attach bv\w+ +# the container has lost its interface/);
    const notified = daemon.log.length;
    await ok('run', '--rm', '--network', 'front', 'busybox', 'true');
    assert.doesNotMatch(daemon.log.slice(notified), /lost its interface/);
  });

  test('fault N47: forward policy drop, before and after; the rules are there only as long as it is, and come back when flushed', async () => {
    const forward = async (): Promise<string[]> =>
      (await host.do('iptables', '-S', 'FORWARD')).split('\n').filter((line) => line.includes('berth_'));
    const bridge = await bridgeOf('front');
    await host.shell('iptables -A FORWARD -p tcp --dport 81 -j DROP; iptables -P FORWARD DROP');
    await until(async () => assert.equal((await forward()).filter((line) => line.includes(bridge)).length, 2));
    await served();
    assert.equal((await neighbour.run('curl', '-s', '-m', '1', 'http://10.77.0.1:8081/')).code !== 0, true);
    // the world is reached from inside as well
    const out = neighbour.spawn('sh', '-c', 'mkdir -p /tmp/x; busybox nc -l -p 7000 -e echo out');
    await until(
      async () => assert.equal(await ok('exec', 'web', 'sh', '-c', 'nc -w 1 10.77.0.9 7000 </dev/null'), 'out'),
      3000,
    );
    out.kill('SIGKILL');
    await ok('network', 'create', 'later');
    const later = await bridgeOf('later');
    assert.equal((await forward()).filter((line) => line.includes(later)).length, 2);
    await ok('network', 'rm', 'later');
    assert.equal((await forward()).filter((line) => line.includes(later)).length, 0);
    await host.do('iptables', '-F', 'FORWARD');
    await served();
    await host.do('iptables', '-P', 'FORWARD', 'ACCEPT');
    await until(async () => assert.deepEqual(await forward(), []));
    // a table of nft's own way
    await host.shell(
      "nft add table inet theirs2; nft 'add chain inet theirs2 last { type filter hook forward priority 10; policy drop; }'",
    );
    await served();
    await host.do('nft', 'delete', 'table', 'inet', 'theirs2');
    await served();
  });
});
