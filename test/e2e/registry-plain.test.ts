// Pull and push with a plain registry, as the docker CLI does it; and other programs reading what was pushed.
import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { sha256 } from '../../src/base/ids.ts';
import type { Descriptor } from '../../src/spec/oci/index.ts';
import { execute, TestDaemon } from '../support/daemon.ts';
import { writeLayout } from '../support/layout.ts';
import { TestRegistry } from '../support/registry.ts';

interface Described {
  readonly ImageManifestDescriptor?: Descriptor;
}

let daemon: TestDaemon;
let registry: TestRegistry;
let name = '';

before(async () => {
  registry = await TestRegistry.start();
  daemon = await TestDaemon.start();
  await daemon.busybox();
  name = `${registry.address}/some/bb`;
});
after(async () => {
  await registry[Symbol.asyncDispose]();
  assert.deepEqual(await daemon.end(), []);
});

test('docker push sends an image, a second push finds it there', async () => {
  await daemon.docker('tag', 'busybox', `${name}:1`);
  const first = await daemon.docker('push', `${name}:1`);
  assert.equal(first.code, 0, first.stderr);
  assert.match(
    first.stdout,
    /^The push refers to repository \[127\.0\.0\.1:\d+\/some\/bb\]\n[0-9a-f]{12}: Preparing\n/,
  );
  assert.match(first.stdout, /\n[0-9a-f]{12}: Pushed\n1: digest: sha256:[0-9a-f]{64} size: \d+\n$/);
  const second = await daemon.docker('push', `${name}:1`);
  assert.match(second.stdout, /: Layer already exists\n/);
  assert.equal(second.stdout.split('\n').at(-2), first.stdout.split('\n').at(-2));
  // what was made here is Docker's own kind of manifest with gzip, which clients of every age read
  const raw = await execute('skopeo', ['inspect', '--raw', '--tls-verify=false', `docker://${name}:1`]);
  const { mediaType, layers } = JSON.parse(raw.stdout) as { mediaType: string; layers: { mediaType: string }[] };
  assert.equal(mediaType, 'application/vnd.docker.distribution.manifest.v2+json');
  for (const layer of layers) assert.equal(layer.mediaType, 'application/vnd.docker.image.rootfs.diff.tar.gzip');
});

test('docker pull brings it back, and a container runs from it', async () => {
  await daemon.docker('rmi', '-f', 'busybox', `${name}:1`);
  const pulled = await daemon.docker('pull', `${name}:1`);
  assert.equal(pulled.code, 0, pulled.stderr);
  assert.match(
    pulled.stdout,
    /^1: Pulling from some\/bb\n[0-9a-f]{12}: Pulling fs layer\n[\s\S]*[0-9a-f]{12}: Pull complete\nDigest: sha256:[0-9a-f]{64}\nStatus: Downloaded newer image for 127/,
  );
  const again = await daemon.docker('pull', `${name}:1`);
  assert.match(
    again.stdout,
    /^1: Pulling from some\/bb\nDigest: sha256:[0-9a-f]{64}\nStatus: Image is up to date for 127/,
  );
  const ran = await daemon.docker('run', '--rm', '--network', 'none', `${name}:1`, 'echo', 'here');
  assert.equal(ran.stdout, 'here\n');
});

test('docker run pulls what is missing', async () => {
  await daemon.docker('rmi', '-f', `${name}:1`);
  const ran = await daemon.docker('run', '--rm', '--network', 'none', `${name}:1`, 'echo', 'pulled');
  assert.equal(ran.stdout, 'pulled\n');
  assert.match(ran.stderr, /^Unable to find image '127.*' locally\n1: Pulling from some\/bb\n/);
});

test('what is not there is said in Docker’s words', async () => {
  const missing = await daemon.docker('pull', `${registry.address}/nope`);
  assert.deepEqual(
    [missing.code, missing.stderr],
    [
      1,
      `Error response from daemon: manifest for ${registry.address}/nope:latest not found: manifest unknown: manifest unknown\n`,
    ],
  );
  const refers = (path: string): string => `The push refers to repository [${registry.address}/${path}]\n`;
  for (const [asked, out, words] of [
    [
      'nope',
      `Using default tag: latest\n${refers('nope')}`,
      `An image does not exist locally with the tag: ${registry.address}/nope`,
    ],
    ['some/bb:nope', refers('some/bb'), `tag does not exist: ${name}:nope`],
  ] as const)
    assert.deepEqual(await daemon.docker('push', `${registry.address}/${asked}`), {
      code: 1,
      stdout: out,
      stderr: `${words}\n`,
    });
  const other = `image with reference ${name}:1 was found but its platform (linux/amd64) does not match the specified platform (linux/arm64)`;
  const another = await daemon.docker('push', '--platform', 'linux/arm64', `${name}:1`);
  assert.equal(another.stderr, `Error response from daemon: ${other}\n`);
  const warned = await daemon.docker('pull', '--platform', 'linux/arm64', `${name}:1`);
  assert.deepEqual(warned.stdout.split('\n').slice(-4), [
    `Status: Image is up to date for ${name}:1`,
    `WARNING: ${other}`,
    `${name}:1`,
    '',
  ]);
  const nobody = await daemon.docker('pull', '127.0.0.1:1/x');
  assert.match(
    nobody.stderr,
    /Get "https?:\/\/127\.0\.0\.1:1\/v2\/": dial tcp 127\.0\.0\.1:1: connect: connection refused/,
  );
});

test('skopeo reads what was pushed', async () => {
  const seen = await execute('skopeo', ['inspect', '--tls-verify=false', `docker://${name}:1`]);
  assert.equal(seen.code, 0, seen.stderr);
  assert.deepEqual((JSON.parse(seen.stdout) as { RepoTags: string[] }).RepoTags, ['1']);
});

test('an image of two platforms is pulled a platform at a time, saved, loaded and pushed byte for byte', async () => {
  const layout = join(registry.folder, 'layout');
  const { index, images } = writeLayout(layout, '1');
  const [amd64, arm64] = images;
  const two = `${registry.address}/two:1`;
  const docker = async (...args: string[]): Promise<string> => {
    const { code, stdout, stderr } = await daemon.docker(...args);
    assert.equal(code, 0, stderr);
    return stdout;
  };
  const raw = async (name: string): Promise<string> => {
    const seen = await execute('skopeo', ['inspect', '--raw', '--tls-verify=false', name]);
    assert.equal(seen.code, 0, seen.stderr);
    return sha256(Buffer.from(seen.stdout));
  };
  const sent = ['copy', '-q', '--all', '--dest-tls-verify=false', `oci:${layout}:1`, `docker://${two}`];
  assert.equal((await execute('skopeo', sent)).code, 0);
  await docker('pull', '--platform', 'linux/amd64', two);
  assert.match(await docker('pull', '--platform', 'linux/arm64', two), /Status: Downloaded newer image/);
  assert.match(await docker('pull', '--platform', 'linux/arm64', two), /Status: Image is up to date/);
  const windows = await daemon.docker('pull', '--platform', 'windows/amd64', two);
  assert.deepEqual(windows, {
    code: 1,
    stdout: '1: Pulling from two\n',
    stderr: 'no matching manifest for windows/amd64 in the manifest list entries\n',
  });
  const tree = await docker('images', '--tree');
  for (const [platform, one] of [
    ['linux/amd64', amd64],
    ['linux/arm64', arm64],
  ] as const)
    assert.match(tree, new RegExp(`─ ${platform} +${one?.manifest.slice(7, 19)} +[1-9]`));
  const inspected = await docker(
    'image',
    'inspect',
    '--platform',
    'linux/arm64',
    '--format',
    '{{.Id}} {{.RepoTags}}',
    two,
  );
  assert.equal(inspected, `${arm64?.id} [${two}]\n`);
  assert.match(await docker('history', '--platform', 'linux/arm64', two), /by hand for arm64/);
  await docker('create', '--name', 'foreign', '--platform', 'linux/arm64', two);
  assert.equal(await docker('inspect', '--format', '{{.Image}} {{.Path}}', 'foreign'), `${arm64?.id} /arm64\n`);
  for (const [version, manifest] of [
    ['v1.48', arm64?.manifest],
    ['v1.47', undefined],
  ] as const) {
    const one = JSON.parse((await daemon.call('GET', `/${version}/containers/foreign/json`)).body) as Described;
    const list = await daemon.call('GET', `/${version}/containers/json?all=1&filters={"name":["foreign"]}`);
    const [listed] = JSON.parse(list.body) as Described[];
    const descriptors = [one, listed].map((shown) => shown?.ImageManifestDescriptor);
    assert.deepEqual(
      descriptors.map((shown) => [shown?.digest, shown?.platform?.architecture]),
      Array(2).fill(manifest ? [manifest, 'arm64'] : [undefined, undefined]),
    );
  }
  const inUse = await daemon.docker('rmi', '--platform', 'linux/arm64', two);
  assert.match(inUse.stderr, /image is being used by stopped container/);
  await docker('rm', 'foreign');
  const arm = encodeURIComponent('{"os":"linux","architecture":"arm64"}');
  const said = await daemon.call('GET', `/v1.55/images/${two}/attestations?statement=1&platform=${arm}`);
  const [statement, ...others] = JSON.parse(said.body) as { Statement: { predicate: unknown } }[];
  assert.deepEqual([statement?.Statement.predicate, others.length], [{ of: arm64?.manifest }, 0]);

  const archive = join(registry.folder, 'two.tar');
  await docker('save', '-o', archive, two);
  assert.equal(await raw(`oci-archive:${archive}`), index);
  const taken = await execute('skopeo', ['inspect', '--config', `docker-archive:${archive}`]);
  assert.match(taken.stdout, /by hand for amd64/);
  await docker('rmi', two);
  assert.match(await docker('load', '-i', archive), /Loaded image: /);
  await docker('tag', two, `${registry.address}/copy:1`);
  await docker('push', `${registry.address}/copy:1`);
  assert.equal(await raw(`docker://${registry.address}/copy:1`), index);

  await docker('rmi', '--force', '--platform', 'linux/amd64', two);
  assert.equal(await docker('images', '--no-trunc', '-q', two), `${arm64?.id}\n`);
  const pushed = await docker('push', `${registry.address}/copy:1`);
  assert.match(pushed, new RegExp(`1: digest: ${index} `), 'what the registry has is not needed here');
  await docker('tag', two, `${registry.address}/part:1`);
  assert.match(await docker('push', `${registry.address}/part:1`), new RegExp(`1: digest: ${arm64?.manifest} `));
  await docker('image', 'prune', '--all', '--force', '--filter', 'until=2026-01-01T00:00:00Z');
  assert.equal(await docker('images', '-q', '--no-trunc', '--filter', `reference=${registry.address}/*`), '');
  const kept = JSON.parse((await daemon.call('GET', '/system/df')).body) as { Images: { Id: string }[] };
  assert.ok(!kept.Images.some(({ Id }) => images.some(({ id }) => id === Id)));
});

test('fault I18: what is no reference is refused, and nothing is asked of anybody', async () => {
  const digest = `sha256:${'a'.repeat(64)}`;
  const bad = [
    'Foo',
    'a/../b',
    '../a',
    'a'.repeat(300),
    'a@sha256:zz',
    'latest@',
    '@latest',
    'аpple',
    'a b',
    'a\u0000b',
    `a@${digest}x`,
    'a:',
    '.a/b',
    'https://a/b',
  ];
  for (const name of bad) {
    const answer = await daemon.call('POST', `/images/create?fromImage=${encodeURIComponent(name)}&tag=1`);
    // a colon at the end is left out, as dockerd does
    if (name === 'a:') assert.notEqual(answer.status, 400, name);
    else assert.deepEqual([answer.status, answer.body.includes('message')], [400, true], `${name}: ${answer.body}`);
  }
  const port = await daemon.call('POST', '/images/create?fromImage=127.0.0.1:99999/a&tag=1');
  assert.match(port.body, /dial tcp: address 99999: invalid port/);
  const tag = await daemon.call('POST', '/images/create?fromImage=a&tag=-x');
  assert.deepEqual([tag.status, tag.body], [400, '{"message":"invalid tag format"}\n']);
});

test('a name whose host has an underscore is kept as it is, and is in no registry', async () => {
  const name = 'my_host.local/library/app:1';
  await daemon.busybox();
  assert.equal((await daemon.docker('tag', 'busybox', name)).code, 0);
  assert.match(
    (await daemon.docker('image', 'inspect', '-f', '{{.RepoTags}}', 'busybox')).stdout,
    / ?my_host\.local\/library\/app:1/,
  );
  for (const verb of ['pull', 'push'])
    assert.match((await daemon.docker(verb, name)).stderr, /Get "https:\/v2\/": http: no Host in request URL/);
  assert.equal((await daemon.docker('rmi', name)).stdout, `Untagged: ${name}\n`);
});

test('users B15: images whose layers are zstd:chunked, of many frames, are pulled, run and saved', async () => {
  const list = ['sh', '-c', 'find / -xdev -type f -o -xdev -type l | sort | xargs ls -ld | wc'];
  const plain = await daemon.docker('run', '--rm', '--network', 'none', `${name}:1`, ...list);
  await daemon.docker('tag', `${name}:1`, 'chunked:src');
  const folder = await mkdtemp(join(tmpdir(), 'berth-chunked-'));
  try {
    assert.equal((await daemon.docker('save', '-o', join(folder, 'src.tar'), 'chunked:src')).code, 0);
    await daemon.docker('rmi', '-f', 'chunked:src', `${name}:1`);
    const target = `${registry.address}/some/chunked:1`;
    const options = '-q --insecure-policy --dest-tls-verify=false -f oci --dest-compress-format zstd:chunked'.split(
      ' ',
    );
    const source = `docker-archive:${join(folder, 'src.tar')}`;
    const copied = await execute('skopeo', ['copy', ...options, source, `docker://${target}`]);
    assert.equal(copied.code, 0, copied.stderr);
    const raw = await execute('skopeo', ['inspect', '--raw', '--tls-verify=false', `docker://${target}`]);
    assert.match(raw.stdout, /tar\+zstd/);
    const pulled = await daemon.docker('pull', target);
    assert.equal(pulled.code, 0, pulled.stderr);
    const ran = await daemon.docker('run', '--rm', '--network', 'none', target, ...list);
    assert.deepEqual([ran.code, ran.stdout], [0, plain.stdout], ran.stderr);
    assert.match(ran.stdout, /^ *[1-9]\d\d /);
    assert.equal((await daemon.docker('save', '-o', join(folder, 'again.tar'), target)).code, 0);
    await daemon.docker('rmi', '-f', target);
    assert.equal((await daemon.docker('load', '-i', join(folder, 'again.tar'))).code, 0);
    const again = await daemon.docker('run', '--rm', '--network', 'none', target, 'echo', 'loaded');
    assert.equal(again.stdout, 'loaded\n');
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
});
