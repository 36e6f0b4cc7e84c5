// Settings of the daemon as somebody brings them who used dockerd before: taken, read again, and meant.
import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { type IncomingMessage, request } from 'node:http';
import { connect, type Socket } from 'node:net';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { test } from 'node:test';
import { mountsBelow } from '../../src/host/mount.ts';
import { TestDaemon, until } from '../support/daemon.ts';

test('users S19: --bridge none, settings read again by SIGHUP with an event, containers stopped with live-restore false', async (t) => {
  const folder = mkdtempSync('/tmp/berth-settings-');
  t.after(() => rmSync(folder, { recursive: true }));
  const file = join(folder, 'daemon.json');
  const settings = (more: object): void =>
    writeFileSync(file, JSON.stringify({ bridge: 'none', 'live-restore': true, ...more }));
  settings({ labels: ['a=b'] });
  await using daemon = await TestDaemon.start([
    '--config-file',
    file,
    '--userland-proxy-path=/x',
    '--storage-driver=btrfs',
  ]);
  assert.match(daemon.log, /settings of dockerd that have no effect here: storage-driver, userland-proxy-path/);
  const names = JSON.parse((await daemon.call('GET', '/networks')).body) as { Name: string }[];
  assert.deepEqual(names.map(({ Name }) => Name).toSorted(), ['host', 'none']);
  assert.equal((await daemon.call('GET', '/networks/bridge')).status, 404);
  await daemon.busybox();
  const made = await daemon.call('POST', '/containers/create?name=one', {
    Image: 'busybox',
    Cmd: ['sleep', '1000'],
    StopSignal: 'SIGKILL',
  });
  assert.equal(made.status, 201, made.body);
  assert.equal((await daemon.call('POST', '/containers/one/start')).status, 204);
  settings({ labels: ['c=d'], 'live-restore': false, 'insecure-registries': ['reg:5000'] });
  process.kill(daemon.pid, 'SIGHUP');
  const info = async () => JSON.parse((await daemon.call('GET', '/info')).body) as Record<string, unknown>;
  await until(async () => assert.deepEqual((await info())['Labels'], ['c=d']));
  assert.equal((await info())['LiveRestoreEnabled'], false);
  const filters = encodeURIComponent('{"type":["daemon"]}');
  const events = (await daemon.call('GET', `/events?since=1&until=${Math.ceil(Date.now() / 1000)}&filters=${filters}`))
    .body;
  const { Action, Actor } = JSON.parse(events) as { Action: string; Actor: { Attributes: Record<string, string> } };
  assert.equal(Action, 'reload');
  assert.equal(Actor.Attributes['labels'], '["c=d"]');
  assert.equal(Actor.Attributes['insecure-registries'], '["reg:5000"]');
  // a file that is wrong changes nothing
  writeFileSync(file, '{"no-such-key":1}');
  process.kill(daemon.pid, 'SIGHUP');
  await until(() => assert.match(daemon.log, /settings stay as they are: .*no-such-key/));
  assert.deepEqual((await info())['Labels'], ['c=d']);
  settings({ 'live-restore': false });
  await daemon.stop();
  await daemon.up();
  const { State } = JSON.parse((await daemon.call('GET', '/containers/one/json')).body) as {
    State: { Running: boolean };
  };
  assert.equal(State.Running, false);
});

test('safety L1: a daemon that may open 1024 files keeps some for itself, says that it turns clients away, and goes on', async () => {
  await using daemon = await TestDaemon.start([], ['prlimit', '--nofile=1024:1024']);
  assert.match(daemon.log, /only 1024 open files are allowed/);
  const clients: Socket[] = [];
  try {
    for (let count = 0; count < 1100; count += 1) clients.push(connect(daemon.socket).on('error', () => undefined));
    await until(() => assert.match(daemon.log, /clients are turned away: 512 connections to the API are open/));
    const open = readdirSync(`/proc/${daemon.pid}/fd`).length;
    assert.ok(open < 700, `${open} files are open`);
  } finally {
    for (const one of clients) one.destroy();
  }
  await until(async () => assert.equal((await daemon.call('GET', '/_ping')).status, 200));
  await daemon.busybox();
});

test('with 1024 open files streams are refused before none are left, by a clear error, and all else goes on', async () => {
  await using daemon = await TestDaemon.start([], ['prlimit', '--nofile=1024:1024']);
  await daemon.busybox();
  const start = async (name: string): Promise<void> => {
    const body = { Image: 'busybox', Cmd: ['sh', '-c', 'echo begun; exec sleep 1000'], StopSignal: 'SIGKILL' };
    const made = await daemon.call('POST', `/containers/create?name=${name}`, {
      ...body,
      HostConfig: { NetworkMode: 'none' },
    });
    assert.equal(made.status, 201, made.body);
    const started = await daemon.call('POST', `/containers/${name}/start`);
    assert.equal(started.status, 204, started.body);
  };
  await start('one');
  const following: IncomingMessage[] = [];
  const follow = (): Promise<IncomingMessage> =>
    new Promise((resolve, reject) => {
      const path = '/containers/one/logs?stdout=1&follow=1';
      const sent = request({ socketPath: daemon.socket, path, agent: false }, resolve);
      sent.once('error', reject);
      sent.end();
    });
  try {
    let refused: IncomingMessage | undefined;
    while (!refused && following.length < 600) {
      const answer = await follow();
      if (answer.statusCode === 200) following.push(answer.on('error', () => undefined).resume());
      else refused = answer;
    }
    assert.ok(following.length > 300, `${following.length} followed`);
    assert.equal(refused?.statusCode, 503);
    assert.match(JSON.stringify(JSON.parse(await text(refused))), /too many open files/);
    // what is short works: another container, its end, lists, a client's own errors
    await start('two');
    assert.equal((await daemon.call('POST', '/containers/two/stop')).status, 204);
    const { code, stdout, stderr } = await daemon.berth('ps', '--format', '{{.Names}}');
    assert.deepEqual([code, stdout, stderr], [0, 'one\n', '']);
    for (const args of [
      ['run', '--rm', '--network', 'none', 'busybox', 'true'],
      ['logs', 'one'],
      ['exec', 'one', 'true'],
    ])
      assert.match((await daemon.berth(...args)).stderr, /too many open files/, args.join(' '));
    const built = await daemon.client('berth', ['build', '-q', '-'], { input: 'FROM busybox\nRUN echo x > /x\n' });
    assert.match(built.stderr, /too many open files/);
    const pulled = await daemon.berth('pull', '-q', '127.0.0.1:1/none');
    assert.match(pulled.stderr, /connection refused/);
  } finally {
    for (const one of following) one.destroy();
  }
  await until(async () => assert.equal((await daemon.berth('exec', 'one', 'true')).code, 0));
  const built = await daemon.client('berth', ['build', '-q', '-'], { input: 'FROM busybox\nRUN echo x > /x\n' });
  assert.equal(built.code, 0, built.stderr);
  assert.ok(!/EMFILE/.test(daemon.log));
  for (const name of ['one', 'two']) await daemon.call('DELETE', `/containers/${name}?force=1`);
});

test('roots that are links: what is mounted there is found again, by a second life too, and nothing stays', async () => {
  const linked =
    'for one; do case $last in --data-root|--exec-root) [ -e "$one" ] || { mkdir "$one.real"; ln -s "$one.real" "$one"; };; esac; last=$one; done; exec "$@"';
  const daemon = await TestDaemon.start([], ['sh', '-c', linked, 'sh']);
  const ok = async (...args: string[]): Promise<string> => {
    const { code, stdout, stderr } = await daemon.berth(...args);
    assert.equal(code, 0, `berth ${args.join(' ')}: ${stderr}`);
    return stdout.trim();
  };
  try {
    await daemon.busybox();
    assert.equal(await ok('info', '--format', '{{.DockerRootDir}}'), `${daemon.dataRoot}.real`);
    const before = mountsBelow(daemon.folder).length;
    await ok('run', '-d', '--name', 'one', '-v', 'kept:/kept', 'busybox', 'sleep', '1000');
    await daemon.kill();
    await daemon.up();
    assert.equal(await ok('exec', 'one', 'cat', '/proc/1/comm'), 'sleep');
    await ok('rm', '-f', 'one');
    assert.equal(mountsBelow(daemon.folder).length, before, 'a second life mounts nothing once more');
  } finally {
    assert.deepEqual(await daemon.end(), []);
  }
});
