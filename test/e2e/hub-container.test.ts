// Scenario: a team's hub is one command, a container like any other; it is thrown away and made anew, and its images are there.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { request } from 'node:https';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { freePort } from '../support/registry.ts';
import { execute, TestDaemon } from '../support/daemon.ts';

const ROOT = new URL('../..', import.meta.url).pathname;
/** The image is made of bundles: of these sources, whatever lies in dist/. Native packages are looked up from them on. */
const dist = mkdtempSync(join(ROOT, 'node_modules/.berth-hub-'));
const ENTRY = process.env['BERTH_TEST_ENTRY'] ?? join(dist, 'berth.cjs');

let daemon: TestDaemon;
let port = 0;
before(async () => {
  execFileSync(process.execPath, [join(ROOT, 'scripts/build.ts'), 'berth', 'hub'], {
    env: { ...process.env, BERTH_DIST: dist },
  });
  daemon = await TestDaemon.start();
  await daemon.busybox();
  port = await freePort();
});
after(async () => {
  rmSync(dist, { recursive: true });
  assert.deepEqual(await daemon.end(), []);
});

const hub = (args: readonly string[], input = '') =>
  execute(process.execPath, ['--disable-warning=ExperimentalWarning', ENTRY, '-H', daemon.host, 'hub', ...args], {
    input,
  });
const ids = async (): Promise<string> => (await daemon.berth('ps', '-aq', '--no-trunc')).stdout;

test('what was pushed is there after the hub was changed, and said again nothing changes', async () => {
  const first = await hub(['up', '-p', String(port)]);
  assert.deepEqual([first.code, first.stdout], [0, `berth-hub: http://127.0.0.1:${port}\n`], first.stderr);
  const name = `127.0.0.1:${port}/team/busybox:1`;
  await daemon.berth('tag', 'busybox', name);
  const pushed = await daemon.berth('push', name);
  assert.equal(pushed.code, 0, pushed.stderr);
  const before = await ids();
  assert.equal((await hub(['up', '-p', String(port)])).code, 0);
  assert.equal(await ids(), before);

  const changed = await hub(['up', '-p', String(port), '--no-delete']);
  assert.equal(changed.code, 0, changed.stderr);
  assert.notEqual(await ids(), before);
  await daemon.berth('rmi', name);
  const pulled = await daemon.berth('pull', '-q', name);
  assert.equal(pulled.code, 0, pulled.stderr);

  const down = await hub(['down', '-v']);
  assert.equal(down.stdout, 'berth-hub\n', down.stderr);
  assert.equal(await ids(), '');
  assert.equal((await daemon.berth('volume', 'ls', '-q')).stdout, '');
});

test('beyond this machine it wants an account, which closes it, and speaks TLS where it is given a certificate', async (t) => {
  const refused = await hub(['up', '-p', `0.0.0.0:${port}`]);
  assert.match(refused.stderr, /without accounts everybody who reaches 0\.0\.0\.0 may push and delete/);
  const short = await hub(['up', '--admin', 'ada', '-p', `0.0.0.0:${port}`], 'short\n');
  assert.match(short.stderr, /a password has 8 characters at least/);
  assert.equal(await ids(), '');

  const folder = mkdtempSync('/tmp/berth-hub-tls-');
  t.after(() => rmSync(folder, { recursive: true }));
  const [cert, key] = ['cert.pem', 'key.pem'].map((one) => join(folder, one)) as [string, string];
  const wanted = [
    '-x509',
    '-newkey',
    'rsa:2048',
    '-nodes',
    '-subj',
    '/CN=hub',
    '-days',
    '1',
    '-keyout',
    key,
    '-out',
    cert,
  ];
  execFileSync('openssl', ['req', ...wanted], { stdio: 'ignore' });
  const tls = ['--tls-cert', cert, '--tls-key', key];
  const up = await hub(['up', '--admin', 'ada', '-p', `0.0.0.0:${port}`, ...tls], 'a long password\n');
  assert.deepEqual([up.code, up.stdout], [0, `berth-hub: https://0.0.0.0:${port}\n`], up.stderr);
  const status = (headers: Record<string, string> = {}) =>
    new Promise<number | undefined>((resolve, reject) => {
      const options = { port, path: '/v2/', headers, rejectUnauthorized: false, agent: false };
      request(options, (answer) => resolve(answer.resume().statusCode))
        .once('error', reject)
        .end();
    });
  assert.equal(await status(), 401);
  const made = await ids();
  const again = await hub(['up', '-p', `0.0.0.0:${port}`, ...tls]);
  assert.equal(again.code, 0, again.stderr);
  assert.equal(await ids(), made);
  const other = await hub(['up', '-p', `0.0.0.0:${port}`, '--no-delete', ...tls]);
  assert.equal(other.code, 0, other.stderr);
  assert.notEqual(await ids(), made);
  const basic = Buffer.from('ada:a long password').toString('base64');
  assert.equal(await status({ Authorization: `Basic ${basic}` }), 200);
  const listed = await daemon.berth('exec', 'berth-hub', 'berth', 'hub', 'user', 'ls');
  assert.match(listed.stdout, /ada/, listed.stderr);
  assert.equal((await hub(['down', '-v'])).code, 0);
});

test('what cannot serve leaves the hub that there is as it was', async (t) => {
  const up = await hub(['up', '-p', String(port)]);
  assert.equal(up.code, 0, up.stderr);
  const made = await ids();
  const folder = mkdtempSync('/tmp/berth-hub-tls-');
  t.after(() => rmSync(folder, { recursive: true }));
  const broken = join(folder, 'broken.pem');
  writeFileSync(broken, 'no certificate');
  for (const [flags, said] of [
    [['--tls-cert', broken, '--tls-key', broken], /are no certificate with its key/],
    [['--pull-limit', 'much'], /PULLS\/SECONDS is wanted/],
    // there is no account, which the hub alone knows
    [['-p', `0.0.0.0:${port}`], /without accounts everybody/],
  ] as const) {
    const refused = await hub(['up', '-p', String(port), ...flags]);
    assert.notEqual(refused.code, 0);
    assert.match(refused.stderr, said);
    assert.equal(await ids(), made);
    assert.equal((await fetch(`http://127.0.0.1:${port}/v2/`)).status, 200);
  }
  assert.equal((await hub(['down', '-v'])).code, 0);
});

test('a container of that name that is no hub is left alone', async () => {
  await daemon.berth('create', '--name', 'berth-hub', 'busybox');
  for (const verb of ['up', 'down'])
    assert.match((await hub([verb])).stderr, /the container berth-hub is not a hub/, verb);
  await daemon.berth('rm', 'berth-hub');
});
