// What users met at the edges of the API: connections that are taken over, words of old versions, execs, mounts, working directories.
import assert from 'node:assert/strict';
import { connect } from 'node:net';
import { after, before, suite, test } from 'node:test';
import { TestDaemon, until } from '../support/daemon.ts';

let daemon: TestDaemon;

/** What is answered to these bytes, until it has `enough` or a moment has passed. */
async function raw(bytes: string, enough: RegExp): Promise<string> {
  const socket = connect(daemon.socket);
  let text = '';
  socket.setEncoding('latin1').on('data', (part: string) => (text += part));
  socket.write(bytes);
  try {
    await until(() => assert.match(text, enough));
  } finally {
    socket.destroy();
  }
  return text;
}

async function call(method: string, path: string, body?: object): Promise<{ status: number; body: string }> {
  const { status, body: text } = await daemon.call(method, path, body);
  return { status, body: text };
}

async function created(body: object): Promise<string> {
  const answer = await call('POST', '/containers/create', {
    Image: 'busybox',
    ...body,
    HostConfig: { NetworkMode: 'none', ...('HostConfig' in body ? (body.HostConfig as object) : {}) },
  });
  assert.equal(answer.status, 201, answer.body);
  return (JSON.parse(answer.body) as { Id: string }).Id;
}

async function started(body: object): Promise<string> {
  const id = await created(body);
  assert.equal((await call('POST', `/containers/${id}/start`)).status, 204);
  return id;
}

const removed = (id: string) => call('DELETE', `/containers/${id}?force=1&v=1`);
const execOf = async (id: string, body: object): Promise<string> =>
  (JSON.parse((await call('POST', `/containers/${id}/exec`, body)).body) as { Id: string }).Id;

suite('edges of the API', () => {
  before(async () => {
    daemon = await TestDaemon.start();
    await daemon.busybox();
  });

  after(async () => {
    assert.deepEqual(await daemon.end(), []);
  });

  test('users S13, E14: attach and exec are taken over with and without Upgrade, and input may follow in the same packet', async () => {
    const id = await started({ Cmd: ['cat'], OpenStdin: true });
    const input = 'GET /no/request HTTP/1.1\r\n\r\n';
    for (const [header, status] of [
      ['', '200 OK'],
      ['Upgrade: tcp\r\n', '101 UPGRADED'],
      ['Connection: Upgrade\r\nUpgrade: tcp\r\n', '101 UPGRADED'],
    ] as const) {
      const head = `HTTP/1.1\r\nHost: x\r\n${header}`;
      const path = `/v1.51/containers/${id}/attach?stream=1&stdin=1&stdout=1`;
      const attached = await raw(
        `POST ${path} ${head}\r\n${input}`,
        /\r\n\r\n[^]{8}GET \/no\/request HTTP\/1\.1\r\n\r\n/,
      );
      assert.ok(attached.startsWith(`HTTP/1.1 ${status}\r\n`), attached);
      const exec = await execOf(id, { Cmd: ['cat'], AttachStdin: true, AttachStdout: true });
      const start = `POST /v1.51/exec/${exec}/start ${head}Content-Type: application/json\r\nContent-Length: 2\r\n\r\n{}`;
      const ran = await raw(`${start}${input}`, /\r\n\r\n[^]{8}GET \/no\/request HTTP\/1\.1\r\n\r\n/);
      assert.ok(ran.startsWith(`HTTP/1.1 ${status}\r\n`), ran);
    }
    const refused = await raw('POST /v1.51/containers/nosuch/attach HTTP/1.1\r\nHost: x\r\n\r\n', /No such container/);
    assert.match(refused, /^HTTP\/1\.1 404 /);
    await removed(id);
  });

  test('users S13: clients of before 1.24 are refused in plain text, and only where there is something', async () => {
    const old = await daemon.call('GET', '/v1.23/info');
    assert.deepEqual([old.status, old.headers['content-type']], [400, 'text/plain; charset=utf-8']);
    assert.match(old.body, /^client version 1\.23 is too old\. .*\n$/);
    assert.deepEqual(await call('GET', '/v1.23/nosuch'), { status: 404, body: '{"message":"page not found"}\n' });
    assert.match((await call('GET', '/v1.99/info')).body, /^\{"message":"client version 1\.99 is too new/);
  });

  test('users S13: an exec that was not started goes with the process; one is refused by the name that was used', async () => {
    const id = await started({ Cmd: ['sleep', '1000'] });
    const exec = await execOf(id, { Cmd: ['true'] });
    await call('POST', `/containers/${id}/pause`);
    const short = id.slice(0, 12);
    assert.equal(
      (await call('POST', `/containers/${short}/exec`, { Cmd: ['true'] })).body,
      `{"message":"Container ${short} is paused, unpause the container before exec"}\n`,
    );
    await call('POST', `/containers/${id}/stop?t=0`);
    assert.deepEqual(await call('POST', `/exec/${exec}/start`, {}), {
      status: 404,
      body: `{"message":"No such exec instance: ${exec}"}\n`,
    });
    await removed(id);
  });

  test('users S7: nothing is mounted inside /proc, directly or by a link, but files that tell about the machine', async () => {
    const link = await started({ Cmd: ['ln', '-s', '/proc', '/p'] });
    await call('POST', `/containers/${link}/wait`);
    assert.equal((await call('POST', `/commit?container=${link}&repo=linked`)).status, 201);
    await removed(link);
    for (const HostConfig of [
      { Binds: ['/tmp:/proc/sys'] },
      { Binds: ['/tmp:/p/sys'] },
      { Binds: ['vol:/proc/x'] },
      { Tmpfs: { '/proc/sys': '' } },
    ]) {
      const id = await created({ Image: 'linked', Cmd: ['true'], HostConfig });
      const { status, body } = await call('POST', `/containers/${id}/start`);
      assert.equal(status, 500, body);
      assert.match(body, /cannot be mounted because it is inside \/proc/);
      await removed(id);
    }
    const id = await started({ Cmd: ['cat', '/proc/uptime'], HostConfig: { Binds: ['/dev/null:/proc/uptime'] } });
    await removed(id);
    await call('DELETE', '/images/linked');
    await call('DELETE', '/volumes/vol');
  });

  test('users S8: the working directory is there from the creation on, and what is none is refused', async () => {
    const id = await created({ Cmd: ['true'], WorkingDir: '/no/dir' });
    assert.equal((await call('HEAD', `/containers/${id}/archive?path=/no/dir`)).status, 200);
    assert.deepEqual(JSON.parse((await call('GET', `/containers/${id}/changes`)).body), [
      { Path: '/no', Kind: 1 },
      { Path: '/no/dir', Kind: 1 },
    ]);
    await removed(id);
    const refused = await call('POST', '/containers/create', { Image: 'busybox', WorkingDir: '/etc/passwd' });
    assert.deepEqual(refused, { status: 500, body: '{"message":"Cannot mkdir: /etc/passwd is not a directory"}\n' });
  });
});
