// The API over TCP: only with certificates, unless somebody insists.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { request } from 'node:https';
import { connect, type Socket } from 'node:net';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { MAX_HANDSHAKES } from '../../src/http/listener.ts';
import { execute, TestDaemon, until } from '../support/daemon.ts';
import { freePort } from '../support/registry.ts';

const folder = mkdtempSync('/tmp/berth-tls-');
let port: number;
let daemon: TestDaemon;

function openssl(...args: string[]): void {
  execFileSync('openssl', args, { cwd: folder, stdio: 'ignore' });
}

function certificate(name: string, extensions: string): void {
  writeFileSync(join(folder, `${name}.ext`), extensions);
  openssl(
    'req',
    '-newkey',
    'rsa:2048',
    '-nodes',
    '-keyout',
    `${name}-key.pem`,
    '-out',
    `${name}.csr`,
    '-subj',
    `/CN=${name}`,
  );
  openssl(
    'x509',
    '-req',
    '-in',
    `${name}.csr`,
    '-CA',
    'ca.pem',
    '-CAkey',
    'ca-key.pem',
    '-CAcreateserial',
    '-days',
    '2',
    '-out',
    `${name}-cert.pem`,
    '-extfile',
    `${name}.ext`,
  );
}

before(async () => {
  openssl(
    'req',
    '-x509',
    '-newkey',
    'rsa:2048',
    '-nodes',
    '-keyout',
    'ca-key.pem',
    '-out',
    'ca.pem',
    '-days',
    '2',
    '-subj',
    '/CN=test ca',
  );
  certificate('server', 'subjectAltName=IP:127.0.0.1,DNS:localhost\nextendedKeyUsage=serverAuth\n');
  certificate('client', 'extendedKeyUsage=clientAuth\n');
  port = await freePort();
  const file = (name: string): string => join(folder, name);
  daemon = await TestDaemon.start([
    '--host',
    `tcp://127.0.0.1:${port}`,
    '--tlsverify',
    '--tlscacert',
    file('ca.pem'),
    '--tlscert',
    file('server-cert.pem'),
    '--tlskey',
    file('server-key.pem'),
  ]);
});

after(async () => {
  await daemon[Symbol.asyncDispose]();
  rmSync(folder, { recursive: true });
});

test('a client with a certificate of the right authority is served', async () => {
  const file = (name: string): string => join(folder, name);
  for (const client of ['docker', 'berth'] as const) {
    const flags = [
      '-H',
      `tcp://127.0.0.1:${port}`,
      '--tlsverify',
      '--tlscacert',
      file('ca.pem'),
      '--tlscert',
      file('client-cert.pem'),
      '--tlskey',
      file('client-key.pem'),
      'version',
      '--format',
      '{{.Server.Os}}',
    ];
    const entry = new URL('../../src/bin/berth.ts', import.meta.url).pathname;
    const result =
      client === 'docker' ? await execute('docker', flags) : await execute(process.execPath, [entry, ...flags]);
    assert.deepEqual({ client, ...result }, { client, code: 0, stdout: 'linux\n', stderr: '' });
  }
});

test('a context brings its certificates', async () => {
  const entry = new URL('../../src/bin/berth.ts', import.meta.url).pathname;
  const env = { DOCKER_CONFIG: join(folder, 'config'), DOCKER_HOST: '', BERTH_HOST: '' };
  const berth = (...args: string[]): ReturnType<typeof execute> => execute(process.execPath, [entry, ...args], { env });
  const pem = Object.entries({ ca: 'ca', cert: 'client-cert', key: 'client-key' });
  const files = pem.map(([key, name]) => `${key}=${join(folder, `${name}.pem`)}`).join(',');
  const made = await berth('context', 'create', 'secure', '--docker', `host=tcp://127.0.0.1:${port},${files}`);
  assert.equal(made.code, 0, made.stderr);
  assert.equal((await berth('context', 'create', 'blind', '--docker', `host=tcp://127.0.0.1:${port}`)).code, 0);
  const version = ['version', '--format', '{{.Server.Os}}'];
  assert.equal((await berth('-c', 'secure', ...version)).stdout, 'linux\n');
  assert.equal((await berth('-c', 'blind', ...version)).code, 1);
});

test('a client without a certificate is refused', async () => {
  await assert.rejects(
    new Promise((resolve, reject) => {
      const sent = request({ host: '127.0.0.1', port, path: '/info', rejectUnauthorized: false }, resolve);
      sent.once('error', reject);
      sent.end();
    }),
  );
});

test('safety L12: connections without a handshake are bounded, make room for each other, and end after 20 seconds', async () => {
  const closed = new Map<Socket, number>();
  const began = Date.now();
  const idle = Array.from({ length: MAX_HANDSHAKES + 40 }, () => {
    const socket = connect(port, '127.0.0.1');
    socket.on('error', () => undefined);
    socket.once('close', () => closed.set(socket, Date.now() - began));
    return socket.resume();
  });
  await until(() => assert.ok(closed.size >= 40));
  const file = (name: string): string => readFileSync(join(folder, `${name}.pem`), 'latin1');
  const status = await new Promise<number | undefined>((resolve, reject) => {
    const keys = { ca: file('ca'), cert: file('client-cert'), key: file('client-key') };
    request({ host: '127.0.0.1', port, path: '/_ping', ...keys }, (answer) => resolve(answer.resume().statusCode))
      .once('error', reject)
      .end();
  });
  assert.equal(status, 200);
  assert.ok(closed.size <= 45, `${closed.size} were closed`);
  await until(() => assert.equal(closed.size, idle.length), 40_000);
  const last = Math.max(...closed.values());
  assert.ok(last > 18_000 && last < 35_000, `the last one ended after ${last} ms`);
});

test('fault A26: TCP without TLS where others can reach it is refused, and on the loopback a foreign Host is', async () => {
  const entry = new URL('../../src/bin/berth.ts', import.meta.url).pathname;
  const start = (host: string): ReturnType<typeof execute> =>
    execute(
      process.execPath,
      [entry, 'daemon', '--data-root', join(folder, 'd'), '--exec-root', join(folder, 'e'), '--host', host],
      { timeoutMs: 5000 },
    );
  const refused = await start('tcp://0.0.0.0:0');
  assert.equal(refused.code, 1);
  assert.match(refused.stderr, /gives everybody who can reach it root/);
  await using open = await TestDaemon.start(['--host', `tcp://127.0.0.1:${await freePort()}`]);
  const tcp = /API listens on 127.0.0.1:(\d+)/.exec(open.log)?.[1];
  const status = async (host: string): Promise<string> =>
    (
      await execute('curl', [
        '-s',
        '-o',
        '/dev/null',
        '-w',
        '%{http_code}',
        '-H',
        `Host: ${host}`,
        `http://127.0.0.1:${tcp}/_ping`,
      ])
    ).stdout;
  assert.equal(await status('localhost'), '200');
  assert.equal(await status('evil.example'), '400');
  // safety M4: dockerd's warnings, on the loopback too
  assert.match(open.log, /Binding to IP address without --tlsverify is insecure/);
  const cross = await execute('curl', [
    '-s',
    '-o',
    '/dev/null',
    '-w',
    '%{http_code}',
    '-X',
    'POST',
    '-H',
    'Origin: https://evil.example',
    `http://127.0.0.1:${tcp}/containers/prune`,
  ]);
  assert.equal(cross.stdout, '403');
});
