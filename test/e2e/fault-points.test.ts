// The daemon dies at each point at which it writes state or changes the kernel, one by one: nothing is left half done.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { TestDaemon, until } from '../support/daemon.ts';

let daemon: TestDaemon;

before(async () => {
  daemon = await TestDaemon.start();
  await daemon.busybox();
});

after(async () => {
  assert.deepEqual(await daemon.end(), []);
});

/** Everything that is written and made in the life of a container with a network, a port and a volume. Stops when the daemon has died. */
async function life(): Promise<void> {
  const calls: readonly (readonly [string, string, unknown?])[] = [
    ['POST', '/networks/create', { Name: 'net', EnableIPv6: true }],
    ['POST', '/volumes/create', { Name: 'vol' }],
    [
      'POST',
      '/containers/create?name=life',
      {
        Image: 'busybox',
        Cmd: ['sh', '-c', 'until [ -e /data/end ]; do sleep 0.02; done; exit 7'],
        HostConfig: { NetworkMode: 'net', PortBindings: { '80/tcp': [{ HostPort: '' }] }, Binds: ['vol:/data'] },
      },
    ],
    ['POST', '/containers/life/start'],
    ['POST', '/containers/life/exec', { Cmd: ['touch', '/data/end'] }],
  ];
  for (const [method, path, body] of calls) {
    const answer = await daemon.call(method, path, body);
    assert.ok(answer.status < 300, answer.body);
    if (!path.endsWith('/exec')) continue;
    const { Id } = JSON.parse(answer.body) as { Id: string };
    await daemon.call('POST', `/exec/${Id}/start`, { Detach: true });
  }
  const { body } = await daemon.call('POST', '/containers/life/wait');
  assert.equal((JSON.parse(body) as { StatusCode: number }).StatusCode, 7);
  for (const path of ['/containers/life', '/volumes/vol', '/networks/net'])
    assert.equal((await daemon.call('DELETE', path)).status, 204);
}

/** Takes away what there is of that life, in any state that it may be in. */
async function clear(): Promise<void> {
  const { body } = await daemon.get('/containers/json?all=1');
  for (const { Id, State } of JSON.parse(body) as { Id: string; State: string }[]) {
    assert.ok(['created', 'exited', 'running'].includes(State), `a container is ${State}`);
    await until(async () => assert.equal((await daemon.call('DELETE', `/containers/${Id}?force=1`)).status, 204));
  }
  for (const path of ['/volumes/vol', '/networks/net'])
    assert.ok([204, 404].includes((await daemon.call('DELETE', path)).status), path);
}

/** How often each point is passed while `work` goes on in a daemon that has just started, and by the start itself. */
async function passes(work: () => Promise<void>): Promise<{ readonly start: Passes; readonly all: Passes }> {
  const trace = join(daemon.folder, 'trace');
  await daemon.stop();
  await daemon.up({ BERTH_FAULT_TRACE: trace });
  const read = (): Passes =>
    new Map(
      [...Map.groupBy(readFileSync(trace, { encoding: 'utf8', flag: 'a+' }).split('\n'), (line) => line)].map(
        ([point, lines]) => [point, lines.length] as const,
      ),
    );
  const start = read();
  await work();
  return { start, all: read() };
}

type Passes = ReadonlyMap<string, number>;

/** State is lost in more ways than links are: of what is written every pass counts, of netlink the first. */
const EACH_PASS = /^(?:records\.|mount|unmount|exit)/;
/** The image's layer is told to be on disk half a second after it was made, in this life or in another. */
const ANOTHERS = /^(?:$|records\.layer)/;

test('fault K64: kill -9 at every state write and every change of the kernel, and the next daemon has all in order', async (t) => {
  const { start, all } = await passes(life);
  const faults = [...all].flatMap(([point, last]) => {
    const first = (start.get(point) ?? 0) + 1;
    const count = ANOTHERS.test(point) || last < first ? 0 : EACH_PASS.test(point) ? last - first + 1 : 1;
    return Array.from({ length: count }, (_, at) => `${point}:${first + at}`);
  });
  for (const point of ['records.containers.put', 'records.volumes.put', 'mount', 'netlink.batch'])
    assert.ok(
      faults.some((fault) => fault.startsWith(`${point}:`)),
      `${point} is not passed`,
    );
  for (const fault of faults)
    await t.test(`at ${fault}`, async () => {
      await daemon.stop();
      await daemon.up({ BERTH_FAULT: fault });
      await life().catch(() => undefined);
      await until(() => assert.ok(daemon.died, `the daemon has not come to ${fault}`));
      await daemon.up();
      await clear();
      await until(() => assert.deepEqual(daemon.leftovers(), []));
    });
});

test('fault R38: a daemon that dies while it fills a volume leaves the rest to the next one', async () => {
  const script = `mkdir -p /data/sub /data/last && for i in 1 2 3; do head -c 700000 /dev/urandom > /data/sub/$i; done
    ln /data/sub/1 /data/last/again && ln -s sub /data/link && chmod 750 /data/last && chown 5:6 /data/sub /data/sub/2`;
  const look = 'cd /data && find . -exec stat -c "%n %a %u:%g %h %Y %s" {} + | sort && sha256sum sub/*';
  await daemon.stop();
  await daemon.up();
  assert.equal((await daemon.docker('run', '--name', 'make', 'busybox', 'sh', '-ec', script)).code, 0);
  assert.equal((await daemon.docker('commit', 'make', 'filled')).code, 0);
  const right = (await daemon.docker('run', '--rm', 'filled', 'sh', '-c', look)).stdout;
  assert.match(right, /\.\/last\/again 644 0:0 2 /);
  for (const fault of ['copyup.file:2', 'copyup.end:1']) {
    await daemon.stop();
    await daemon.up({ BERTH_FAULT: fault });
    await daemon.docker('run', '--name', 'fill', '-v', 'full:/data', 'filled', 'true');
    await until(() => assert.ok(daemon.died, `the daemon has not come to ${fault}`));
    await daemon.up();
    const seen = await daemon.docker('run', '--rm', '-v', 'full:/data', 'filled', 'sh', '-c', look);
    assert.equal(seen.stdout, right, fault);
    assert.equal((await daemon.docker('rm', '-f', 'fill')).code, 0);
    assert.equal((await daemon.docker('volume', 'rm', 'full')).code, 0);
  }
  for (const words of [
    ['rm', 'make'],
    ['rmi', 'filled'],
  ])
    assert.equal((await daemon.docker(...words)).code, 0);
});
