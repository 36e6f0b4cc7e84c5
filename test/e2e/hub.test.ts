// The hub with the clients of others: docker over a daemon, skopeo, podman, buildah, crane, oras; and docker-registry on its directory.
import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { findProgram } from '../../src/host/find.ts';
import { execute, type Result, TestDaemon } from '../support/daemon.ts';
import { HubProcess } from '../support/hub.ts';
import { writeLayout } from '../support/layout.ts';
import { TestRegistry } from '../support/registry.ts';

const BERTH = new URL('../../src/bin/berth.ts', import.meta.url).pathname;

let hub: HubProcess;
let folder = '';

before(async () => {
  folder = mkdtempSync('/tmp/berth-hub-clients-');
  hub = await HubProcess.start();
});
after(async () => {
  await hub[Symbol.asyncDispose]();
  rmSync(folder, { recursive: true, force: true });
});

const missing = (program: string): string | false =>
  findProgram(program) === undefined ? `${program} is not installed` : false;

async function fine(file: string, ...args: string[]): Promise<Result> {
  const result = await execute(file, args);
  assert.equal(result.code, 0, `${file} ${args.join(' ')}\n${result.stderr}`);
  return result;
}

test('docker pushes to it and pulls from it, and a container runs', { skip: missing('docker') }, async () => {
  const daemon = await TestDaemon.start();
  try {
    await daemon.busybox();
    const name = `${hub.address}/team/busybox:1`;
    await daemon.docker('tag', 'busybox', name);
    const pushed = await daemon.docker('push', name);
    assert.equal(pushed.code, 0, pushed.stderr);
    const again = await daemon.docker('push', name);
    assert.match(again.stdout, /: Layer already exists\n/);
    const other = `${hub.address}/team/copy:1`;
    await daemon.docker('tag', 'busybox', other);
    assert.match((await daemon.docker('push', other)).stdout, /: Mounted from team\/busybox\n/);
    await daemon.docker('rmi', '-f', 'busybox', name, other);
    const ran = await daemon.docker('run', '--rm', '--network', 'none', name, 'echo', 'from the hub');
    assert.equal(ran.stdout, 'from the hub\n', ran.stderr);
  } finally {
    assert.deepEqual(await daemon.end(), []);
  }
});

test('skopeo copies an index with all its platforms, lists its tags and deletes one', {
  skip: missing('skopeo'),
}, async () => {
  const layout = join(folder, 'layout');
  mkdirSync(layout);
  const { index } = writeLayout(layout, 'v1');
  const target = `docker://${hub.address}/skopeo/app`;
  await fine(
    'skopeo',
    'copy',
    '--all',
    '--preserve-digests',
    '--dest-tls-verify=false',
    `oci:${layout}:v1`,
    `${target}:v1`,
  );
  await fine(
    'skopeo',
    'copy',
    '--all',
    '--src-tls-verify=false',
    '--dest-tls-verify=false',
    `${target}:v1`,
    `${target}:v2`,
  );
  const inspected = await fine('skopeo', 'inspect', '--raw', '--tls-verify=false', `${target}@${index}`);
  assert.equal((JSON.parse(inspected.stdout) as { manifests: object[] }).manifests.length, 4);
  const listed = await fine('skopeo', 'list-tags', '--tls-verify=false', target);
  assert.deepEqual((JSON.parse(listed.stdout) as { Tags: string[] }).Tags, ['v1', 'v2']);
  await fine('skopeo', 'delete', '--tls-verify=false', `${target}:v2`);
  const gone = await execute('skopeo', ['inspect', '--tls-verify=false', `${target}:v1`]);
  assert.notEqual(gone.code, 0, 'skopeo deletes the manifest with all its tags');
});

test('podman and buildah push and pull', { skip: missing('buildah') || missing('podman') }, async () => {
  const store = ['--root', join(folder, 'store'), '--runroot', join(folder, 'run'), '--storage-driver', 'vfs'];
  const context = join(folder, 'context');
  mkdirSync(context);
  writeFileSync(join(context, 'Dockerfile'), 'FROM scratch\nCOPY file /file\nLABEL by=buildah\n');
  writeFileSync(join(context, 'file'), 'content\n');
  const name = `${hub.address}/buildah/app:1`;
  await fine('buildah', ...store, 'bud', '-t', name, context);
  await fine('buildah', ...store, 'push', '--tls-verify=false', name);
  await fine('buildah', ...store, 'rmi', name);
  await fine('podman', ...store, 'pull', '--tls-verify=false', name);
  const inspected = await fine('podman', ...store, 'image', 'inspect', '--format', '{{.Labels.by}}', name);
  assert.equal(inspected.stdout, 'buildah\n');
  await fine('podman', ...store, 'tag', name, `${hub.address}/podman/app:1`);
  await fine('podman', ...store, 'push', '--tls-verify=false', '--format', 'v2s2', `${hub.address}/podman/app:1`);
});

test('crane pushes, copies, lists and pulls', { skip: missing('crane') }, async () => {
  const layout = join(folder, 'crane-layout');
  mkdirSync(layout);
  writeLayout(layout, 'v1');
  await fine('crane', 'push', '--insecure', '--index', layout, `${hub.address}/crane/app:1`);
  await fine('crane', 'copy', '--insecure', `${hub.address}/crane/app:1`, `${hub.address}/crane/copy:1`);
  const digest = await fine('crane', 'digest', '--insecure', `${hub.address}/crane/copy:1`);
  assert.equal(digest.stdout, (await fine('crane', 'digest', '--insecure', `${hub.address}/crane/app:1`)).stdout);
  await fine('crane', 'pull', '--insecure', '--format', 'oci', `${hub.address}/crane/copy:1`, join(folder, 'pulled'));
  assert.match((await fine('crane', 'catalog', '--insecure', hub.address)).stdout, /^crane\/copy$/m);
});

test('oras attaches artifacts and finds them as referrers', { skip: missing('oras') }, async () => {
  const file = join(folder, 'chart.txt');
  writeFileSync(file, 'any bytes\n');
  const name = `${hub.address}/oras/thing:1`;
  const relative = ['--plain-http', '--disable-path-validation'];
  await fine('oras', 'push', ...relative, name, `${file}:text/plain`);
  await fine(
    'oras',
    'attach',
    ...relative,
    '--artifact-type',
    'application/vnd.example.sbom',
    name,
    `${file}:text/plain`,
  );
  const found = await fine('oras', 'discover', '--plain-http', '--format', 'json', name);
  assert.match(found.stdout, /application\/vnd\.example\.sbom/);
});

test('docker-registry serves the directory of a hub, and a hub that of docker-registry', {
  skip: missing('docker-registry') || missing('skopeo'),
}, async () => {
  const layout = join(folder, 'exchange');
  mkdirSync(layout);
  writeLayout(layout, 'v1');
  const copy = (to: string): Promise<Result> =>
    fine('skopeo', 'copy', '--all', '--dest-tls-verify=false', `oci:${layout}:v1`, `docker://${to}/exchanged:v1`);
  const rawOf = async (address: string): Promise<string> =>
    (await fine('skopeo', 'inspect', '--raw', '--tls-verify=false', `docker://${address}/exchanged:v1`)).stdout;
  await using registry = await TestRegistry.start();
  await copy(registry.address);
  {
    await using over = await HubProcess.start({ root: join(registry.folder, 'data') });
    assert.equal(await rawOf(over.address), await rawOf(registry.address));
    await fine('skopeo', 'copy', '--dest-tls-verify=false', `oci:${layout}:v1`, `docker://${over.address}/added:v1`);
  }
  const added = `docker://${registry.address}/added:v1`;
  await fine('skopeo', 'copy', '--src-tls-verify=false', added, `dir:${join(folder, 'from-docker-registry')}`);
  const collected = await fine('docker-registry', 'garbage-collect', '--dry-run', join(registry.folder, 'config.yml'));
  assert.match(collected.stdout + collected.stderr, /added: marking manifest[\s\S]* 0 blobs and 0 manifests eligible/);
});

test('a docker-registry with passwords is imported, the second time only what is missing', {
  skip: missing('docker-registry') || missing('skopeo') || missing('htpasswd'),
}, async () => {
  const passwords = join(folder, 'htpasswd');
  writeFileSync(passwords, (await fine('htpasswd', '-Bbn', 'ada', 'secret')).stdout);
  await using registry = await TestRegistry.start({
    auth: ['htpasswd:', '  realm: test', `  path: ${passwords}`],
  });
  const layout = join(folder, 'imported');
  mkdirSync(layout);
  const { index } = writeLayout(layout, 'v1');
  const push = (name: string): Promise<Result> =>
    fine(
      'skopeo',
      'copy',
      '--all',
      '--dest-creds',
      'ada:secret',
      '--dest-tls-verify=false',
      `oci:${layout}:v1`,
      `docker://${registry.address}/${name}`,
    );
  await push('team/app:v1');
  await push('team/app:v2');
  await push('alone:v1');
  const root = join(folder, 'import-root');
  mkdirSync(root);
  const words = ['--', BERTH, 'hub', 'import', registry.address, '--root', root, '--insecure', '-u', 'ada'];
  const wrong = await execute(process.execPath, words, { input: 'wrong\n' });
  assert.equal(wrong.code, 1);
  assert.match(wrong.stderr, /unauthorized|UNAUTHORIZED|no basic auth|incorrect/i);
  const first = await execute(process.execPath, words, { input: 'secret\n' });
  assert.equal(first.code, 0, first.stderr);
  assert.match(first.stdout, /^3 tags of 2 repositories came with \d+ blobs of \d+ bytes; 0 tags were here already$/m);
  await push('team/app:v3');
  const second = await execute(process.execPath, [...words, '--only', 'team/*'], { input: 'secret\n' });
  assert.match(second.stdout, /^1 tags of 1 repositories came with 0 blobs of 0 bytes; 2 tags were here already$/m);
  await using over = await HubProcess.start({ root });
  const copy = join(folder, 'import-copy');
  await fine(
    'skopeo',
    'copy',
    '--all',
    '--preserve-digests',
    '--src-tls-verify=false',
    `docker://${over.address}/team/app:v3`,
    `dir:${copy}`,
  );
  const raw = await fine(
    'skopeo',
    'inspect',
    '--raw',
    '--tls-verify=false',
    `docker://${over.address}/team/app@${index}`,
  );
  assert.equal((JSON.parse(raw.stdout) as { manifests: object[] }).manifests.length, 4);
  // one who serves is not worked on behind its back
  const refused = await execute(process.execPath, words, { input: 'secret\n' });
  assert.equal(refused.code, 1);
  assert.match(refused.stderr, /berth hub follow/);
});

test('accounts made while it serves are asked for: login, push, a robot that only reads', {
  skip: missing('skopeo'),
}, async () => {
  await using other = await HubProcess.start();
  const console = async (input: string, ...words: string[]): Promise<string> => {
    const result = await execute(process.execPath, ['--', BERTH, 'hub', ...words, '--root', other.root], { input });
    assert.equal(result.code, 0, result.stderr);
    return result.stdout;
  };
  await console('correct horse\n', 'user', 'add', 'ada', '--admin');
  const secret = (await console('', 'robot', 'add', 'ci', '--expires', '90d')).split('\n')[1] ?? '';
  await console('', 'grant', 'robot-ci', 'team/*', 'read');
  const auth = join(folder, 'auth.json');
  const login = (name: string, password: string): Promise<Result> =>
    execute('skopeo', ['login', '--authfile', auth, '--tls-verify=false', '-u', name, '-p', password, other.address]);
  assert.notEqual((await login('ada', 'wrong')).code, 0);
  assert.equal((await login('ada', 'correct horse')).code, 0);
  const layout = join(folder, 'private');
  mkdirSync(layout);
  writeLayout(layout, 'v1');
  const push = ['copy', '--authfile', auth, '--dest-tls-verify=false', `oci:${layout}:v1`];
  await fine('skopeo', ...push, `docker://${other.address}/team/app:1`);
  assert.equal((await login('robot-ci', secret)).code, 0);
  await fine('skopeo', 'inspect', '--authfile', auth, '--tls-verify=false', `docker://${other.address}/team/app:1`);
  const refused = await execute('skopeo', [...push, `docker://${other.address}/team/app:2`]);
  assert.match(refused.stderr, /denied|unauthorized/i);
  assert.match(await console('', 'audit'), /ada +127\.0\.0\.1 +push +team\/app +1/);
});

test('a signal ends it when what is under way is done', async () => {
  const other = await HubProcess.start();
  const answer = await fetch(`http://${other.address}/v2/`);
  await answer.text();
  assert.equal(await other.stop(), 0);
  await other[Symbol.asyncDispose]();
});
