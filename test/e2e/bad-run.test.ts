// Containers that misbehave, and wishes for processes that cannot be: bounded, told apart by exit code, nothing left.
import assert from 'node:assert/strict';
import { readdirSync, readFileSync, readlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, afterEach, before, test } from 'node:test';
import { TAR_TRAILER, tarHeader, tarPadding } from '../../src/host/sandbox/index.ts';
import { pause, type Result, TestDaemon, until } from '../support/daemon.ts';
import { RawConnection } from '../support/raw.ts';

let daemon: TestDaemon;

before(async () => {
  daemon = await TestDaemon.start();
  await daemon.busybox();
});

after(async () => assert.deepEqual(await daemon.end(), []));

afterEach(async () => {
  const { body } = await daemon.get('/containers/json?all=1');
  for (const { Id } of JSON.parse(body) as { Id: string }[])
    await daemon.call('DELETE', `/containers/${Id}?force=1&v=1`);
});

interface State {
  readonly Status: string;
  readonly ExitCode: number;
  readonly OOMKilled: boolean;
  readonly Pid: number;
}

async function post(path: string, body?: unknown, expected = [200, 201, 204]): Promise<string> {
  const answer = await daemon.call('POST', path, body);
  assert.ok(expected.includes(answer.status), `${path}: ${answer.status} ${answer.body}`);
  return answer.body;
}

async function create(name: string, cmd: string[], host: object = {}, config: object = {}): Promise<void> {
  await post(`/containers/create?name=${name}`, {
    Image: 'busybox',
    Cmd: cmd,
    ...config,
    HostConfig: { NetworkMode: 'none', ...host },
  });
}

/** A container that goes on. */
async function running(
  name: string,
  host: object = {},
  cmd: string[] = ['sleep', '1000'],
  config: object = {},
): Promise<State> {
  await create(name, cmd, host, config);
  await post(`/containers/${name}/start`);
  return state(name);
}

async function state(name: string): Promise<State> {
  return (JSON.parse((await daemon.get(`/containers/${name}/json`)).body) as { State: State }).State;
}

async function wait(name: string): Promise<number> {
  return (JSON.parse(await post(`/containers/${name}/wait`)) as { StatusCode: number }).StatusCode;
}

async function output(name: string): Promise<string> {
  return (await daemon.berth('logs', name)).stdout;
}

function run(...args: string[]): Promise<Result> {
  return daemon.berth('run', '--rm', '--network', 'none', ...args);
}

function exec(...args: string[]): Promise<Result> {
  return daemon.berth('exec', ...args);
}

/** Resident memory of the daemon, bytes. */
function memory(): number {
  return Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${daemon.pid}/status`, 'utf8'))?.[1]) * 1024;
}

const descriptors = (pid: number): string[] =>
  readdirSync(`/proc/${pid}/fd`).map((fd) => readlinkSync(`/proc/${pid}/fd/${fd}`));

const SECRET = 'only on the host';

const messageIn = (body: string): string => (JSON.parse(body) as { message: string }).message;

/** An image of busybox's layers with any configuration, as an archive to load. */
async function imageWith(name: string, config: unknown): Promise<string> {
  const { RootFS } = JSON.parse((await daemon.get('/images/busybox/json')).body) as { RootFS: { Layers: string[] } };
  const layers = RootFS.Layers.map((digest) => `blobs/sha256/${digest.slice('sha256:'.length)}`);
  const members: Record<string, string> = {
    'config.json': JSON.stringify({
      architecture: process.arch === 'arm64' ? 'arm64' : 'amd64',
      os: 'linux',
      config,
      rootfs: { type: 'layers', diff_ids: RootFS.Layers },
    }),
    'manifest.json': JSON.stringify([{ Config: 'config.json', RepoTags: [`${name}:latest`], Layers: layers }]),
    // layers that are known are not read
    ...Object.fromEntries(layers.map((layer) => [layer, ''])),
  };
  const path = join(daemon.folder, `${name}.tar`);
  const parts = Object.entries(members).flatMap(([member, text]) => [
    tarHeader({ name: member, type: 'file', size: Buffer.byteLength(text) }),
    Buffer.from(text),
    Buffer.alloc(tarPadding(Buffer.byteLength(text))),
  ]);
  writeFileSync(path, Buffer.concat([...parts, TAR_TRAILER]));
  return path;
}

test('fault I19: what an image says of itself is data: of a wrong type it is not loaded, else refused at create or start, or harmless', async () => {
  const bad: [string, unknown, 'load' | 'create' | 'start', RegExp][] = [
    ['list', [], 'load', /cannot unmarshal array into Go struct field Image\.config of type container\.Config/],
    [
      'env-text',
      { Env: 'A=b' },
      'load',
      /cannot unmarshal string into Go struct field Image\.config\.Env of type \[\]string/,
    ],
    ['cmd-map', { Cmd: {} }, 'load', /cannot unmarshal object into Go value of type string/],
    ['env-nul', { Env: ['A=b\0c'] }, 'create', /invalid environment variable: "A=b\\u0000c"/],
    ['env-name', { Env: ['=x'] }, 'create', /invalid environment variable: =x/],
    ['volume-root', { Volumes: { '/../..': {} } }, 'create', /destination can't be '\/'/],
    ['volume-none', { Volumes: { '': {} } }, 'create', /destination can't be '\/'/],
    ['dir-nul', { WorkingDir: '/a\0b' }, 'create', /contains a null character/],
    ['nothing', { Entrypoint: [], Cmd: null }, 'create', /no command specified/],
    ['user-large', { User: '4294967296' }, 'start', /uids and gids must be in range 0-2147483647/],
    ['user-larger', { User: '0:99999999999999999999' }, 'start', /uids and gids must be in range 0-2147483647/],
    ['user-below', { User: '-1' }, 'start', /uids and gids must be in range 0-2147483647/],
    ['user-three', { User: '0:0:0' }, 'start', /unable to find group 0:0: no matching entries in group file/],
    ['dir-fd', { WorkingDir: '/proc/self/fd/7' }, 'start', /\/proc\/self\/fd\/7/],
    ['volume-fd', { Volumes: { '/proc/self/fd/3': {} } }, 'start', /proc\/self\/fd\/3/],
  ];
  for (const [name, config, verb, message] of bad) {
    const whole = typeof config === 'object' && !Array.isArray(config) ? { Cmd: ['true'], ...config } : config;
    const loaded = await daemon.call(
      'POST',
      '/images/load?quiet=1',
      readFileSync(await imageWith(name, whole)).toString('latin1'),
    );
    if (verb === 'load') assert.match(loaded.body, message, name);
    else assert.match(loaded.body, /Loaded image/, `${name}: ${loaded.body}`);
    const created = await daemon.call('POST', `/containers/create?name=${name}`, {
      Image: name,
      HostConfig: { NetworkMode: 'none' },
    });
    assert.equal(created.status, verb === 'load' ? 404 : verb === 'create' ? 400 : 201, `${name}: ${created.body}`);
    if (verb === 'create') assert.match(messageIn(created.body), message, name);
    if (verb !== 'start') continue;
    const started = await daemon.call('POST', `/containers/${name}/start`);
    assert.notEqual(started.status, 204, name);
    assert.match(messageIn(started.body), message, name);
  }
  const harmless: [string, object, string][] = [
    [
      'labels',
      { Labels: { 'com.docker.compose.project': '../../x', 'run.oci.handler': '/bin/sh', 'a\nb': '' } },
      '/\n',
    ],
    ['volume-up', { Volumes: { '/../../data': {} } }, '/\n'],
    ['volume-host', { Volumes: { '/etc:/host': {} } }, '/\n'],
    ['env-line', { Env: ['A=b\nc'] }, '/\n'],
    ['signal', { StopSignal: '../x', ExposedPorts: { '99999/tcp': {}, x: {} } }, '/\n'],
  ];
  for (const [name, config, out] of harmless) {
    const loaded = await daemon.berth('load', '-q', '-i', await imageWith(name, { Cmd: ['pwd'], ...config }));
    assert.equal(loaded.code, 0, `${name}: ${loaded.stderr}`);
    const { code, stdout, stderr } = await run(name);
    assert.deepEqual([code, stdout], [0, out], `${name}: ${stderr}`);
  }
  for (const { Id } of JSON.parse((await daemon.get('/containers/json?all=1')).body) as { Id: string }[])
    await daemon.call('DELETE', `/containers/${Id}?force=1&v=1`);
  assert.deepEqual((JSON.parse((await daemon.get('/volumes')).body) as { Volumes: unknown }).Volumes ?? [], []);
});

test('fault R33: a working directory below /proc/self/fd never leads to the host, in run and exec', async () => {
  const secret = join(daemon.folder, 'secret');
  writeFileSync(secret, SECRET);
  await running('box');
  const look = [
    'sh',
    '-c',
    `cat ../../../../../../../../../..${secret} ../../../../../../../../../../etc/hostname; ls -d ../../../../../../..${daemon.folder}`,
  ];
  for (let fd = 3; fd < 14; fd += 1) {
    const path = `/proc/self/fd/${fd}`;
    for (const { stdout, code } of await Promise.all([
      run('-w', path, 'busybox', ...look),
      exec('-w', path, 'box', ...look),
    ])) {
      assert.doesNotMatch(stdout, new RegExp(`${SECRET}|${daemon.folder}`), path);
      assert.notEqual(code, 0);
    }
  }
});

test('fault R33: the processes of a container hold 0, 1 and 2, and the monitor nothing of the daemon', async () => {
  const { Pid } = await running('box');
  const { Id } = JSON.parse(await post('/containers/box/exec', { Cmd: ['sleep', '1000'] })) as { Id: string };
  await post(`/exec/${Id}/start`, { Detach: true });
  const { Pid: execPid } = JSON.parse((await daemon.get(`/exec/${Id}/json`)).body) as { Pid: number };
  for (const pid of [Pid, execPid]) assert.deepEqual(readdirSync(`/proc/${pid}/fd`), ['0', '1', '2']);
  const parent = Number(readFileSync(`/proc/${Pid}/stat`, 'utf8').split(') ')[1]?.split(' ')[1]);
  const held = descriptors(parent);
  assert.ok(
    held.every((path) => !path.includes('berth.db') && !path.endsWith('.sock')),
    held.join(' '),
  );
});

test('fault R36: a number is that number, also without an entry, with and without a group', async () => {
  const ids = 'id -u; id -g';
  for (const [user, uid, gid] of [
    ['1', 1, 1],
    ['1:', 1, 1],
    ['4242', 4242, 0],
    ['4242:7', 4242, 7],
    ['0:4243', 0, 4243],
    ['nobody', 65534, 65534],
  ] as const) {
    await running('box', {}, ['sleep', '1000']);
    const wanted = `${uid}\n${gid}\n`;
    assert.equal((await run('-u', user, 'busybox', 'sh', '-c', ids)).stdout, wanted, `run -u ${user}`);
    assert.equal((await exec('-u', user, 'box', 'sh', '-c', ids)).stdout, wanted, `exec -u ${user}`);
    await daemon.call('DELETE', '/containers/box?force=1');
  }
});

test('fault R36: names that are not there and numbers out of range are refused', async () => {
  await running('box');
  for (const [user, words] of [
    ['nosuch', /unable to find user nosuch: no matching entries in passwd file/],
    ['root:nosuch', /unable to find group nosuch: no matching entries in group file/],
    ['2147483648', /uids and gids must be in range 0-2147483647/],
    ['-1', /unable to find user -1|uids and gids must be in range/],
  ] as const) {
    const ran = await run(`--user=${user}`, 'busybox', 'true');
    assert.match(ran.stderr, words);
    assert.notEqual(ran.code, 0);
    const executed = await exec(`--user=${user}`, 'box', 'true');
    // refused when it is made, not among the output
    assert.match(executed.stderr, words);
    assert.deepEqual([executed.code, executed.stdout], [1, '']);
  }
});

test('fault R36: a passwd file that is long, huge, a pipe, a device or a link to the host does no harm', async () => {
  const evil = join(daemon.folder, 'passwd');
  writeFileSync(evil, 'evil:x:0:0::/:/bin/sh\n');
  await running('box');
  const made = async (script: string): Promise<void> =>
    assert.equal((await exec('box', 'sh', '-c', `rm -f /etc/passwd; ${script}`)).code, 0);
  await made('{ head -c 65536 /dev/zero | tr "\\0" a; echo; echo ok:x:77:78::/:/bin/sh; } > /etc/passwd');
  assert.equal((await exec('-u', 'ok', 'box', 'id', '-u')).stdout, '77\n');
  for (const [what, script] of [
    ['a link to the host', `ln -s ${evil} /etc/passwd`],
    ['a link out', `ln -s ../../../../../../../../..${evil} /etc/passwd`],
    ['a link to a magic link', `ln -s /proc/1/root/../..${evil} /etc/passwd`],
    ['a pipe', 'mkfifo /etc/passwd'],
    ['a directory', 'mkdir /etc/passwd'],
    ['a device', 'ln -s /dev/zero /etc/passwd'],
    ['huge', 'truncate -s 2G /etc/passwd'],
  ] as const) {
    await made(`rm -rf /etc/passwd; ${script}`);
    const before = memory();
    const began = Date.now();
    const { code, stdout } = await exec('-u', 'evil', 'box', 'id', '-u');
    assert.notEqual(code, 0, what);
    assert.doesNotMatch(stdout, /^0/, what);
    assert.ok(Date.now() - began < 5000, `${what}: at once`);
    assert.ok(memory() - before < 100 * 1024 * 1024, `${what}: in bounded memory`);
    const number = await exec('-u', '5', 'box', 'id', '-u');
    assert.ok(number.stdout === '5\n' || number.code !== 0, `${what}: a number is that number or nobody`);
  }
});

test('fault R40: 127 for a command that is not there, 126 for what cannot be executed, and nothing stays', async () => {
  const garbage = join(daemon.folder, 'garbage');
  writeFileSync(garbage, '\0not a program\n', { mode: 0o755 });
  for (const [args, code] of [
    [['busybox', 'nosuch'], 127],
    [['busybox', '/nosuch/at/all'], 127],
    [['busybox', ''], 127],
    [['busybox', '/etc'], 126],
    [['busybox', '/etc/passwd'], 126],
    // as the docker CLI has it, which knows no code for this one
    [['busybox', '/etc/passwd/x'], 125],
    [['--entrypoint', 'nosuch', 'busybox'], 127],
  ] as const) {
    const result = await run(...args);
    assert.equal(result.code, code, `${args.join(' ')}: ${result.stderr}`);
    assert.equal(result.stdout, '');
  }
  assert.notEqual((await run('-v', `${garbage}:/garbage`, 'busybox', '/garbage')).code, 0);
  await running('box', { Tmpfs: { '/noexec': 'noexec' } });
  for (const [args, code] of [
    [['nosuch'], 127],
    [['/etc'], 126],
    [['/etc/passwd'], 126],
    [['sh', '-c', 'cp /bin/busybox /noexec/busybox'], 0],
    [['/noexec/busybox', 'true'], 126],
  ] as const)
    assert.equal((await exec('box', ...args)).code, code, args.join(' '));
  await daemon.call('DELETE', '/containers/box?force=1');
  assert.deepEqual(daemon.leftovers(), []);
});

test('fault R40: a start that failed is remembered, and can be mended by trying again', async () => {
  await create('later', ['/v/script'], { Binds: ['later:/v'] });
  const failed = await daemon.call('POST', '/containers/later/start');
  assert.equal(failed.status, 400);
  assert.deepEqual([(await state('later')).Status, (await state('later')).ExitCode], ['created', 127]);
  assert.equal(
    (
      await run(
        '-v',
        'later:/v',
        'busybox',
        'sh',
        '-c',
        'printf "#!/bin/sh\\nexit 4\\n" > /v/script; chmod +x /v/script',
      )
    ).code,
    0,
  );
  await post('/containers/later/start');
  assert.equal(await wait('later'), 4);
  await daemon.call('DELETE', '/containers/later?v=1');
  await daemon.call('DELETE', '/volumes/later');
});

test('fault R41: a first process that ignores SIGTERM is killed when the time is over', async () => {
  await running('deaf', {}, ['sh', '-c', 'trap "" TERM; while :; do sleep 0.05; done']);
  const began = Date.now();
  await post('/containers/deaf/stop?t=1');
  const took = Date.now() - began;
  assert.ok(took >= 1000 && took < 4000, `${took} ms`);
  assert.equal((await state('deaf')).ExitCode, 137);
});

test('fault R41: what loses its parent is reaped by --init', async (t) => {
  if ((await run('--init', 'busybox', 'true')).code !== 0) return t.skip('no init binary');
  await running('reaps', { Init: true }, [
    'sh',
    '-c',
    'for i in 1 2 3 4 5 6 7 8 9; do sh -c "sleep 0.05 &"; done; exec sleep 1000',
  ]);
  await until(async () => {
    const { stdout } = await exec('reaps', 'sh', '-c', 'cat /proc/[0-9]*/stat 2>/dev/null | cut -d" " -f2,3');
    assert.deepEqual(
      stdout.split('\n').filter((line) => line.includes('(sleep)')),
      ['(sleep) S'],
    );
  });
});

test('fault R41: a fork bomb stays within the limit of its processes, and can be removed', async () => {
  await running('bomb', { PidsLimit: 30 }, [
    'sh',
    '-c',
    'f() { f & f & sleep 1; }; while :; do (f) 2>/dev/null; sleep 0.1; done',
  ]);
  await pause(500);
  const { body } = await daemon.get('/containers/bomb/stats?stream=0&one-shot=1');
  const { pids_stats: pids } = JSON.parse(body) as { pids_stats: { current: number; limit: number } };
  assert.equal(pids.limit, 30);
  assert.ok(pids.current <= 30, `${pids.current}`);
  assert.equal((await daemon.get('/_ping')).body, 'OK');
  assert.equal((await daemon.call('DELETE', '/containers/bomb?force=1')).status, 204);
});

test('fault R41: out of memory is told apart: OOMKilled, 137, an event', async () => {
  await create('eats', ['tail', '/dev/zero'], { Memory: 16 * 1024 * 1024, MemorySwap: 16 * 1024 * 1024 });
  const began = Math.floor(Date.now() / 1000) - 1;
  await post('/containers/eats/start');
  assert.equal(await wait('eats'), 137);
  const { OOMKilled, ExitCode } = await state('eats');
  assert.deepEqual({ OOMKilled, ExitCode }, { OOMKilled: true, ExitCode: 137 });
  const { body } = await daemon.get(
    `/events?since=${began}&until=${(Date.now() / 1000).toFixed(3)}&filters={"container":["eats"]}`,
  );
  assert.match(body, /"Action":"oom"/);
  await create('killed', ['sleep', '1000']);
  await post('/containers/killed/start');
  await post('/containers/killed/kill');
  assert.equal((await state('killed')).OOMKilled, false);
});

test('fault R41: what ends at once thirty times in a row never loses its exit code or output', async () => {
  for (let round = 0; round < 30; round += 1) {
    const { code, stdout } = await run('busybox', 'sh', '-c', `echo round ${round}; exit ${round}`);
    assert.deepEqual([code, stdout], [round, `round ${round}\n`]);
  }
});

test('fault R41: many that end at once side by side keep their exit codes and output apart', async () => {
  const names = Array.from({ length: 12 }, (_, index) => `quick${index}`);
  await Promise.all(names.map((name, index) => create(name, ['sh', '-c', `echo ${name}; exit ${index}`])));
  await Promise.all(names.map((name) => post(`/containers/${name}/start`)));
  assert.deepEqual(
    await Promise.all(names.map(wait)),
    names.map((_, index) => index),
  );
  for (const name of names.slice(0, 4)) assert.equal(await output(name), `${name}\n`);
});

test('fault R41: attaching to what is just ending ends too', async () => {
  for (let round = 0; round < 20; round += 1) {
    const name = `ending${round}`;
    await create(name, ['echo', 'last words']);
    const started = post(`/containers/${name}/start`);
    await pause(round * 2);
    using attached = new RawConnection(
      daemon.socket,
      `POST /containers/${name}/attach?stream=1&stdout=1&logs=1 HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: tcp\r\n\r\n`,
    );
    await started;
    await wait(name);
    assert.equal((await daemon.call('DELETE', `/containers/${name}`)).status, 204);
    // whoever came after the end waits for the next start, as with dockerd, and is let go when there can be none
    await attached.closed;
    assert.ok([101, 404].includes(attached.status), attached.answer);
  }
});

test('fault R44: a storm of sizes, none and far too large ones: the last good one holds', async () => {
  await running('screen', {}, ['cat'], { Tty: true, OpenStdin: true });
  const sizes = Array.from({ length: 300 }, (_, index) => [index % 90, (index * 7) % 200]);
  await Promise.all(
    [...sizes, [0, 0], [65_535, 65_535]].map(([h, w]) =>
      daemon.call('POST', `/containers/screen/resize?h=${h}&w=${w}`),
    ),
  );
  for (const query of ['h=-1&w=5', 'h=65536&w=5', 'h=x&w=5', 'h=99999999999999999999&w=1', ''])
    assert.ok(
      [200, 400, 500].includes((await daemon.call('POST', `/containers/screen/resize?${query}`)).status),
      query,
    );
  await post('/containers/screen/resize?h=33&w=111');
  await until(async () =>
    assert.equal((await exec('screen', 'sh', '-c', 'stty size < /proc/1/fd/0')).stdout, '33 111\n'),
  );
  await daemon.call('POST', '/containers/screen/kill');
  assert.equal((await daemon.call('POST', '/containers/screen/resize?h=1&w=1')).status, 409);
});

test('sizes that come faster than the monitor reads them: the last one holds', async () => {
  await running('late', {}, ['cat'], { Tty: true, OpenStdin: true });
  const { Id } = JSON.parse((await daemon.get('/containers/late/json')).body) as { Id: string };
  const monitor = Number(readFileSync(join(daemon.execRoot, 'c', Id, 'monitor.pid'), 'utf8'));
  process.kill(monitor, 'SIGSTOP');
  try {
    for (const [h, w] of [
      [21, 61],
      [22, 62],
      [20, 60],
    ])
      await post(`/containers/late/resize?h=${h}&w=${w}`);
  } finally {
    process.kill(monitor, 'SIGCONT');
  }
  await until(async () => assert.equal((await exec('late', 'sh', '-c', 'stty size < /proc/1/fd/0')).stdout, '20 60\n'));
});

/** Bytes that a client which stops reading may cost: what the socket's own buffers and one burst of reads hold. */
const ALLOWANCE = 48 * 1024 * 1024;

for (const [what, open] of [
  [
    'attach',
    () =>
      Promise.resolve(
        'POST /containers/loud/attach?stream=1&stdout=1 HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: tcp\r\n\r\n',
      ),
  ],
  ['logs -f', () => Promise.resolve('GET /containers/loud/logs?follow=1&stdout=1 HTTP/1.1\r\nHost: x\r\n\r\n')],
  [
    'exec',
    async () => {
      const { Id } = JSON.parse(await post('/containers/loud/exec', { Cmd: ['yes'], AttachStdout: true })) as {
        Id: string;
      };
      return `POST /exec/${Id}/start HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: tcp\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}`;
    },
  ],
] as const) {
  test(`fault R44: a client of ${what} that never reads does not grow the daemon`, async () => {
    const log =
      what === 'logs -f'
        ? { LogConfig: { Type: 'json-file', Config: { 'max-size': '20m' } } }
        : { LogConfig: { Type: 'none' } };
    await running('loud', log, [
      'sh',
      '-c',
      what === 'logs -f' ? 'yes | head -c 60000000; sleep 1000' : 'sleep 0.3; yes',
    ]);
    const text = await open();
    const before = memory();
    using connection = new RawConnection(daemon.socket, text);
    connection.socket.pause();
    for (let look = 0; look < 12; look += 1) {
      await pause(150);
      assert.ok(memory() - before < ALLOWANCE, `${memory() - before} bytes more`);
    }
    assert.equal((await daemon.get('/_ping')).body, 'OK');
    connection.socket.destroy();
    assert.equal((await daemon.call('DELETE', '/containers/loud?force=1')).status, 204);
  });
}
