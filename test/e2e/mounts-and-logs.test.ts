// Mounts that spread as asked and no further, logs that a container floods, and probes that end in time.
import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { execute, TestDaemon, until } from '../support/daemon.ts';

let daemon: TestDaemon;
const root = mkdtempSync('/tmp/berth-spread-');

async function host(...words: [string, ...string[]]): Promise<void> {
  const [program, ...args] = words;
  const { code, stderr } = await execute(program, args);
  assert.equal(code, 0, stderr);
}

before(async () => {
  await host('mount', '-t', 'tmpfs', 'none', root);
  await host('mount', '--make-shared', root);
  daemon = await TestDaemon.start();
  await daemon.busybox();
});

after(async () => {
  await daemon[Symbol.asyncDispose]();
  await host('umount', '-R', root);
  rmdirSync(root);
});

async function run(name: string, body: object): Promise<void> {
  const made = await daemon.call('POST', `/containers/create?name=${name}`, { Image: 'busybox', ...body });
  assert.equal(made.status, 201, made.body);
  const started = await daemon.call('POST', `/containers/${name}/start`);
  assert.equal(started.status, 204, started.body);
}

async function inside(name: string, script: string): Promise<string> {
  const { stdout, stderr } = await daemon.berth('exec', name, 'sh', '-c', script);
  return (stdout + stderr).trim();
}

const PROPAGATIONS = ['rprivate', 'private', 'rslave', 'slave', 'rshared', 'shared'] as const;

test('fault R39: a bind spreads mounts as it was asked to, and nothing reaches the host that was not', async () => {
  mkdirSync(join(root, 'shared', 'later'), { recursive: true });
  mkdirSync(join(root, 'shared', 'inner'));
  for (const Propagation of PROPAGATIONS) {
    const bind = { Type: 'bind', Source: join(root, 'shared'), Target: '/w', BindOptions: { Propagation } };
    const HostConfig = { Mounts: [bind], Privileged: true };
    await run(Propagation, { Cmd: ['sleep', '1000'], StopSignal: 'SIGKILL', HostConfig });
  }
  const before = readFileSync('/proc/self/mountinfo', 'utf8').split('\n').length;
  await host('mount', '-t', 'tmpfs', 'later', join(root, 'shared', 'later'));
  for (const name of PROPAGATIONS) {
    const [optional = ''] = (
      await inside(name, "sed -n 's/.* \\/w [^ ]* \\(.*\\) - .*/\\1/p' /proc/self/mountinfo")
    ).split('\n');
    const kinds = optional
      .replaceAll(/:\d+/g, '')
      .split(' ')
      .filter((one) => one !== '');
    const spreads = name.includes('shared') ? 'shared' : name.includes('slave') ? 'master' : '';
    assert.ok(spreads === '' ? kinds.length === 0 : kinds.includes(spreads), `${name}: ${optional}`);
    const sees = (await inside(name, 'grep -c " /w/later " /proc/self/mountinfo || true')) === '1';
    assert.equal(sees, spreads !== '', `${name} sees what the host mounts later`);
  }
  await host('umount', join(root, 'shared', 'later'));
  for (const name of PROPAGATIONS) {
    assert.equal(await inside(name, 'mount -t tmpfs inner /w/inner && echo done'), 'done');
    const reached = readFileSync('/proc/self/mountinfo', 'utf8').includes(`${root}/shared/inner `);
    assert.equal(reached, name.includes('shared'), `${name}: the host sees what the container mounts`);
    await inside(name, 'umount /w/inner');
  }
  for (const name of PROPAGATIONS) await daemon.call('DELETE', `/containers/${name}?force=1`);
  const left = readFileSync('/proc/self/mountinfo', 'utf8').split('\n');
  assert.ok(left.length <= before, 'no mount is left on the host');
  assert.ok(!left.some((line) => line.includes(`${root}/shared/`)), 'nor below the source');
});

test('fault R39: read-only means what is mounted below it, too, unless that is asked otherwise', async () => {
  mkdirSync(join(root, 'ro', 'below'), { recursive: true });
  await host('mount', '-t', 'tmpfs', 'below', join(root, 'ro', 'below'));
  const bind = { Type: 'bind', Source: join(root, 'ro'), Target: '/w', ReadOnly: true };
  const body = { Cmd: ['sleep', '1000'], StopSignal: 'SIGKILL' };
  await run('recursive', { ...body, HostConfig: { Mounts: [bind] } });
  await run('flat', {
    ...body,
    HostConfig: { Mounts: [{ ...bind, BindOptions: { NonRecursive: false, ReadOnlyNonRecursive: true } }] },
  });
  assert.match(
    await inside('recursive', 'touch /w/x; touch /w/below/x'),
    /\/w\/x: Read-only.*\n.*\/w\/below\/x: Read-only/,
  );
  assert.match(
    await inside('flat', 'touch /w/below/x && echo written; touch /w/x'),
    /written\ntouch: \/w\/x: Read-only/,
  );
});

test('fault R43: a line of 100 MB, bytes that are no text, and a bounded log; the daemon does not grow with them', async () => {
  const memory = (): number =>
    Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${daemon.pid}/status`, 'utf8'))?.[1]) / 1024;
  const before = memory();
  const flood = "printf '\\377\\376\\000odd\\n'; head -c 100000000 /dev/zero | tr '\\000' a; echo; echo end";
  await run('flood', { Cmd: ['sh', '-c', flood] });
  await daemon.call('POST', '/containers/flood/wait');
  const grown = memory() - before;
  assert.ok(grown < 60, `the daemon has grown by ${Math.round(grown)} MB`);
  // the bytes come back as they were written, in pieces
  const counted = await execute('sh', [
    '-c',
    `curl -s --unix-socket ${daemon.socket} 'http://x/containers/flood/logs?stdout=1' | wc -c`,
  ]);
  assert.ok(Number(counted.stdout) > 100_000_000, counted.stdout);
  const odd = await execute('sh', [
    '-c',
    `curl -s --unix-socket ${daemon.socket} 'http://x/containers/flood/logs?stdout=1' | head -c 16 | od -An -tx1`,
  ]);
  assert.match(odd.stdout.replaceAll(/\s+/g, ' '), /01 00 00 00 00 00 00 07 ff fe 00 6f 64 64 0a/);
  const LogConfig = { Type: 'json-file', Config: { 'max-size': '1m', 'max-file': '2' } };
  const chatter =
    'i=0; while [ $i -lt 400 ]; do head -c 500000 /dev/zero | tr "\\000" b; echo; i=$((i+1)); done; echo last';
  await run('bounded', { Cmd: ['sh', '-c', chatter], HostConfig: { LogConfig } });
  await daemon.call('POST', '/containers/bounded/wait');
  const folder = join(daemon.dataRoot, 'containers');
  const own = readdirSync(folder).filter((one) => one.length === 64);
  await until(() => {
    const sizes = own.map((id) =>
      readdirSync(join(folder, id))
        .filter((name) => name.startsWith('container.log'))
        .map((name) => statSync(join(folder, id, name)).size),
    );
    const bounded = sizes.filter((all) => all.length > 1).map((all) => all.reduce((sum, one) => sum + one, 0));
    // what one burst writes in a moment may stand beyond the bound, but not the 200 MB of all
    assert.ok(bounded.length > 0 && bounded.every((sum) => sum < 60_000_000), JSON.stringify(sizes));
  });
  assert.match((await daemon.berth('logs', '--tail', '1', 'bounded')).stdout, /last\n$/);
});

test('safety L8: a probe that has ended in time is not late because something behind it holds its output', async () => {
  const Healthcheck = { Test: ['CMD-SHELL', 'sleep 4 & exit 0'], Interval: 1e9, Timeout: 2e9, Retries: 1 };
  await run('probed', { Cmd: ['sleep', '1000'], StopSignal: 'SIGKILL', Healthcheck });
  const health = async () =>
    (
      JSON.parse((await daemon.call('GET', '/containers/probed/json')).body) as {
        State: { Health: { Status: string; Log: { ExitCode: number; Output: string }[] } };
      }
    ).State.Health;
  await until(async () => assert.ok((await health()).Log.length > 0));
  const { Status, Log } = await health();
  assert.deepEqual([Status, Log[0]?.ExitCode, Log[0]?.Output], ['healthy', 0, '']);
});
