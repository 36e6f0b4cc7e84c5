// Registries that ask who it is: passwords, tokens, certificates, credential helpers; with both clients.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { type Client, execute, TestDaemon } from '../support/daemon.ts';
import { Bystander } from '../support/no-side-effects.ts';
import { TestRegistry } from '../support/registry.ts';
import { TokenServer } from '../support/token-server.ts';

let daemon: TestDaemon;
let folder = '';
const clients: readonly Client[] = ['docker', 'berth'];

before(async () => {
  folder = mkdtempSync('/tmp/berth-auth-');
  mkdirSync(join(folder, 'certs.d'));
  daemon = await TestDaemon.start([
    '--registry-certs',
    join(folder, 'certs.d'),
    '--insecure-registry',
    'plain.example:1',
  ]);
  await daemon.busybox();
});
after(async () => {
  rmSync(folder, { recursive: true, force: true });
  assert.deepEqual(await daemon.end(), []);
});

function with_(client: Client, config: string, args: readonly string[], input = ''): ReturnType<TestDaemon['client']> {
  return daemon.client(client, ['--config', config, ...args], {
    input,
    env: { PATH: `${folder}/bin:${process.env['PATH']}` },
  });
}

function passwords(): string[] {
  const file = join(folder, 'htpasswd');
  writeFileSync(file, execFileSync('htpasswd', ['-Bbn', 'ada', 'secret']));
  return ['htpasswd:', '  realm: test', `  path: ${file}`];
}

/** A certificate of an authority of its own, good for a day or since yesterday no more. */
function certificate(name: string, subject: string, days: 1 | -1 = 1): { cert: string; key: string } {
  const [cert, key, request] = [`${name}.pem`, `${name}.key`, `${name}.csr`].map((file) => join(folder, file));
  const openssl = (words: string): Buffer => execFileSync('openssl', words.split(' '), { stdio: 'pipe' });
  const options = `-subj /CN=test -addext subjectAltName=${subject} -keyout ${key} -out ${request}`;
  openssl(`req -new -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes ${options}`);
  openssl(`x509 -req -in ${request} -signkey ${key} -copy_extensions copy -days ${days} -out ${cert}`);
  return { cert: cert ?? '', key: key ?? '' };
}

test('a password opens a registry: login, push, pull, logout', async () => {
  await using registry = await TestRegistry.start({ auth: passwords() });
  const name = `${registry.address}/mine/bb:1`;
  for (const client of clients) {
    const config = mkdtempSync(join(folder, `${client}-`));
    await with_(client, config, ['tag', 'busybox', name]);
    const closed = await with_(client, config, ['push', name]);
    assert.equal(closed.code, 1, client);
    assert.equal(closed.stderr, 'no basic auth credentials\n');
    const wrong = await with_(client, config, ['login', '-u', 'ada', '--password-stdin', registry.address], 'no');
    assert.equal(wrong.code, 1);
    assert.equal(
      wrong.stderr,
      `Error response from daemon: login attempt to http://${registry.address}/v2/ failed with status: 401 Unauthorized\n`,
    );
    const right = await with_(client, config, ['login', '-u', 'ada', '--password-stdin', registry.address], 'secret\n');
    assert.equal(right.code, 0, right.stderr);
    assert.match(right.stdout, /Login Succeeded/);
    const kept = JSON.parse(readFileSync(join(config, 'config.json'), 'utf8')) as {
      auths: Record<string, { auth: string }>;
    };
    assert.equal(Buffer.from(kept.auths[registry.address]?.auth ?? '', 'base64').toString(), 'ada:secret');
    const again = await with_(client, config, ['login', registry.address]);
    assert.deepEqual(again, {
      code: 0,
      stdout: 'Login Succeeded\n',
      stderr:
        "Authenticating with existing credentials... [Username: ada]\n\n Info -> To login with a different account, run 'docker logout' followed by 'docker login'\n\n\n",
    });
    const pushed = await with_(client, config, ['push', name]);
    assert.equal(pushed.code, 0, pushed.stderr);
    await with_(client, config, ['rmi', name]);
    const pulled = await with_(client, config, ['pull', name]);
    assert.equal(pulled.code, 0, pulled.stderr);
    // users S5: the classic builder is given what the client knows
    await with_(client, config, ['rmi', name]);
    const { command, env } = { command: ['build', '--pull', '-'], env: { DOCKER_BUILDKIT: '0' } };
    const built = await daemon.client(client, ['--config', config, ...command], { input: `FROM ${name}\n`, env });
    assert.equal(built.code, 0, built.stderr);
    const out = await with_(client, config, ['logout', registry.address]);
    assert.equal(out.stdout, `Removing login credentials for ${registry.address}\n`);
    assert.equal(
      (await with_(client, config, ['pull', name])).stderr,
      `Error response from daemon: Head "http://${registry.address}/v2/mine/bb/manifests/1": no basic auth credentials\n`,
    );
    const search = await with_(client, config, ['search', `${registry.address}/bb`]);
    assert.equal(search.stderr, 'Error response from daemon: Unexpected status code 404\n');
    await with_(client, config, ['rmi', '-f', name]);
  }
  assert.ok(!daemon.log.includes('secret'), 'a password is in the log');
});

test('credentials are kept by host, found as older clients kept them, and what is broken is only said', async () => {
  await using registry = await TestRegistry.start({ auth: passwords() });
  const name = `${registry.address}/kept/bb:1`;
  for (const client of clients) {
    const config = mkdtempSync(join(folder, `${client}-`));
    const file = join(config, 'config.json');
    const auths = (): object => (JSON.parse(readFileSync(file, 'utf8')) as { auths: object }).auths;
    for (const written of [`${registry.address}/`, `https://${registry.address}/v1/`]) {
      const login = await with_(client, config, ['login', '-u', 'ada', '--password-stdin', written], 'secret');
      assert.equal(login.code, 0, login.stderr);
      assert.deepEqual(Object.keys(auths()), [registry.address], `${client} ${written}`);
    }
    const [entry] = Object.values(auths()) as object[];
    writeFileSync(file, JSON.stringify({ auths: { [`http://${registry.address}/v2/`]: entry } }));
    await with_(client, config, ['tag', 'busybox', name]);
    const pushed = await with_(client, config, ['push', name]);
    assert.equal(pushed.code, 0, pushed.stderr);
    writeFileSync(file, '{bad');
    const broken = await with_(client, config, ['push', name]);
    assert.match(broken.stderr, /^WARNING: Error parsing config file \(.*config\.json\): invalid character 'b'/);
    assert.match(broken.stderr, /no basic auth credentials/);
    await with_(client, config, ['rmi', name]);
  }
  await using open = await TestRegistry.start();
  const config = mkdtempSync(join(folder, 'helperless-'));
  writeFileSync(join(config, 'config.json'), '{"credsStore":"missing"}');
  await with_('berth', config, ['tag', 'busybox', `${open.address}/bb`]);
  const pushed = await with_('berth', config, ['push', `${open.address}/bb`]);
  assert.equal(pushed.code, 0, pushed.stderr);
  assert.match(pushed.stderr, /WARNING: error getting credentials - err: exec: "docker-credential-missing"/);
});

test('a token server: scopes for what is done, a refresh token after login', async () => {
  const keys = certificate('token', 'DNS:token');
  await using tokens = await TokenServer.start(keys);
  await using registry = await TestRegistry.start({
    auth: [
      'token:',
      `  realm: http://${tokens.address}/token`,
      '  service: reg',
      '  issuer: test',
      `  rootcertbundle: ${keys.cert}`,
    ],
  });
  const name = `${registry.address}/team/bb:1`;
  const config = mkdtempSync(join(folder, 'token-'));
  await daemon.docker('tag', 'busybox', name);
  const denied = await with_('docker', config, ['push', name]);
  assert.deepEqual([denied.code, denied.stderr], [1, 'denied: requested access to the resource is denied\n']);
  const login = await with_('docker', config, ['login', '-u', 'ada', '--password-stdin', registry.address], 'secret');
  assert.equal(login.code, 0, login.stderr);
  assert.match(readFileSync(join(config, 'config.json'), 'utf8'), /identitytoken/);
  const pushed = await with_('docker', config, ['push', name]);
  assert.equal(pushed.code, 0, pushed.stderr);
  assert.ok(tokens.scopes.has('repository:team/bb:pull,push'), [...tokens.scopes].join(' '));
  // the same blob for another repository of the registry is taken over, which needs a right to read the first
  const other = `${registry.address}/team/other:1`;
  await daemon.docker('tag', 'busybox', other);
  const mounted = await with_('berth', config, ['push', other]);
  assert.equal(mounted.code, 0, mounted.stderr);
  assert.match(mounted.stdout, /: Mounted from team\/bb\n/);
  await daemon.docker('rmi', '-f', name, other);
  const pulled = await with_('berth', config, ['pull', '-q', name]);
  assert.deepEqual([pulled.code, pulled.stdout], [0, `${name}\n`]);
  assert.ok(tokens.scopes.has('repository:team/bb:pull'));
  const anonymous = await daemon.docker('pull', name);
  assert.match(anonymous.stderr, /pull access denied for .*, repository does not exist or may require 'docker login'/);
});

test('fault I17: a certificate that nobody vouches for is refused, one in certs.d is taken, another name is not', async () => {
  const good = certificate('good', 'IP:127.0.0.1,DNS:reg.test');
  await using registry = await TestRegistry.start({ tls: good });
  const port = registry.address.split(':')[1] ?? '';
  // the loopback may go unverified, another name may not
  await using named = await TestDaemon.start(['--registry-certs', join(folder, 'certs.d')]);
  const unknown = await named.call('GET', `/distribution/${encodeURIComponent(`${hostWithDot()}:${port}/x`)}/json`);
  assert.match(unknown.body, /x509: certificate signed by unknown authority|tls: failed to verify certificate/);
  mkdirSync(join(folder, 'certs.d', `${hostWithDot()}:${port}`), { recursive: true });
  writeFileSync(join(folder, 'certs.d', `${hostWithDot()}:${port}`, 'ca.crt'), readFileSync(good.cert));
  await using again = await TestDaemon.start(['--registry-certs', join(folder, 'certs.d')]);
  const wrongName = await again.call('GET', `/distribution/${encodeURIComponent(`${hostWithDot()}:${port}/x`)}/json`);
  assert.match(wrongName.body, /x509: certificate is valid for 127\.0\.0\.1, not \d/);
  const named2 = certificate('named', `IP:127.0.0.1,DNS:${hostWithDot()},IP:${hostWithDot()}`);
  await using second = await TestRegistry.start({ tls: named2 });
  const port2 = second.address.split(':')[1] ?? '';
  mkdirSync(join(folder, 'certs.d', `${hostWithDot()}:${port2}`), { recursive: true });
  writeFileSync(join(folder, 'certs.d', `${hostWithDot()}:${port2}`, 'ca.crt'), readFileSync(named2.cert));
  const right = await again.call('GET', `/distribution/${encodeURIComponent(`${hostWithDot()}:${port2}/x`)}/json`);
  assert.match(right.body, /manifest unknown/);
  const old = certificate('old', `IP:${hostWithDot()}`, -1);
  await using third = await TestRegistry.start({ tls: old });
  const past = `${hostWithDot()}:${third.address.split(':')[1] ?? ''}`;
  mkdirSync(join(folder, 'certs.d', past), { recursive: true });
  writeFileSync(join(folder, 'certs.d', past, 'ca.crt'), readFileSync(old.cert));
  using bystander = new Bystander();
  await bystander.unharmed(again, 'an expired certificate', async () => {
    const pulled = await again.docker('pull', `${past}/x`);
    assert.equal(pulled.code, 1);
    assert.match(pulled.stderr, /tls: failed to verify certificate: x509: certificate has expired or is not yet valid/);
  });
  await again.end();
  await named.end();
});

test('fault I17: a registry without TLS is not spoken to unless it is named as insecure', async () => {
  await using registry = await TestRegistry.start();
  const port = registry.address.split(':')[1] ?? '';
  using bystander = new Bystander();
  await bystander.unharmed(daemon, 'a registry without TLS', async () => {
    const refused = await daemon.docker('pull', `${hostWithDot()}:${port}/x`);
    assert.match(refused.stderr, /http: server gave HTTP response to HTTPS client/);
  });
  await using open = await TestDaemon.start(['--insecure-registry', `${hostWithDot()}/32`]);
  const missing = await open.docker('pull', `${hostWithDot()}:${port}/x`);
  assert.match(missing.stderr, /manifest unknown/);
  await open.end();
});

test('credential helpers are asked, told and made to forget', async () => {
  await using registry = await TestRegistry.start({ auth: passwords() });
  const bin = join(folder, 'bin');
  mkdirSync(bin, { recursive: true });
  const store = join(folder, 'helper-store');
  writeFileSync(
    join(bin, 'docker-credential-test'),
    `#!/bin/sh
case $1 in
store) cat > ${store};;
get) cat > /dev/null; [ -e ${store} ] || { echo "credentials not found in native keychain"; exit 1; }; cat ${store};;
erase) cat > /dev/null; rm -f ${store};;
esac
`,
  );
  chmodSync(join(bin, 'docker-credential-test'), 0o755);
  for (const client of clients) {
    const config = mkdtempSync(join(folder, `helper-${client}-`));
    writeFileSync(join(config, 'config.json'), JSON.stringify({ credHelpers: { [registry.address]: 'test' } }));
    const login = await with_(client, config, ['login', '-u', 'ada', '--password-stdin', registry.address], 'secret');
    assert.equal(login.code, 0, login.stderr);
    assert.match(readFileSync(store, 'utf8'), /"Secret":"secret"/);
    assert.ok(!readFileSync(join(config, 'config.json'), 'utf8').includes('"auth"'));
    const name = `${registry.address}/h/bb:1`;
    await with_(client, config, ['tag', 'busybox', name]);
    const pushed = await with_(client, config, ['push', '-q', name]);
    assert.deepEqual([pushed.code, pushed.stdout], [0, `${name}\n`], pushed.stderr);
    await with_(client, config, ['logout', registry.address]);
    assert.throws(() => readFileSync(store));
  }
});

/** An address of this machine that is not the loopback's 127.0.0.0/8 by name, yet reached over it. */
function hostWithDot(): string {
  return '0.0.0.0';
}

test('skopeo reads what was pushed, and what it pushes in every form is pulled', async () => {
  await using registry = await TestRegistry.start();
  const own = `${registry.address}/own:1`;
  await daemon.docker('tag', 'busybox', own);
  assert.equal((await daemon.docker('push', own)).code, 0);
  const theirs = `${registry.address}/theirs`;
  // every form that skopeo writes: Docker's and OCI's manifests, gzip and zstd layers
  const forms: [string, string[]][] = [
    ['v2s2', ['--format', 'v2s2', '--dest-compress-format', 'gzip']],
    ['oci', ['--format', 'oci', '--dest-compress-format', 'gzip']],
    ['zstd', ['--format', 'oci', '--dest-compress-format', 'zstd']],
    ['plain', ['--format', 'oci', '--dest-decompress']],
  ];
  const archive = join(folder, 'saved.tar');
  assert.equal((await daemon.docker('save', '-o', archive, 'busybox')).code, 0);
  for (const [tag, args] of forms) {
    const to = `docker://${theirs}:${tag}`;
    const sent = await execute('skopeo', [
      'copy',
      '-q',
      '--dest-tls-verify=false',
      ...args,
      `docker-archive:${archive}`,
      to,
    ]);
    assert.equal(sent.code, 0, `${tag}: ${sent.stderr}`);
    const ran = await daemon.docker('run', '--rm', '--network', 'none', `${theirs}:${tag}`, 'echo', tag);
    assert.deepEqual([ran.code, ran.stdout], [0, `${tag}\n`], ran.stderr);
  }
  const all = await daemon.berth('pull', '-a', '-q', theirs);
  assert.deepEqual([all.code, all.stdout], [0, `${theirs}\n`], all.stderr);
  const tags = await daemon.berth('search', '--list-tags', '--format', '{{.Tag}}', theirs);
  assert.deepEqual(tags.stdout.split('\n').slice(0, -1).toSorted(), forms.map(([tag]) => tag).toSorted());
  await daemon.docker('tag', `${theirs}:oci`, `${registry.address}/all:a`);
  await daemon.docker('tag', `${theirs}:v2s2`, `${registry.address}/all:b`);
  assert.equal((await daemon.docker('push', '-a', `${registry.address}/all`)).code, 0);
  const seen = await execute('skopeo', ['list-tags', '--tls-verify=false', `docker://${registry.address}/all`]);
  assert.deepEqual((JSON.parse(seen.stdout) as { Tags: string[] }).Tags.toSorted(), ['a', 'b']);
});

test('buildah and podman: each reads what was pushed and saved, and what they push and save comes back', async () => {
  await using registry = await TestRegistry.start();
  const storage = join(folder, 'containers');
  const own = ['--root', join(storage, 'root'), '--runroot', join(storage, 'run'), '--storage-driver', 'vfs'];
  const plain = '--tls-verify=false';
  const their = async (program: 'buildah' | 'podman', ...args: string[]): Promise<string> => {
    const { code, stdout, stderr } = await execute(program, [...own, ...args]);
    assert.equal(code, 0, `${program} ${args.join(' ')}: ${stderr}`);
    return stdout.trim();
  };
  const ours = async (...args: string[]): Promise<string> => {
    const { code, stdout, stderr } = await daemon.docker(...args);
    assert.equal(code, 0, `docker ${args.join(' ')}: ${stderr}`);
    return stdout.trim();
  };
  const [pushed, made] = [`${registry.address}/own:1`, `${registry.address}/made:1`];
  writeFileSync(join(folder, 'note'), 'from buildah\n');
  await ours('tag', 'busybox', pushed);
  await ours('push', '-q', pushed);
  const container = await their('buildah', 'from', plain, pushed);
  await their('buildah', 'copy', '-q', container, join(folder, 'note'), '/note');
  await their('buildah', 'commit', '-q', container, 'made');
  await their('buildah', 'push', '-q', plain, 'made', `docker://${made}`);
  await ours('pull', '-q', made);
  const [oci, saved, back] = ['oci', 'saved', 'back'].map((name) => join(folder, `${name}.tar`)) as [
    string,
    string,
    string,
  ];
  await their('buildah', 'push', '-q', 'made', `oci-archive:${oci}:made:oci`);
  assert.equal(await ours('load', '-i', oci), 'Loaded image: made:oci');
  await ours('save', '-o', saved, made);
  await their('podman', 'load', '-q', '-i', saved);
  await their('podman', 'save', '-q', '-o', back, made);
  const id = await ours('inspect', '-f', '{{.Id}}', made);
  await ours('rmi', '-f', id);
  assert.equal(await ours('load', '-i', back), `Loaded image: ${made}`);
  assert.equal(await ours('inspect', '-f', '{{.Id}}', made), id);
  assert.equal(await ours('run', '--rm', '--network', 'none', made, 'cat', '/note'), 'from buildah');
  await ours('rmi', '-f', made, pushed);
});

test('a manifest list: made with either client, pulled by platform', async () => {
  await using registry = await TestRegistry.start();
  const [image, list] = [`${registry.address}/one:1`, `${registry.address}/list:1`];
  await daemon.docker('tag', 'busybox', image);
  await daemon.docker('push', image);
  const digests: string[] = [];
  for (const client of clients) {
    const config = mkdtempSync(join(folder, `list-${client}-`));
    const made = await with_(client, config, [
      'manifest',
      'create',
      ...(client === 'docker' ? ['--insecure'] : []),
      list,
      image,
    ]);
    assert.equal(made.stdout, `Created manifest list ${list}\n`, made.stderr);
    const noted = await with_(client, config, [
      'manifest',
      'annotate',
      list,
      image,
      '--arch',
      'arm64',
      '--variant',
      'v8',
    ]);
    assert.equal(noted.code, 0, noted.stderr);
    const again = await with_(client, config, ['manifest', 'create', list, image]);
    assert.equal(again.stderr, 'refusing to amend an existing manifest list with no --amend flag\n');
    digests.push((await with_(client, config, ['manifest', 'inspect', list])).stdout);
    const pushed = await with_(client, config, [
      'manifest',
      'push',
      '-p',
      ...(client === 'docker' ? ['--insecure'] : []),
      list,
    ]);
    assert.equal(pushed.code, 0, pushed.stderr);
    digests.push(pushed.stdout);
    assert.equal((await with_(client, config, ['manifest', 'rm', list])).code, 1);
  }
  assert.deepEqual(digests.slice(0, 2), digests.slice(2));
  const none = await daemon.docker('pull', list);
  assert.equal(none.stderr, 'no matching manifest for linux/amd64 in the manifest list entries\n');
  const chosen = await daemon.docker('pull', '--platform', 'linux/arm64', list);
  assert.equal(chosen.code, 0, chosen.stderr);
  const inspected = await daemon.call('GET', `/distribution/${encodeURIComponent(list)}/json`);
  const { Platforms } = JSON.parse(inspected.body) as { Platforms: unknown };
  assert.deepEqual(Platforms, [{ os: 'linux', architecture: 'arm64', variant: 'v8' }]);
});

test('search asks the index of a registry, filters what it answers, and says what is wrong', async () => {
  const results = [
    { name: 'library/alpha', description: 'the first', star_count: 100, is_official: true, is_automated: false },
    { name: 'me/beta', description: '', star_count: 3, is_official: false, is_automated: true },
  ];
  const asked: string[] = [];
  const server = createServer(({ url = '' }, response) => {
    if (url.startsWith('/v2/')) return void response.end('{}');
    asked.push(url);
    if (url.includes('boom')) response.statusCode = 500;
    return void response.end(url.includes('noise') ? '{none' : JSON.stringify({ results }));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const there = `127.0.0.1:${(server.address() as AddressInfo).port}`;
  try {
    const found = async (...words: string[]): Promise<string> => {
      const { stdout, stderr } = await daemon.docker('search', '--format', '{{.Name}} {{.StarCount}}', ...words);
      return stdout + stderr;
    };
    assert.equal(await found('--limit', '7', `${there}/a`), 'library/alpha 100\nme/beta 3\n');
    assert.match(asked.at(-1) ?? '', /^\/v1\/search\?q=a&n=7$/);
    assert.equal(await found('-f', 'stars=4', `${there}/a`), 'library/alpha 100\n');
    assert.equal(await found('-f', 'is-official=false', `${there}/a`), 'me/beta 3\n');
    assert.match(await found('-f', 'stars=x', `${there}/a`), /invalid filter 'stars=x': strconv.Atoi: parsing "x"/);
    assert.match(await found('-f', 'is-official=maybe', `${there}/a`), /invalid filter 'is-official=\[maybe\]'/);
    assert.match(await found('--limit', '101', `${there}/a`), /limit 101 is outside the range of \[1, 100\]/);
    assert.match(await found(`${there}/boom`), /Unexpected status code 500/);
    assert.match(await found(`${there}/noise`), /error decoding registry search results/);
  } finally {
    server.close();
  }
});
