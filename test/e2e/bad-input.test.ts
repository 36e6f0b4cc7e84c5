// What no client should send: the daemon answers with Docker's words, keeps nothing of it, and goes on.
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { after, afterEach, before, test } from 'node:test';
import { pause, TestDaemon, until } from '../support/daemon.ts';
import { RawConnection, raw } from '../support/raw.ts';

let daemon: TestDaemon;
/** Connections that begin a request and never end it; looked at when everything else is done. */
const slow: RawConnection[] = [];

before(async () => {
  daemon = await TestDaemon.start();
  await daemon.busybox();
  for (let index = 0; index < 30; index += 1)
    slow.push(new RawConnection(daemon.socket, index % 2 ? 'GET /_ping HTTP/1.1\r\nHost: x\r\nX-Slow: ' : ''));
});

after(async () => assert.deepEqual(await daemon.end(), []));

afterEach(async () => {
  for (const { Id } of await containers()) await daemon.call('DELETE', `/containers/${Id}?force=1`);
});

async function containers(): Promise<{ Id: string; Names: string[]; State: string }[]> {
  return JSON.parse((await daemon.get('/containers/json?all=1')).body) as {
    Id: string;
    Names: string[];
    State: string;
  }[];
}

/** What the daemon keeps of containers on disk, whether there is a record of it or not. */
function folders(): string[] {
  return readdirSync(`${daemon.dataRoot}/containers`).filter((name) => /^[0-9a-f]{64}$/.test(name));
}

/** Status and message, as `404 No such …`; the body itself where there is no message. */
async function said(method: string, path: string, body?: unknown, headers?: Record<string, string>): Promise<string> {
  const answer = await daemon.call(method, path, body, headers);
  const message = answer.body.startsWith('{') ? (JSON.parse(answer.body) as { message?: string }).message : undefined;
  return `${answer.status} ${message ?? answer.body.trim()}`.trim().replaceAll(/[0-9a-f]{64}/g, '<id>');
}

function create(name: string, cmd = ['sleep', '1000'], host: object = {}): Promise<string> {
  return said('POST', `/containers/create?name=${name}`, {
    Image: 'busybox',
    Cmd: cmd,
    HostConfig: { NetworkMode: 'none', ...host },
  });
}

const JSON_HEAD = 'Host: x\r\nConnection: close\r\nContent-Type: application/json\r\n';

test('fault A24: a body over the limit is refused with 413, declared or chunked, and nothing is made', async () => {
  const big = JSON.stringify({ Image: 'busybox', Labels: { big: 'x'.repeat(9 * 1024 * 1024) } });
  assert.match(await said('POST', '/containers/create?name=big', big), /^413 request body is larger than \d+ bytes$/);
  const chunk = 'x'.repeat(1024 * 1024);
  using chunked = new RawConnection(
    daemon.socket,
    `POST /containers/create?name=big HTTP/1.1\r\n${JSON_HEAD}Transfer-Encoding: chunked\r\n\r\n`,
  );
  for (let sent = 0; sent < 9; sent += 1) chunked.socket.write(`100000\r\n${chunk}\r\n`);
  await until(() => assert.equal(chunked.status, 413));
  assert.deepEqual(await containers(), []);
});

test('fault A24: a small chunked body is read like any other', async () => {
  const body = '{"Image":"nosuch"}';
  const { answer } = await raw(
    daemon.socket,
    `POST /containers/create HTTP/1.1\r\n${JSON_HEAD}Transfer-Encoding: chunked\r\n\r\n${body.length.toString(16)}\r\n${body}\r\n0\r\n\r\n`,
  );
  assert.match(answer, /^HTTP\/1\.1 404 .*"No such image: nosuch:latest"/s);
});

test('fault A24: a body behind Content-Length 0, two lengths, or a length beside chunks make nothing', async () => {
  const body = '{"Image":"busybox"}';
  for (const lengths of [
    'Content-Length: 0\r\n',
    `Content-Length: 0\r\nContent-Length: ${body.length}\r\n`,
    `Content-Length: ${body.length}\r\nTransfer-Encoding: chunked\r\n`,
    `Transfer-Encoding: chunked, identity\r\nContent-Length: ${body.length}\r\n`,
    `Content-Length: -1\r\n`,
    `Content-Length: +${body.length}\r\n`,
  ]) {
    const { status } = await raw(
      daemon.socket,
      `POST /containers/create?name=smuggled HTTP/1.1\r\n${JSON_HEAD}${lengths}\r\n${body}`,
    );
    assert.equal(status, 400, lengths);
  }
  assert.deepEqual(await containers(), []);
});

test('fault A25: a path that is not clean is sent to where it leads, never handled as it stands', async () => {
  await create('ab');
  for (const [path, where] of [
    ['//containers/json', '/containers/json'],
    ['/v1.41//containers/json?all=1', '/v1.41/containers/json?all=1'],
    ['/v1.41/../containers/json', '/containers/json'],
    ['/v1.41/%2e%2e/containers/json', '/containers/json'],
    ['/containers/..%2f..%2fetc%2fpasswd/json', '/etc/passwd/json'],
    ['/images/%2e%2e/json', '/json'],
  ] as const) {
    const { status, headers } = await daemon.get(path);
    assert.deepEqual([status, headers['location']], [301, where]);
  }
  assert.equal((await daemon.call('DELETE', '/containers/../containers/ab?force=1')).status, 301);
  assert.equal(await said('GET', '/V1.41/containers/json'), '404 page not found');
  assert.equal(await said('GET', '/Containers/json'), '404 page not found');
  assert.match(await said('GET', '/containers/%zz/json'), /^400 /);
  assert.equal((await containers()).length, 1);
});

test('versions that are not spoken are refused with the versions that are', async () => {
  assert.equal(
    await said('GET', '/v1.23/info'),
    '400 client version 1.23 is too old. Minimum supported API version is 1.24, please upgrade your client to a newer version',
  );
  assert.equal(
    await said('GET', '/v1.999/info'),
    '400 client version 1.999 is too new. Maximum supported API version is 1.55',
  );
  assert.match(await said('GET', '/v1/info'), /^400 client version 1 is too old/);
});

test('fault A27: a head that is too large, no HTTP and no Host end with an answer and a closed connection', async () => {
  assert.equal(
    (await raw(daemon.socket, `GET /_ping HTTP/1.1\r\nHost: x\r\nX: ${'y'.repeat(200_000)}\r\n\r\n`)).status,
    431,
  );
  assert.equal((await raw(daemon.socket, 'not http\r\n\r\n')).status, 400);
  assert.equal((await raw(daemon.socket, '\x16\x03\x01\x02\x00\x01')).status, 400);
  assert.equal((await raw(daemon.socket, 'GET /_ping HTTP/1.1\r\n\r\n')).status, 400);
});

/** Fails until the daemon has no more descriptors open than before. */
async function descriptors(): Promise<number> {
  return readdirSync(`/proc/${daemon.pid}/fd`).length;
}

test('fault A27: a thousand idle connections leave the daemon answering, and leave nothing open', async () => {
  const before = await descriptors();
  const idle = Array.from(
    { length: 1000 },
    () => new RawConnection(daemon.socket, 'GET /_ping HTTP/1.1\r\nHost: x\r\n\r\n'),
  );
  await until(() => assert.equal(idle.filter(({ status }) => status === 200).length, 1000));
  assert.equal((await daemon.get('/_ping')).body, 'OK');
  for (const { socket } of idle) socket.destroy();
  await until(async () => assert.ok((await descriptors()) <= before, `${await descriptors()} open, ${before} before`));
});

test('fault A27: clients that go in the middle of logs, events, stats, attach, wait and exec leave nothing open', async () => {
  await create('box', ['sh', '-c', 'while :; do echo line; sleep 0.01; done']);
  await daemon.call('POST', '/containers/box/start');
  const get = (path: string): string => `GET ${path} HTTP/1.1\r\nHost: x\r\n\r\n`;
  const upgrade = (path: string, body = ''): string =>
    `POST ${path} HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: tcp\r\nContent-Type: application/json\r\nContent-Length: ${body.length}\r\n\r\n${body}`;
  const exec = async (): Promise<string> =>
    (
      JSON.parse(
        (await daemon.call('POST', '/containers/box/exec', { Cmd: ['cat'], AttachStdin: true, AttachStdout: true }))
          .body,
      ) as { Id: string }
    ).Id;
  const once = async (): Promise<void> => {
    const connections = [
      get('/containers/box/logs?stdout=1&follow=1'),
      get('/events'),
      get('/containers/box/stats'),
      upgrade('/containers/box/attach?stream=1&stdout=1&stdin=1'),
      upgrade('/containers/box/attach?stream=1&stdout=1'),
      get('/containers/box/wait').replace('GET', 'POST'),
      upgrade('/containers/box/wait'),
      upgrade(`/exec/${await exec()}/start`, '{}'),
    ].map((text) => new RawConnection(daemon.socket, text));
    await until(() => assert.ok(connections.every(({ status }) => status === 200 || status === 101)));
    await pause(50);
    for (const { socket } of connections) socket.destroy();
  };
  await once();
  await pause(300);
  const before = await descriptors();
  for (let round = 0; round < 4; round += 1) await once();
  await until(async () => assert.ok((await descriptors()) <= before, `${await descriptors()} open, ${before} before`));
  const { body } = await daemon.get('/info');
  assert.equal((JSON.parse(body) as { NEventsListener: number }).NEventsListener, 0);
});

for (const [body, answer] of [
  ['', '400 invalid JSON: got EOF while reading request body'],
  ['{bad', "400 invalid JSON: invalid character 'b' looking for beginning of object key string"],
  ['{', '400 invalid JSON: unexpected EOF'],
  ['{"Image":', '400 invalid JSON: unexpected EOF'],
  ['{"Image":"busybox"} x', '400 unexpected content after JSON'],
  ['{"Image":NaN}', "400 invalid JSON: invalid character 'N' looking for beginning of value"],
  ['[]', '400 invalid JSON: json: cannot unmarshal array into Go value of type container.CreateRequest'],
  ['"x"', '400 invalid JSON: json: cannot unmarshal string into Go value of type container.CreateRequest'],
  ['null', '400 config cannot be empty in order to create a container'],
  ['{}', '400 config cannot be empty in order to create a container'],
  ['{"Image":5}', '400 invalid JSON: json: cannot unmarshal number into Go struct field .Image of type string'],
  [
    '{"Image":"busybox","Tty":"yes"}',
    '400 invalid JSON: json: cannot unmarshal string into Go struct field .Tty of type bool',
  ],
  [
    '{"Image":"busybox","Labels":[]}',
    '400 invalid JSON: json: cannot unmarshal array into Go struct field .Labels of type map[string]string',
  ],
  [
    '{"Image":"busybox","HostConfig":{"Memory":1.5}}',
    '400 invalid JSON: json: cannot unmarshal number 1.5 into Go struct field .HostConfig.Memory of type int64',
  ],
  ['{"Image":"busybox","HostConfig":{"Memory":-5}}', '400 Minimum memory limit allowed is 6MB'],
  [
    '{"Image":"busybox","HostConfig":{"PidsLimit":9223372036854775808}}',
    '400 invalid JSON: json: cannot unmarshal number 9223372036854775808 into Go struct field .HostConfig.PidsLimit of type int64',
  ],
  [
    '{"Image":"busybox","HostConfig":{"Memory":99999999999999999999}}',
    '400 invalid JSON: json: cannot unmarshal number 99999999999999999999 into Go struct field .HostConfig.Memory of type int64',
  ],
  ['{"Image":"UPPER"}', '400 invalid reference format: repository name (library/UPPER) must be lowercase'],
  [
    '{"Image":"busybox","HostConfig":{"RestartPolicy":{"Name":"x"}}}',
    "400 invalid restart policy: unknown policy 'x'; use one of 'no', 'always', 'on-failure', or 'unless-stopped'",
  ],
] as const) {
  test(`fault A28: create with ${body === '' ? 'nothing' : body}`, async () => {
    assert.equal(await said('POST', '/containers/create', body), answer);
    assert.deepEqual(await containers(), []);
  });
}

test('fault A28: __proto__ and constructor are keys like any other, and change nothing for who comes next', async () => {
  const hostile =
    '{"Image":"busybox","__proto__":{"Tty":true,"OpenStdin":true},"constructor":{"prototype":{"Tty":true}},"Labels":{"__proto__":"label","constructor":"label"},"HostConfig":{"NetworkMode":"none","__proto__":{"Privileged":true}}}';
  assert.match(await said('POST', '/containers/create?name=hostile', hostile), /^201/);
  await create('plain');
  for (const name of ['hostile', 'plain']) {
    const { Config, HostConfig } = JSON.parse((await daemon.get(`/containers/${name}/json`)).body) as {
      Config: { Tty: boolean; OpenStdin: boolean };
      HostConfig: { Privileged: boolean };
    };
    assert.deepEqual([Config.Tty, Config.OpenStdin, HostConfig.Privileged], [false, false, false]);
  }
  const labels = JSON.parse((await daemon.get('/containers/hostile/json')).body) as { Config: { Labels: object } };
  assert.deepEqual(
    Object.entries(labels.Config.Labels).toSorted(([a], [b]) => (a < b ? -1 : 1)),
    [
      ['__proto__', 'label'],
      ['constructor', 'label'],
    ],
  );
  for (const path of [
    '/containers/__proto__/json',
    '/containers/constructor/json',
    '/exec/__proto__/json',
    '/exec/toString/json',
    '/volumes/__proto__',
    '/images/constructor/json',
  ])
    assert.match(await said('GET', path), /^404 .*(No such|no such)/i, path);
  assert.match(await said('GET', '/containers/json?filters={"__proto__":["x"]}'), /^400 invalid filter '__proto__'$/);
});

test('fault A28: a hundred thousand levels of nesting are refused, and the daemon goes on', async () => {
  for (const body of [
    `{"Image":"busybox","Labels":${'{"a":'.repeat(100_000)}1${'}'.repeat(100_000)}}`,
    `{"Image":"busybox","HostConfig":{"Memory":1234567890123456789},"Labels":${'{"a":'.repeat(100_000)}1${'}'.repeat(100_000)}}`,
    '['.repeat(1_000_000),
  ])
    assert.match(await said('POST', '/containers/create', body), /^400 invalid JSON/);
  assert.match(await said('GET', `/containers/json?filters=${'['.repeat(5000)}`), /^400 invalid filter/);
  assert.equal((await daemon.get('/_ping')).body, 'OK');
});

test('fault A28: another content type and none are refused', async () => {
  const body = '{"Image":"busybox"}';
  assert.equal(
    await said('POST', '/containers/create', body, { 'Content-Type': 'text/plain' }),
    "400 unsupported Content-Type header (text/plain): must be 'application/json'",
  );
  const { answer } = await raw(
    daemon.socket,
    `POST /containers/create HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: ${body.length}\r\n\r\n${body}`,
  );
  assert.match(answer, /^HTTP\/1\.1 400 .*malformed Content-Type header \(\): mime: no media type/s);
});

test('fault A28: malformed queries and filters', async () => {
  for (const [path, answer] of [
    ['/containers/json?filters=nonsense', /^400 invalid filter$/],
    ['/containers/json?filters={"status":"exited"}', /^400 invalid filter/],
    [
      '/containers/json?filters={"status":["nosuch"]}',
      /^400 invalid filter 'status=nosuch': invalid value for state \(nosuch\)/,
    ],
    ['/containers/json?filters={"exited":["x"]}', /^400 /],
    ['/containers/json?limit=x', /^400 strconv/],
    ['/containers/json?limit=99999999999999999999', /^400 strconv.*value out of range$/],
    ['/events?since=nonsense', /^400 .*nonsense/],
    ['/events?since=9&until=1', /^400 `since` time \(9\) cannot be after `until` time \(1\)$/],
  ] as const)
    assert.match(await said('GET', path), answer, path);
});

test('fault A29: what is not there', async () => {
  for (const [method, path] of [
    ['GET', '/containers/nosuch/json'],
    ['GET', '/containers/nosuch/logs?stdout=1'],
    ['GET', '/containers/nosuch/top'],
    ['POST', '/containers/nosuch/start'],
    ['POST', '/containers/nosuch/stop'],
    ['POST', '/containers/nosuch/pause'],
    ['POST', '/containers/nosuch/rename?name=x'],
    ['POST', '/containers/nosuch/wait'],
    ['DELETE', '/containers/nosuch'],
  ] as const)
    assert.equal(await said(method, path), '404 No such container: nosuch', path);
  assert.equal(
    await said('POST', '/containers/nosuch/kill'),
    '404 cannot kill container: nosuch: No such container: nosuch',
  );
  assert.equal(await said('POST', '/containers/nosuch/exec', { Cmd: ['true'] }), '404 No such container: nosuch');
  assert.equal(await said('POST', '/exec/nosuch/start', {}), '404 No such exec instance: nosuch');
  assert.equal(await create('heir', ['true'], { VolumesFrom: ['nosuch'] }), '400 No such container: nosuch');
  assert.equal(await said('POST', '/containers/create', { Image: 'nosuch' }), '404 No such image: nosuch:latest');
  assert.equal(await said('GET', '/images/nosuch/json'), '404 No such image: nosuch:latest');
  assert.equal(await said('GET', '/volumes/nosuch'), '404 get nosuch: no such volume');
  assert.equal(await said('GET', '/nosuch'), '404 page not found');
});

test('fault A29: names that are taken or cannot be', async () => {
  assert.match(await create('taken'), /^201/);
  assert.equal(
    await create('taken'),
    '409 Conflict. The container name "/taken" is already in use by container "<id>". You have to remove (or rename) that container to be able to reuse that name.',
  );
  for (const name of ['a', '-a', 'a b', '../x', '/', 'ä'])
    assert.match(
      await create(encodeURIComponent(name)),
      /^400 Invalid container name \(.*\), only \[a-zA-Z0-9\]\[a-zA-Z0-9_\.-\] are allowed$/,
    );
  assert.equal((await containers()).length, 1);
});

test('fault A29: a prefix of an id finds one, and is refused when two have it', async () => {
  for (let index = 0; index < 17; index += 1) await create(`c${index}`);
  const ids = (await containers()).map(({ Id }) => Id);
  const [first = ''] = ids.filter((id) => ids.filter((other) => other[0] === id[0]).length > 1);
  assert.match(
    await said('GET', `/containers/${first[0]}/json`),
    /^400 .*multiple IDs found with provided prefix: .$/i,
  );
  const { body } = await daemon.get(`/containers/${first.slice(0, 12)}/json`);
  assert.equal((JSON.parse(body) as { Id: string }).Id, first);
});

test('fault A29: of many creates with one name at once, one wins, and nothing is left of the others', async () => {
  for (let round = 0; round < 3; round += 1) {
    const answers = await Promise.all(Array.from({ length: 8 }, () => create('same')));
    const codes = answers.map((answer) => answer.slice(0, 3)).toSorted();
    assert.deepEqual(codes, ['201', ...Array.from({ length: 7 }, () => '409')]);
    assert.equal((await containers()).length, 1);
    assert.equal(folders().length, 1);
    assert.equal(await said('DELETE', '/containers/same'), '204');
  }
});

test('fault A29: delete while it starts: it is gone, or it is there and runs', async () => {
  for (let round = 0; round < 5; round += 1) {
    await create('both');
    const start = said('POST', '/containers/both/start');
    await pause(round * 8);
    const remove = said('DELETE', '/containers/both?force=1');
    assert.match(await start, /^(204|404|409|500)/);
    assert.match(await remove, /^(204|409)/);
    const [left] = await containers();
    if ((await remove).startsWith('204')) assert.equal(left, undefined);
    else assert.ok(left);
    if (left) assert.equal(await said('DELETE', `/containers/${left.Id}?force=1`), '204');
    assert.deepEqual(folders(), []);
  }
});

test('fault A29: wrong state: a verb is refused in Docker’s words', async () => {
  await create('box');
  assert.equal(
    await said('POST', '/containers/box/kill'),
    '409 cannot kill container: box: container <id> is not running',
  );
  assert.equal(await said('POST', '/containers/box/pause'), '409 container <id> is not running');
  assert.equal(await said('POST', '/containers/box/exec', { Cmd: ['true'] }), '409 container <id> is not running');
  assert.equal(await said('POST', '/containers/box/stop'), '304');
  assert.equal(await said('POST', '/containers/box/start'), '204');
  assert.equal(await said('POST', '/containers/box/start'), '304');
  assert.equal(await said('POST', '/containers/box/unpause'), '500 Container <id> is not paused');
  assert.equal(
    await said('DELETE', '/containers/box'),
    '409 cannot remove container "box": container is running: stop the container before removing or force remove',
  );
  assert.match(
    await said('DELETE', '/images/busybox'),
    /^409 conflict: unable to remove repository reference "busybox" \(must force\) - container [0-9a-f]{12} is using its referenced image/,
  );
});

test('fault A29: what another container would have to run for', async () => {
  await create('box', ['sleep', '1000'], { IpcMode: 'shareable' });
  assert.match(await create('pid', ['true'], { PidMode: 'container:box' }), /^201/);
  assert.match(await create('ipc', ['true'], { IpcMode: 'container:box' }), /^201/);
  const why = 'container <id> is not running';
  assert.equal(await said('POST', '/containers/ipc/start'), `409 failed to join IPC namespace: ${why}`);
  assert.equal(await said('POST', '/containers/pid/start'), `500 failed to join PID namespace: ${why}`);
  await said('POST', '/containers/box/start');
  const { body } = await daemon.call('POST', '/containers/box/exec', { Cmd: ['true'] });
  const { Id } = JSON.parse(body) as { Id: string };
  await said('POST', '/containers/box/kill');
  // as dockerd has it: what was made and never started goes with the process
  assert.equal(await said('POST', `/exec/${Id}/resize?h=1&w=1`), '404 No such exec instance: <id>');
  assert.equal(await said('POST', `/exec/${Id}/start`, {}), '404 No such exec instance: <id>');
});

test('a signal that comes right after the start reaches the program, not the runtime before it', async () => {
  for (let time = 0; time < 5; time += 1) {
    await create('box', ['sh', '-c', 'trap "exit 5" TERM; while :; do sleep 0.01; done']);
    await said('POST', '/containers/box/start');
    assert.equal(await said('POST', '/containers/box/kill?signal=TERM'), '204');
    assert.match((await daemon.call('POST', '/containers/box/wait')).body, /"StatusCode":5/);
    await said('DELETE', '/containers/box');
  }
});

test('a session is opened with h2c, also without Connection: Upgrade', async () => {
  const session = (headers: string): string =>
    `POST /session HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n${headers}\r\n`;
  const refused = async (headers: string): Promise<string> =>
    (await raw(daemon.socket, session(`Connection: close\r\n${headers}`))).answer;
  assert.match(await refused(''), /^HTTP\/1\.1 400 .*"no upgrade proto in request"/s);
  assert.match(await refused('Upgrade: foo\r\n'), /^HTTP\/1\.1 400 .*"protocol foo not supported"/s);
  using open = new RawConnection(daemon.socket, session('X-Docker-Expose-Session-Uuid: own\r\nUpgrade: h2c\r\n'));
  await until(() => assert.match(open.answer, /^HTTP\/1\.1 101 Switching Protocols\r\n.*Upgrade: h2c\r\n/s));
});

test('fault A27: who never ends a request’s head is cut off', async () => {
  await until(() => assert.ok(slow.every(({ socket }) => socket.readableEnded || socket.destroyed)), 45_000);
  assert.equal((await daemon.get('/_ping')).body, 'OK');
});

test('the log says nothing of an internal error', () => {
  const failures = readFileSync(`${daemon.folder}/log`, 'utf8')
    .split('\n')
    .filter((line) => /"level":(50|60)|TypeError|RangeError|unhandled/i.test(line));
  assert.deepEqual(failures, []);
});
