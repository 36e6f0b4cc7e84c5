// Layers, archives and registries made by somebody who means harm: whatever they try, nothing beside the daemon changes, its memory
// stays flat and nothing of it is in the store.
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type RequestListener, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { constants, gzipSync, zstdCompressSync } from 'node:zlib';
import { sha256 } from '../../src/base/ids.ts';
import { TAR_TRAILER, tarHeader, tarPadding } from '../../src/host/sandbox/index.ts';
import { FakeRegistry } from '../../src/images/pull/testing.ts';
import { MEDIA } from '../../src/spec/oci/index.ts';
import { pause, type Result, TestDaemon } from '../support/daemon.ts';
import { Bystander } from '../support/no-side-effects.ts';

let daemon: TestDaemon;
let bystander: Bystander;
let registry: FakeRegistry;
let folder = '';

before(async () => {
  folder = mkdtempSync('/tmp/berth-hostile-');
  bystander = new Bystander();
  registry = await FakeRegistry.start();
  daemon = await TestDaemon.start();
  // threads and code that every first time needs
  for (const [name, enter] of Object.entries(DOORS))
    assert.equal((await enter('usual', tar(['f', {}, 'x']))).code, 0, name);
});
after(async () => {
  rmSync(folder, { recursive: true });
  await registry[Symbol.asyncDispose]();
  bystander[Symbol.dispose]();
  assert.deepEqual(await daemon.end(), []);
});

type Fields = Partial<Parameters<typeof tarHeader>[0]>;
type Item = readonly [name: string, fields?: Fields, content?: string | Buffer];

function tar(...items: readonly Item[]): Buffer {
  return Buffer.concat([
    ...items.flatMap(([name, fields = {}, content = '']) => {
      const bytes = Buffer.from(content);
      return [
        tarHeader({ name, type: 'file', size: bytes.length, ...fields }),
        bytes,
        Buffer.alloc(tarPadding(bytes.length)),
      ];
    }),
    TAR_TRAILER,
  ]);
}

/** An archive of `docker save` with this layer, whatever else is said of it. */
function imageArchive(tag: string, layer: Buffer, config: object = {}): Buffer {
  const rootfs = { type: 'layers', diff_ids: [sha256(layer)] };
  return tar(
    ['manifest.json', {}, JSON.stringify([{ Config: 'config.json', RepoTags: [tag], Layers: ['layer.tar'] }])],
    ['config.json', {}, JSON.stringify({ architecture: 'amd64', os: 'linux', config: {}, rootfs, ...config })],
    ['layer.tar', {}, layer],
  );
}

/** Ways of a layer into the store. */
const DOORS: Readonly<Record<string, (name: string, layer: Buffer) => Promise<Result>>> = {
  import: (name, layer) => {
    writeFileSync(join(folder, 'layer'), layer);
    return daemon.docker('import', join(folder, 'layer'), `${name}:import`);
  },
  load: (name, layer) => load(imageArchive(`${name}:load`, layer)),
  pull: (name, layer) => {
    registry.layers(name, [layer]);
    return daemon.docker('pull', '-q', `${registry.address}/a/b:${name}`);
  },
};

function load(archive: Buffer): Promise<Result> {
  writeFileSync(join(folder, 'archive'), archive);
  return daemon.docker('load', '-q', '-i', join(folder, 'archive'));
}

const nameFrom = (what: string): string =>
  what
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .replace(/-+$/, '');

interface Case {
  readonly what: string;
  readonly layer: Buffer;
  /** Of one that is refused. What is taken is confined instead. */
  readonly says?: RegExp;
  /** All when not given. */
  readonly doors?: readonly string[];
}

/** Each case through each door. What was taken is removed again, so that nothing may be left in either case. */
async function harmless(cases: readonly Case[]): Promise<void> {
  for (const { what, layer, says, doors = ['import', 'load', 'pull'] } of cases)
    for (const [door, enter] of Object.entries(DOORS)) {
      if (!doors.includes(door)) continue;
      await bystander.unharmed(daemon, `${what} (${door})`, async () => {
        const name = nameFrom(what);
        const { code, stdout, stderr } = await enter(name, layer);
        if (says) {
          assert.notEqual(code, 0, `${what} (${door}) was taken`);
          assert.match(stderr, says, `${what} (${door})`);
          return;
        }
        assert.equal(code, 0, `${what} (${door}): ${stderr}${stdout}`);
        const full = door === 'pull' ? `${registry.address}/a/b:${name}` : `${name}:${door}`;
        const removed = await daemon.docker('rmi', '-f', full);
        assert.equal(removed.code, 0, removed.stderr);
      });
    }
}

test('fault T1: names that lead out', () =>
  harmless([
    { what: 'dots', layer: tar([`../../../../../../..${bystander.folder}/new`, {}, 'x']), says: /invalid entry name/ },
    { what: 'dots inside', layer: tar(['a/../../secret', {}, 'x']), says: /invalid entry name/ },
    { what: 'an absolute name', layer: tar([`${bystander.folder}/secret`, {}, 'x'], ['/etc/evil', {}, 'x']) },
  ]));

test('fault T2: links as directories on the way', () => {
  const up = `${'../'.repeat(20)}${bystander.folder.slice(1)}`;
  const link = (name: string, linkname: string): Item => [name, { type: 'symlink', linkname }];
  return harmless([
    {
      what: 'an absolute link',
      layer: tar(link('d', bystander.folder), ['d/secret', {}, 'x'], ['d/sub/new', {}, 'x']),
    },
    { what: 'a relative link', layer: tar(link('d', up), ['d/secret', {}, 'x']) },
    { what: 'a chain of links', layer: tar(link('a', up), link('b', 'a'), link('c', 'b/sub'), ['c/file', {}, 'x']) },
    { what: 'a link to a file', layer: tar(link('f', `${up}/secret`), ['f', {}, 'x']) },
    { what: 'links in a circle', layer: tar(link('a', 'b'), link('b', 'a'), ['a/x', {}, 'x']), says: /./ },
  ]);
});

test('fault T4: hard links to what is outside', () => {
  const up = `${'../'.repeat(20)}${bystander.folder.slice(1)}`;
  return harmless([
    {
      what: 'dots as target',
      layer: tar(['h', { type: 'link', linkname: `${up}/secret` }]),
      says: /invalid hardlink target/,
    },
    {
      what: 'an absolute target',
      layer: tar(['h', { type: 'link', linkname: `${bystander.folder}/secret` }]),
      says: /no such file/,
    },
    {
      what: 'a target behind a link',
      layer: tar(['d', { type: 'symlink', linkname: up }], ['h', { type: 'link', linkname: 'd/secret' }]),
      says: /no such file|leads nowhere/,
    },
    {
      what: 'a hard link to a link and a file over it',
      layer: tar(
        ['s', { type: 'symlink', linkname: `${bystander.folder}/secret` }],
        ['h', { type: 'link', linkname: 's' }],
        ['h', { mode: 0o777 }, 'x'],
      ),
    },
  ]);
});

test('fault T5: modes and owners through links', () =>
  harmless([
    {
      what: 'modes through links',
      layer: tar(
        ['d', { type: 'symlink', linkname: bystander.folder }],
        ['d/secret', { mode: 0o777, uid: 9, gid: 9, mtime: 1 }, 'x'],
        ['d', { type: 'directory', mode: 0o777, uid: 9 }],
        ['d/sub', { type: 'directory', mode: 0o777, uid: 9 }],
      ),
    },
  ]));

test('fault T6: whiteouts', () =>
  harmless([
    ...['.wh.', '.wh..', '.wh...', 'a/.wh..'].map((name) => ({
      what: `whiteout ${name}`,
      layer: tar([name]),
      says: /invalid whiteout entry/,
    })),
    {
      what: 'whiteouts behind a link',
      layer: tar(
        ['d', { type: 'symlink', linkname: bystander.folder }],
        ['d/.wh.secret'],
        ['d/sub/.wh..wh..opq'],
        ['.wh.d'],
      ),
    },
  ]));

test('fault T7: devices, setuid programs, attributes', () => {
  const attribute = (name: string, value: string): Item => ['f', { xattrs: new Map([[name, value]]) }];
  return harmless([
    {
      what: 'an attribute of overlayfs',
      layer: tar(attribute('trusted.overlay.redirect', '/etc')),
      says: /is refused/,
    },
    {
      what: 'devices',
      layer: tar(
        ['sda', { type: 'block', major: 8, minor: 0 }],
        ['mem', { type: 'char', major: 1, minor: 1 }],
        ['p', { type: 'fifo' }],
      ),
    },
    { what: 'a setuid program', layer: tar(['su', { mode: 0o6755 }, '#!/bin/sh']) },
  ]);
});

/** The header of the first entry with other bytes at `at`, and the right sum where it is not the sum that is wrong. */
function changed(archive: Buffer, at: number, bytes: Buffer | string, sum = true): Buffer {
  const out = Buffer.from(archive);
  Buffer.from(bytes).copy(out, at);
  if (!sum) return out;
  out.fill(' ', 148, 156);
  const total = out.subarray(0, 512).reduce((value, byte) => value + byte, 0);
  out.write(`${total.toString(8).padStart(6, '0')}\0 `, 148);
  return out;
}

/** A PAX header of these bytes before a file. */
function pax(body: string): Buffer {
  return changed(tar(['x', {}, body], ['f', {}, 'x']), 156, 'x');
}

test('fault T8: archives that are no good', () => {
  const good = tar(['f', {}, 'x'.repeat(2000)]);
  const size = (value: bigint): Buffer => {
    const field = Buffer.alloc(12);
    field.writeBigInt64BE(value, 4);
    if (value < 0n) field.fill(0xff, 0, 4);
    else field[0] = 0x80;
    return field;
  };
  return harmless([
    { what: 'cut in a header', layer: good.subarray(0, 300), says: /unexpected EOF/ },
    { what: 'cut in a file', layer: good.subarray(0, 1500), says: /unexpected EOF/ },
    { what: 'a wrong sum', layer: changed(good, 100, '7', false), says: /invalid tar header/ },
    { what: 'a size below nothing', layer: changed(good, 124, size(-5n)), says: /invalid tar header/ },
    {
      what: 'a size of 4 EiB',
      layer: changed(good, 124, size(2n ** 62n)),
      says: /no space left|invalid tar header|file too large/,
    },
    { what: 'a name of 100000 bytes', layer: tar(['n'.repeat(100_000), {}, 'x']), says: /name too long/ },
    { what: 'a path of 100000 bytes', layer: tar(['n/'.repeat(50_000), {}, 'x']), says: /name too long/ },
    { what: 'a NUL in a name', layer: pax('11 path=a\0b\n'), says: /invalid tar header/ },
    { what: 'a wrong length in a header', layer: pax('99 path=x\n'), says: /invalid tar header/ },
    { what: 'a header of 100 MB', layer: changed(good, 124, size(100_000_000n)).fill('x', 156, 157), says: /./ },
    { what: 'a newline in a name', layer: pax('12 path=a\nb\n') },
    {
      what: 'no archive',
      layer: Buffer.from('root:x:0:0:root:/root:/bin/sh\n'.repeat(100)),
      says: /invalid tar header/,
    },
    { what: 'zeros', layer: Buffer.alloc(10_240) },
  ]);
});

test('fault T8: a million entries, while the daemon answers others', async () => {
  const entries = Buffer.concat(
    Array.from({ length: 1000 }, (_, at) => tarHeader({ name: `d${at}/`, type: 'directory' })),
  );
  const part = gzipSync(entries);
  const layer = Buffer.concat([...Array.from({ length: 1000 }, () => part), gzipSync(TAR_TRAILER)]);
  let slowest = 0;
  let over = false;
  const asking = (async () => {
    while (!over) {
      const begun = performance.now();
      await daemon.get('/_ping');
      slowest = Math.max(slowest, performance.now() - begun);
      await pause(20);
    }
  })();
  await harmless([{ what: 'a million entries', layer, doors: ['import'] }]);
  over = true;
  await asking;
  assert.ok(slowest < 2000, `an answer took ${slowest} ms`);
});

test('fault T9: bombs', () => {
  const bomb = (size: number): Buffer => {
    const part = gzipSync(Buffer.alloc(16 * 1024 * 1024), { level: 9 });
    return Buffer.concat([
      gzipSync(tarHeader({ name: 'zeros', type: 'file', size })),
      ...Array.from({ length: 32 }, () => part),
    ]);
  };
  const plain = tar(['f', {}, 'x']);
  // a frame that says it needs a window of 2 GiB
  const window = zstdCompressSync(plain, {
    params: { [constants.ZSTD_c_windowLog]: 30 },
    pledgedSrcSize: plain.length,
  });
  window[4] = 0;
  window[5] = 0xa8;
  return harmless([
    { what: 'a file of 100 TB in some KB', layer: bomb(1e14), says: /no space left on device/ },
    { what: 'half a GiB of a file of a GiB', layer: bomb(2 ** 30), says: /unexpected EOF/, doors: ['import', 'pull'] },
    { what: 'a window of 2 GiB', layer: window, says: /./, doors: ['import', 'pull'] },
    { what: 'gzip in gzip', layer: gzipSync(gzipSync(plain)), says: /unexpected EOF|invalid tar header/ },
    {
      what: 'garbage behind the end',
      layer: Buffer.concat([gzipSync(plain), Buffer.from('garbage')]),
      says: /broken compressed archive/,
      doors: ['import', 'pull'],
    },
  ]);
});

test('fault T10: names that come again as something else', () =>
  harmless([
    {
      what: 'file and directory and link',
      layer: tar(
        ['a', {}, 'one'],
        ['a/', { type: 'directory' }],
        ['a/b', {}, 'two'],
        ['a', { type: 'symlink', linkname: bystander.folder }],
        ['a/secret', {}, 'x'],
        ['a/', { type: 'directory', mode: 0o777 }],
      ),
    },
  ]));

/** A registry of somebody else. */
async function serve(listener: RequestListener): Promise<AsyncDisposable & { readonly address: string }> {
  const server = createServer((request, response) => {
    if (request.url === '/v2/') response.writeHead(200).end('{}');
    else listener(request, response);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    address: `127.0.0.1:${(server.address() as AddressInfo).port}`,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

/** A pull of each that is refused. */
async function refused(cases: readonly (readonly [what: string, name: string, says: RegExp])[]): Promise<void> {
  for (const [what, name, says] of cases)
    await bystander.unharmed(daemon, what, async () => {
      const { code, stderr } = await daemon.docker('pull', '-q', name);
      assert.notEqual(code, 0, what);
      assert.match(stderr, says, what);
    });
}

const here = (tag: string): string => `${registry.address}/a/b:${tag}`;

test('fault I11: content that is not what was promised', async () => {
  const layer = tar(['f', {}, 'x'.repeat(100_000)]);
  const lies = (tag: string, content: (real: Buffer) => Buffer): string => {
    for (const { digest } of registry.layers(tag, [Buffer.concat([layer, Buffer.from(tag)])]).layers)
      registry.mischief.set(digest, (_, response, real) => {
        const bytes = content(real);
        response.writeHead(200, { 'Content-Length': bytes.length }).end(bytes);
        return true;
      });
    return here(tag);
  };
  const { layers } = registry.layers('size', [layer]);
  const config = registry.document(
    'config',
    { architecture: 'amd64', os: 'linux', rootfs: { type: 'layers', diff_ids: [sha256(layer)] } },
    MEDIA.config,
  );
  const size = registry.describe(config).size;
  const manifest = { schemaVersion: 2, mediaType: MEDIA.manifest };
  registry.document(
    'long',
    {
      ...manifest,
      config: { mediaType: MEDIA.config, digest: config, size },
      layers: [{ mediaType: MEDIA.layer, digest: layers[0]?.digest, size: 7 }],
    },
    MEDIA.manifest,
  );
  registry.document(
    'short',
    { ...manifest, config: { mediaType: MEDIA.config, digest: config, size: 3 }, layers: [] },
    MEDIA.manifest,
  );
  await refused([
    [
      'another layer',
      lies('other', (real) => Buffer.from(real).fill('y', 600, 700)),
      /filesystem layer verification failed/,
    ],
    ['a longer layer', lies('longer', (real) => Buffer.concat([real, real])), /sends more for sha256:/],
    ['a layer of another size', here('long'), /./],
    ['a configuration of another size', here('short'), /./],
  ]);
});

test('fault I12, I13: documents that mean two things, or too much', async () => {
  const { manifest } = registry.layers('fine', [tar(['f', {}, 'fine'])]);
  const layer = { mediaType: MEDIA.layer, digest: `sha256:${'a'.repeat(64)}`, size: 1 };
  const image = {
    schemaVersion: 2,
    mediaType: MEDIA.manifest,
    config: { ...layer, mediaType: MEDIA.config },
    layers: [layer],
  };
  registry.document('both', { ...image, manifests: [registry.describe(manifest, 'amd64')] }, MEDIA.manifest);
  registry.document('untyped', { ...image, mediaType: undefined }, MEDIA.dockerManifest);
  registry.document('web', image, 'text/html');
  registry.document('many', { ...image, layers: Array.from({ length: 10_000 }, () => layer) }, MEDIA.manifest);
  registry.document('large', { ...image, annotations: { a: 'x'.repeat(5_000_000) } }, MEDIA.manifest);
  registry.document('config', { ...image, config: { ...image.config, size: 2 ** 31 } }, MEDIA.manifest);
  let inner = manifest;
  for (let depth = 0; depth < 6; depth += 1)
    inner = registry.document(
      'nested',
      { schemaVersion: 2, mediaType: MEDIA.index, manifests: [registry.describe(inner, 'amd64')] },
      MEDIA.index,
    );
  const deep = `${'[{"manifests":'.repeat(50_000)}[]${'}]'.repeat(50_000)}`;
  registry.document('deep', JSON.parse('[]'), MEDIA.index);
  await using endless = await serve((_, response) => {
    response.writeHead(200, { 'Content-Type': MEDIA.manifest });
    pump(response);
  });
  await using allocated = await serve((_, response) => {
    response.writeHead(200, { 'Content-Type': MEDIA.manifest, 'Content-Length': 2 ** 30 });
    response.write('{');
  });
  await using deeper = await serve((_, response) => response.writeHead(200, { 'Content-Type': MEDIA.index }).end(deep));
  await refused([
    ['an index and an image', here('both'), /both an index/],
    ['an image of Docker without its type', here('untyped'), /mediaType/],
    ['a page of the web', here('web'), /unsupported manifest media type/],
    ['10000 layers', here('many'), /max depth exceeded/],
    ['a manifest of 5 MB', here('large'), /too large/],
    ['a manifest without end', `${endless.address}/a/b:x`, /too large/],
    ['a manifest of a GiB', `${allocated.address}/a/b:x`, /too large/],
    ['a configuration of 2 GiB', here('config'), /too large/],
    ['an index in an index in an index', here('nested'), /./],
    ['a document of 100000 levels', `${deeper.address}/a/b:x`, /./],
  ]);
});

/** A mebibyte after the other, as fast as it is taken. */
function pump(response: ServerResponse): void {
  const chunk = Buffer.alloc(1024 * 1024, ' ');
  const more = (): void => {
    while (!response.destroyed) if (!response.write(chunk)) return void response.once('drain', more);
  };
  more();
}

test('fault I14, I15: challenges that ask for what they must not get', async () => {
  const seen: string[] = [];
  await using thief = await serve((request, response) => {
    seen.push(`${request.headers.authorization ?? ''}${request.url ?? ''}`);
    response.writeHead(200).end('{"token":"x"}');
  });
  const challenge = (text: string) =>
    serve((_, response) => response.writeHead(401, { 'WWW-Authenticate': text }).end());
  await using asks = await challenge(
    `Bearer realm="http://${thief.address.replace('127.0.0.1', 'localhost')}/token",service="s"`,
  );
  await using broken = await challenge('Bearer realm="');
  await using huge = await challenge(`Bearer realm="http://${'x'.repeat(10_000)}"`);
  await using empty = await challenge('Bearer');
  const auths = Object.fromEntries(
    [asks, broken].map(({ address }) => [address, { auth: Buffer.from('ada:lovelace').toString('base64') }]),
  );
  writeFileSync(join(folder, 'config.json'), JSON.stringify({ auths }));
  for (const [what, { address }] of Object.entries({ asks, broken, huge, empty }))
    await bystander.unharmed(daemon, what, async () => {
      const { code, stderr } = await daemon.client('docker', ['pull', '-q', `${address}/a/b:x`], {
        env: { DOCKER_CONFIG: folder },
      });
      assert.notEqual(code, 0, `${what}: ${stderr}`);
      assert.doesNotMatch(stderr + daemon.log, /lovelace|YWRhOmxvdmVsYWNl/);
    });
  assert.deepEqual(
    seen.filter((one) => one.startsWith('Basic')),
    [],
  );
});

test('fault I16: registries that refuse, or say nothing', async () => {
  await using busy = await serve((_, response) => response.writeHead(429, { 'Retry-After': '86400' }).end());
  await refused([['a wait of a day', `${busy.address}/a/b:x`, /toomanyrequests|Too Many Requests/i]]);
  await using silent = await serve(() => undefined);
  await bystander.unharmed(daemon, 'silence', async () => {
    const { code } = await daemon.client('docker', ['pull', '-q', `${silent.address}/a/b:x`], { timeoutMs: 1000 });
    assert.equal(code, 137);
  });
});

test('fault I18: what is no reference', async () => {
  const bad = [
    'Foo',
    'a/../b',
    'x'.repeat(300),
    'a@sha256:zz',
    'latest@',
    'а',
    'host:99999/a:b:c',
    'a b',
    'a:b/c/d:e:f',
    `a@sha256:${'A'.repeat(64)}`,
    '../../etc',
    'a\0b',
    'a\nb',
  ];
  await bystander.unharmed(daemon, 'no references', async () => {
    for (const name of bad) {
      const from = await daemon.call('POST', `/images/create?fromImage=${encodeURIComponent(name)}`);
      assert.equal(from.status, 400, `${name}: ${from.body}`);
      const tagged = await daemon.call('POST', `/images/usual:import/tag?repo=${encodeURIComponent(name)}`);
      assert.equal(tagged.status, 400, `${name}: ${tagged.body}`);
    }
  });
});

test('fault I19: configurations that are of the wrong kind', async () => {
  const layer = tar(['f', {}, 'config']);
  const cases: [string, object, RegExp][] = [
    ['a list', { config: [] }, /cannot unmarshal array/],
    ['other layers', { rootfs: { type: 'layers', diff_ids: [`sha256:${'0'.repeat(64)}`] } }, /invalid diffID/],
    ['no layers', { rootfs: { type: 'layers', diff_ids: [] } }, /layers length mismatch/],
    ['a path as a layer', { rootfs: { type: 'layers', diff_ids: [`sha256:../../../..${bystander.folder}`] } }, /./],
    ['a prototype', JSON.parse('{"__proto__": {"rootfs": {}}, "rootfs": null}') as object, /./],
    ['text for numbers', { created: 7, os: {} }, /./],
  ];
  for (const [what, config, says] of cases)
    await bystander.unharmed(daemon, what, async () => {
      const { code, stderr } = await load(imageArchive('hostile:config', layer, config));
      assert.notEqual(code, 0, what);
      assert.match(stderr, says, what);
    });
});

test('fault I21: archives of images whose members lead elsewhere', async () => {
  const layer = tar(['f', {}, 'crafted']);
  const config = JSON.stringify({
    architecture: 'amd64',
    os: 'linux',
    rootfs: { type: 'layers', diff_ids: [sha256(layer)] },
  });
  const manifest = (item: object): Item => [
    'manifest.json',
    {},
    JSON.stringify([{ Config: 'c', RepoTags: ['hostile:load'], Layers: ['l'], ...item }]),
  ];
  const secret = `${bystander.folder}/secret`;
  const up = `${'../'.repeat(20)}${secret.slice(1)}`;
  const cases: [string, Buffer, RegExp][] = [
    ['a layer that is a link', tar(manifest({}), ['c', {}, config], ['l', { type: 'symlink', linkname: secret }]), /./],
    ['a layer that is a link up', tar(manifest({}), ['c', {}, config], ['l', { type: 'symlink', linkname: up }]), /./],
    ['a layer that is a hard link', tar(manifest({}), ['c', {}, config], ['l', { type: 'link', linkname: up }]), /./],
    ['a link as the manifest', tar(['manifest.json', { type: 'symlink', linkname: secret }]), /./],
    ['names with dots in the manifest', tar(manifest({ Config: up, Layers: [up] }), ['c', {}, config]), /./],
    ['an absolute name in the manifest', tar(manifest({ Config: secret }), ['c', {}, config], ['l', {}, layer]), /./],
    ['members with dots', tar([up, {}, 'x'], manifest({}), ['c', {}, config], ['l', {}, layer]), /./],
    [
      'a folder that is a link',
      tar(
        ['d', { type: 'symlink', linkname: bystander.folder }],
        ['d/secret', {}, 'x'],
        manifest({ Config: 'd/secret' }),
      ),
      /./,
    ],
    [
      'a parent that is missing',
      tar(manifest({ Parent: `sha256:${'0'.repeat(64)}`, Layers: ['gone'] }), ['c', {}, config]),
      /./,
    ],
    ['a layer of no bytes', tar(manifest({}), ['c', {}, config], ['l', {}, '']), /./],
    ['a manifest of no bytes', tar(['manifest.json', {}, '']), /./],
    [
      'an index with a path as digest',
      tar(
        ['oci-layout', {}, '{"imageLayoutVersion":"1.0.0"}'],
        [
          'index.json',
          {},
          JSON.stringify({
            schemaVersion: 2,
            manifests: [{ mediaType: MEDIA.manifest, digest: `sha256:${up}`, size: 1 }],
          }),
        ],
      ),
      /./,
    ],
    ['nothing', Buffer.alloc(0), /./],
    ['tags that lead out', tar(manifest({ RepoTags: ['../../x:y'] }), ['c', {}, config], ['l', {}, layer]), /./],
  ];
  for (const [what, archive, says] of cases)
    await bystander.unharmed(daemon, what, async () => {
      const { code, stdout, stderr } = await load(archive);
      assert.notEqual(code, 0, `${what}: ${stdout}`);
      assert.match(stderr, says, what);
    });
});
