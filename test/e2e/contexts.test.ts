// Daemons with a name: kept where Docker's client keeps them, copied to other machines, reached through ssh.
import assert from 'node:assert/strict';
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { execute, type Result, TestDaemon } from '../support/daemon.ts';

const ENTRY = new URL('../../src/bin/berth.ts', import.meta.url).pathname;
const folder = mkdtempSync('/tmp/berth-contexts-');
let daemon: TestDaemon;

before(async () => {
  daemon = await TestDaemon.start();
  await daemon.busybox();
});
after(async () => {
  rmSync(folder, { recursive: true });
  assert.deepEqual(await daemon.end(), []);
});

type Client = 'docker' | 'berth';
const CLIENTS: readonly Client[] = ['docker', 'berth'];

/** A client that is told of its daemon by its configuration alone. */
function run(client: Client, config: string, args: readonly string[], env: NodeJS.ProcessEnv = {}): Promise<Result> {
  const [file, ...first] = client === 'docker' ? ['docker'] : [process.execPath, ENTRY];
  const own = { DOCKER_CONFIG: config, DOCKER_HOST: '', BERTH_HOST: '', DOCKER_CONTEXT: '', DOCKER_CLI_HINTS: 'false' };
  return execute(file ?? '', [...first, ...args], { env: { ...own, ...env } });
}

const home = (name: string): string => {
  const path = join(folder, name);
  mkdirSync(path, { recursive: true });
  return path;
};

test('what one client makes the other uses, changes and removes, in the same words', async () => {
  const said: Record<Client, string[]> = { docker: [], berth: [] };
  for (const [first, second] of [CLIENTS, CLIENTS.toReversed()] as [Client, Client][]) {
    const config = home(`shared-${first}`);
    const say = async (client: Client, ...args: string[]): Promise<void> => {
      const { code, stdout, stderr } = await run(client, config, args);
      said[first].push(`${args.join(' ')}: ${code}\n${stdout}${stderr}`.replaceAll(`shared-${first}`, 'shared'));
    };
    await say(first, 'context', 'create', 'here', '--description', 'a test', '--docker', `host=${daemon.host}`);
    await say(second, 'context', 'use', 'here');
    await say(first, 'context', 'show');
    await say(second, 'ps', '-q');
    await say(first, 'version', '--format', '{{.Server.Os}}');
    await say(second, 'context', 'inspect', 'here', '-f', '{{.Name}} {{json .Endpoints}} {{.TLSMaterial}}');
    await say(first, 'context', 'create', 'copy', '--from', 'here');
    await say(second, 'context', 'update', 'copy', '--description', 'changed');
    await say(first, 'context', 'ls', '--format', '{{.Name}} {{.Current}} {{.Description}} {{.Error}}');
    await say(second, 'context', 'rm', 'here');
    await say(first, 'context', 'rm', '-f', 'here', 'nope');
    await say(second, 'context', 'show');
    await say(first, 'context', 'rm', 'default', 'nope', 'copy');
    await say(second, '-c', 'nope', 'ps');
    await say(first, 'context', 'create', 'a', '--docker', 'host=x');
    await say(first, 'context', 'create', 'bad', '--docker', 'host=x');
    await say(second, 'context', 'create', 'bad', '--docker', 'host=ssh://a:b@c');
    await say(first, 'context', 'ls', '-q');
  }
  assert.deepEqual(said.berth, said.docker);
});

test('a context goes to another machine as an archive, certificates included, and names in it that lead out are refused', async () => {
  const [from, to] = [home('from'), home('to')];
  for (const name of ['ca', 'cert', 'key']) writeFileSync(join(folder, name), `the ${name}`);
  const files = ['ca', 'cert', 'key'].map((name) => `${name}=${join(folder, name)}`).join(',');
  const made = await run('berth', from, [
    'context',
    'create',
    'away',
    '--docker',
    `host=tcp://192.0.2.1:2376,${files}`,
  ]);
  assert.equal(made.code, 0, made.stderr);
  for (const [exporter, importer] of [CLIENTS, CLIENTS.toReversed()] as [Client, Client][]) {
    const path = join(folder, `${exporter}.dockercontext`);
    const written = await run(exporter, from, ['context', 'export', 'away', path]);
    assert.deepEqual([written.code, written.stderr], [0, `Written file "${path}"\n`]);
    const again = await run('berth', from, ['context', 'export', 'away', path]);
    assert.deepEqual([again.code, again.stderr], [1, `open ${path}: file exists\n`]);
    const read = await run(importer, to, ['context', 'import', `by-${exporter}`, path]);
    assert.equal(read.code, 0, read.stderr);
    const shown = await run('docker', to, [
      'context',
      'inspect',
      `by-${exporter}`,
      '-f',
      '{{json .TLSMaterial}} {{.Storage.TLSPath}}',
    ]);
    const [material, store] = shown.stdout.trim().split(' ');
    assert.equal(material, '{"docker":["ca.pem","cert.pem","key.pem"]}');
    assert.equal(readFileSync(join(store ?? '', 'docker/key.pem'), 'utf8'), 'the key');
  }
  const { TAR_TRAILER, tarHeader } = await import('../../src/host/sandbox/index.ts');
  for (const name of ['tls/docker/../../../out', '../out', 'tls/../out', '/out', 'tls/out']) {
    writeFileSync(
      join(folder, 'evil'),
      Buffer.concat([
        tarHeader({ name: 'meta.json', type: 'file', size: 2 }),
        Buffer.from('{}'.padEnd(512, '\0')),
        tarHeader({ name, type: 'file' }),
        TAR_TRAILER,
      ]),
    );
    const { code, stderr } = await run('berth', to, ['context', 'import', 'evil', join(folder, 'evil')]);
    assert.equal(code, 1, name);
    assert.match(stderr, /unexpected (context file|path format)|archive format is invalid/, name);
  }
  assert.equal((await run('berth', to, ['context', 'ls', '-q'])).stdout, 'by-berth\nby-docker\ndefault\n');
});

test('ssh: commands, streams and their ends go through it, and what it says is said', async () => {
  const bin = home('bin');
  // what sshd does with it: the login shell gets the words after the host
  writeFileSync(
    join(bin, 'ssh'),
    `#!/bin/sh\necho "$*" >> ${folder}/ssh.log\nwhile [ "$1" != -- ]; do shift; done\n[ "$2" = far ] || { echo "ssh: no route to $2" >&2; exit 255; }\nshift 2\nexec sh -c "$*"\n`,
  );
  writeFileSync(join(bin, 'berth'), `#!/bin/sh\nunset DOCKER_HOST\nexec ${process.execPath} ${ENTRY} "$@"\n`);
  for (const name of ['ssh', 'berth']) chmodSync(join(bin, name), 0o755);
  const env = { PATH: `${bin}:${process.env['PATH']}` };
  const config = home('ssh');
  const host = `ssh://ada@far:2222${daemon.socket}`;
  const made = await run('berth', config, ['context', 'create', 'far', '--docker', `host=${host}`], env);
  assert.equal(made.code, 0, made.stderr);
  const far = (...args: string[]): Promise<Result> => run('berth', config, ['-c', 'far', ...args], env);
  const ran = await far('run', '--rm', 'busybox', 'sh', '-c', 'echo out; echo err >&2; exit 3');
  assert.deepEqual(ran, { code: 3, stdout: 'out\n', stderr: 'err\n' });
  const { code, stdout } = await execute(
    process.execPath,
    [ENTRY, '-H', host, 'run', '-i', '--rm', 'busybox', 'wc', '-c'],
    {
      env,
      input: 'x'.repeat(3_000_000),
    },
  );
  assert.deepEqual([code, stdout], [0, '3000000\n']);
  assert.match(readFileSync(join(folder, 'ssh.log'), 'utf8'), /^-l ada -p 2222 -o ConnectTimeout=30 -T -- far sh -c /);
  const lost = await run('berth', config, ['-H', 'ssh://near', 'ps'], env);
  assert.equal(lost.code, 1);
  assert.match(lost.stderr, /has exited with exit status 255, .*stderr=ssh: no route to near/);
});

test('parity says in what two containers differ, by hash where it may be secret, and a file remembers the place', async () => {
  const config = home('parity');
  const berth = (...args: string[]): Promise<Result> => run('berth', config, args, { BERTH_AUTOSTART: '0' });
  await berth('context', 'create', 'here', '--docker', `host=${daemon.host}`);
  await berth('context', 'use', 'here');
  const make = (name: string, ...flags: string[]) => berth('create', '--name', name, ...flags, 'busybox', 'true');
  await make('parity-1', '-m', '64m', '-e', 'SECRET=one', '--cap-add', 'NET_ADMIN');
  await make('parity-2', '-m', '128m', '-e', 'SECRET=two', '-v', '/tmp:/x:ro');
  const found = await berth('parity', 'parity-1', 'here/parity-2', '--format', 'json');
  assert.equal(found.code, 1, found.stderr);
  const rows = JSON.parse(found.stdout) as { what: string; left: string; right: string }[];
  assert.deepEqual(
    rows.map(({ what, left, right }) =>
      what.startsWith('env') ? [what, left.length, right.length] : [what, left, right],
    ),
    [
      ['capabilities added', 'NET_ADMIN', ''],
      ['env SECRET', 12, 12],
      ['limit memory', '67108864', '134217728'],
      ['limit memory and swap', '134217728', '268435456'],
      ['mount /x', '', 'bind, read-only'],
    ],
  );
  assert.equal((await berth('parity', 'parity-1', 'here/parity-1')).code, 0);

  const lock = join(config, 'lock');
  assert.equal((await berth('parity', 'here', '--lock', lock)).code, 0);
  assert.equal((await berth('parity', 'here', '--lock', lock)).code, 0);
  await berth('rm', 'parity-2');
  const changed = await berth('parity', 'here', '--lock', lock);
  assert.equal(changed.code, 1);
  assert.match(changed.stdout, /^parity-2 +container +- +there$/m);
  await berth('rm', 'parity-1');
  assert.equal((await berth('parity', 'here/nothing', 'here')).code, 2);
  writeFileSync(lock, '{}');
  const broken = await berth('parity', 'here', '--lock', lock);
  assert.deepEqual([broken.code, broken.stderr], [2, `${lock}: it is no lock file of berth parity\n`]);
});
