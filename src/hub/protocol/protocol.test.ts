import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { type Answer, digestOf, INDEX, MANIFEST, TestHub } from '../testing.ts';

let hub: TestHub;
before(async () => {
  hub = await TestHub.start();
});
after(() => hub[Symbol.asyncDispose]());

const start = async (name: string): Promise<string> => {
  const answer = await hub.ask('POST', `/v2/${name}/blobs/uploads/`);
  assert.equal(answer.status, 202);
  return answer.headers.get('location') ?? '';
};

test('the registry says that it is one', async () => {
  const answer = await hub.ask('GET', '/v2/');
  assert.equal(answer.status, 200);
  assert.equal(answer.headers.get('docker-distribution-api-version'), 'registry/2.0');
});

test('a blob goes in at once, in chunks, or as a stream, and comes out whole and in ranges', async () => {
  const content = 'x'.repeat(3000) + 'y'.repeat(3000);
  const digest = digestOf(content);
  const location = await start('ways/chunks');
  for (const [from, to] of [
    [0, 2999],
    [3000, 5999],
  ] as const) {
    const answer = await hub.ask('PATCH', location, {
      headers: { 'Content-Range': `${from}-${to}` },
      body: content.slice(from, to + 1),
    });
    assert.equal(answer.status, 202);
    assert.equal(answer.headers.get('range'), `0-${to}`);
  }
  assert.equal((await hub.ask('PUT', `${location}?digest=${digest}`)).status, 201);
  const streamed = await start('ways/stream');
  const body = new Blob([content]).stream();
  assert.equal((await hub.ask('PATCH', streamed, { body })).status, 202);
  assert.equal((await hub.ask('PUT', `${streamed}?digest=${digest}`)).status, 201);
  for (const name of ['ways/chunks', 'ways/stream']) {
    const whole = await hub.ask('GET', `/v2/${name}/blobs/${digest}`);
    assert.equal(whole.body.toString(), content);
    assert.equal(whole.headers.get('docker-content-digest'), digest);
    const head = await hub.ask('HEAD', `/v2/${name}/blobs/${digest}`);
    assert.equal(head.headers.get('content-length'), '6000');
    const part = await hub.ask('GET', `/v2/${name}/blobs/${digest}`, { headers: { Range: 'bytes=2999-3000' } });
    assert.deepEqual([part.status, part.body.toString()], [206, 'xy']);
    assert.equal(part.headers.get('content-range'), 'bytes 2999-3000/6000');
    const beyond = await hub.ask('GET', `/v2/${name}/blobs/${digest}`, { headers: { Range: 'bytes=6000-' } });
    assert.deepEqual([beyond.status, beyond.code], [416, 'RANGE_INVALID']);
    const same = await hub.ask('GET', `/v2/${name}/blobs/${digest}`, {
      headers: { 'If-None-Match': whole.headers.get('etag') ?? '' },
    });
    assert.equal(same.status, 304);
  }
});

test('fault I22: chunks out of order, with gaps or of another size are refused, and the client is told where to go on', async () => {
  const location = await start('order');
  const patch = (range: string, body: string) =>
    hub.ask('PATCH', location, { headers: { 'Content-Range': range }, body });
  assert.equal((await patch('5-9', 'aaaaa')).status, 416);
  assert.equal((await patch('0-4', 'aaaaa')).status, 202);
  const gap = await patch('6-9', 'aaaa');
  assert.deepEqual([gap.status, gap.code, gap.headers.get('range')], [416, 'RANGE_INVALID', '0-4']);
  assert.equal((await patch('0-4', 'aaaaa')).status, 416);
  assert.equal((await patch('5-8', 'aa')).code, 'SIZE_INVALID');
  assert.equal((await patch('garbage', 'aa')).code, 'RANGE_INVALID');
  const status = await hub.ask('GET', location);
  assert.deepEqual([status.status, status.headers.get('range')], [204, '0-4']);
  const wrong = await hub.ask('PUT', `${location}?digest=${digestOf('b')}`);
  assert.deepEqual([wrong.status, wrong.code], [400, 'DIGEST_INVALID']);
  // and nothing of that has spoilt the upload
  assert.equal((await hub.ask('PUT', `${location}?digest=${digestOf('aaaaa')}`)).status, 201);
  assert.deepEqual(readdirSync(join(hub.root, 'docker/registry/v2/repositories/order/_uploads')), []);
});

test('fault I22: names, tags, digests and uploads that are none are refused before the disk is asked', async () => {
  const codes = await Promise.all(
    (
      [
        ['GET', '/v2/..%2f..%2fetc/tags/list'],
        ['GET', '/v2/a/../b/tags/list'],
        ['GET', '/v2/UPPER/tags/list'],
        ['POST', '/v2/a%2F..%2Fb/blobs/uploads/'],
        ['GET', '/v2/a/manifests/..%2f..%2fx'],
        ['GET', `/v2/a/blobs/sha256:${'z'.repeat(64)}`],
        ['GET', '/v2/a/blobs/md5:0123'],
        ['PATCH', '/v2/a/blobs/uploads/..%2f..%2fblobs'],
        ['GET', '/v2/a/tags/list?n=-1'],
      ] as const
    ).map(async ([method, path]) => (await rawRequest(method, path)).code),
  );
  assert.deepEqual(codes, [
    'NAME_INVALID',
    'NAME_INVALID',
    'NAME_INVALID',
    'NAME_INVALID',
    'TAG_INVALID',
    'DIGEST_INVALID',
    'DIGEST_INVALID',
    'BLOB_UPLOAD_UNKNOWN',
    'PAGINATION_NUMBER_INVALID',
  ]);
  assert.equal((await hub.ask('PUT', '/v2/a/tags/list')).status, 405);
});

test('an upload whose client went away goes on where it broke off, also in another process', async () => {
  const content = Buffer.alloc(300_000, 'z');
  const location = await start('broken');
  await brokenPatch(location, content.subarray(0, 200_000), content.length);
  const state = async (): Promise<number> =>
    Number((await hub.ask('GET', location)).headers.get('range')?.slice(2)) + 1;
  for (let attempt = 0; attempt < 100 && (await state()) < 200_000; attempt += 1) await pause();
  assert.equal(await state(), 200_000);
  await hub.restart();
  assert.equal(await state(), 200_000);
  const rest = { headers: { 'Content-Range': '200000-299999' }, body: content.subarray(200_000) };
  assert.equal((await hub.ask('PATCH', location, rest)).status, 202);
  assert.equal((await hub.ask('PUT', `${location}?digest=${digestOf(content)}`)).status, 201);
});

test('a manifest comes back byte for byte with its type, by tag and by digest, and knows when nothing has changed', async () => {
  const digest = await hub.pushImage('team/app', 'v1', ['one', 'two'], { 'x-own': { kept: true } });
  for (const reference of ['v1', digest]) {
    const answer = await hub.ask('GET', `/v2/team/app/manifests/${reference}`);
    assert.equal(digestOf(answer.body), digest);
    assert.equal(answer.headers.get('content-type'), MANIFEST);
    assert.equal(answer.headers.get('docker-content-digest'), digest);
  }
  const same = await hub.ask('GET', '/v2/team/app/manifests/v1', { headers: { 'If-None-Match': `"${digest}"` } });
  assert.equal(same.status, 304);
  assert.equal((await hub.ask('GET', '/v2/team/app/manifests/v2')).code, 'MANIFEST_UNKNOWN');
  assert.equal((await hub.ask('GET', '/v2/no/such/manifests/v2')).code, 'NAME_UNKNOWN');
});

test('a manifest that is none, or names what is not here, is refused with the reason', async () => {
  const put = (body: string, type = MANIFEST) =>
    hub.ask('PUT', '/v2/refused/manifests/x', { body, headers: { 'Content-Type': type } });
  const blob = { mediaType: 'x/y', digest: digestOf('nowhere'), size: 7 };
  const cases: readonly (readonly [string, string, string])[] = [
    ['{', MANIFEST, 'MANIFEST_INVALID'],
    ['[]', MANIFEST, 'MANIFEST_INVALID'],
    [JSON.stringify({ schemaVersion: 1 }), MANIFEST, 'MANIFEST_INVALID'],
    [JSON.stringify({ schemaVersion: 2, mediaType: INDEX, manifests: [] }), MANIFEST, 'MANIFEST_INVALID'],
    [JSON.stringify({ schemaVersion: 2, config: blob, layers: [] }), MANIFEST, 'MANIFEST_BLOB_UNKNOWN'],
    [JSON.stringify({ schemaVersion: 2, manifests: [blob] }), INDEX, 'MANIFEST_BLOB_UNKNOWN'],
    [JSON.stringify({ schemaVersion: 2, config: blob, layers: [] }), 'text/html', 'MANIFEST_INVALID'],
  ];
  for (const [body, type, code] of cases) {
    const answer = await put(body, type);
    assert.deepEqual([answer.status, answer.code], [400, code], body);
  }
  const other = await hub.ask('PUT', `/v2/refused/manifests/${digestOf('x')}`, {
    body: JSON.stringify({ schemaVersion: 2, manifests: [] }),
    headers: { 'Content-Type': INDEX },
  });
  assert.equal(other.code, 'DIGEST_INVALID');
  const large = await put(' '.repeat(5 * 1024 * 1024));
  assert.equal(large.status, 413);
});

test('sha512 names blobs and manifests as well as sha256', async () => {
  const digest = digestOf('long', 'sha512');
  const at = await start('sha512');
  assert.equal((await hub.ask('PATCH', at, { body: 'long' })).status, 202);
  assert.equal((await hub.ask('PUT', `${at}?digest=${digest}`)).status, 201);
  assert.equal((await hub.ask('GET', `/v2/sha512/blobs/${digest}`)).body.toString(), 'long');
  const manifest = JSON.stringify({
    schemaVersion: 2,
    mediaType: MANIFEST,
    config: { mediaType: 'application/vnd.oci.empty.v1+json', digest, size: 4 },
    layers: [],
  });
  const answer = await hub.ask('PUT', `/v2/sha512/manifests/${digestOf(manifest, 'sha512')}`, {
    body: manifest,
    headers: { 'Content-Type': MANIFEST },
  });
  assert.equal(answer.headers.get('docker-content-digest'), digestOf(manifest, 'sha512'));
});

test('a blob of another repository is mounted, with and without its name, and else an upload begins', async () => {
  const digest = await hub.pushBlob('from/here', 'shared');
  const mount = (query: string) => hub.ask('POST', `/v2/to/${query.length}/blobs/uploads/?mount=${query}`);
  assert.equal((await mount(`${digest}&from=from/here`)).status, 201);
  assert.equal((await mount(digest)).status, 201);
  assert.equal((await mount(`${digest}&from=no/such`)).status, 202);
  assert.equal((await mount(digestOf('nowhere'))).status, 202);
  assert.equal((await hub.ask('GET', `/v2/to/${digest.length}/blobs/${digest}`)).body.toString(), 'shared');
});

test('referrers are found by their subject, filtered by type, and there may be none', async () => {
  const subject = await hub.pushImage('signed', 'v1', ['layer']);
  const descriptor = { mediaType: MANIFEST, digest: subject, size: 1 };
  const signature = await hub.pushImage('signed', 'sig', ['s'], {
    subject: descriptor,
    artifactType: 'application/vnd.example.signature',
    annotations: { by: 'ada' },
  });
  await hub.pushImage('signed', 'sbom', ['b'], { subject: descriptor, artifactType: 'application/spdx+json' });
  const list = async (query = ''): Promise<{ manifests: Record<string, unknown>[]; applied: string | null }> => {
    const answer = await hub.ask('GET', `/v2/signed/referrers/${subject}${query}`);
    assert.equal(answer.headers.get('content-type'), INDEX);
    const { manifests } = JSON.parse(answer.body.toString()) as { manifests: Record<string, unknown>[] };
    return { manifests, applied: answer.headers.get('oci-filters-applied') };
  };
  assert.equal((await list()).manifests.length, 2);
  const filtered = await list('?artifactType=application/vnd.example.signature');
  assert.equal(filtered.applied, 'artifactType');
  assert.deepEqual(
    filtered.manifests.map(({ digest, annotations }) => [digest, annotations]),
    [[signature, { by: 'ada' }]],
  );
  const none = await hub.ask('GET', `/v2/nobody/referrers/${digestOf('x')}`);
  assert.equal(none.status, 200);
  assert.equal((await hub.ask('GET', '/v2/signed/referrers/sha256:1')).status, 400);
});

test('tags and repositories come in lexical order and in pages', async () => {
  for (const tag of ['b', 'a', 'c', 'B']) await hub.pushImage('paged', tag, []);
  const tags = async (query: string): Promise<[string[], string | null]> => {
    const answer = await hub.ask('GET', `/v2/paged/tags/list${query}`);
    return [(JSON.parse(answer.body.toString()) as { tags: string[] }).tags, answer.headers.get('link')];
  };
  assert.deepEqual(await tags(''), [['B', 'a', 'b', 'c'], null]);
  assert.deepEqual(await tags('?n=0'), [[], null]);
  assert.deepEqual(await tags('?n=2'), [['B', 'a'], '</v2/paged/tags/list?last=a&n=2>; rel="next"']);
  assert.deepEqual(await tags('?n=2&last=a'), [['b', 'c'], null]);
  assert.deepEqual(await tags('?last=b'), [['c'], null]);
  assert.equal((await tags('?n=1000000000'))[0].length, 4);
  const first = await hub.ask('GET', '/v2/_catalog?n=1');
  assert.match(first.headers.get('link') ?? '', /^<\/v2\/_catalog\?last=.*&n=1>; rel="next"$/);
});

test('fault I23: what is deleted is gone, and deletion can be turned off', async () => {
  const digest = await hub.pushImage('gone', 'v1', ['deleted layer']);
  await hub.ask('PUT', '/v2/gone/manifests/v2', {
    body: (await hub.ask('GET', '/v2/gone/manifests/v1')).body,
    headers: { 'Content-Type': MANIFEST },
  });
  assert.equal((await hub.ask('DELETE', '/v2/gone/manifests/v1')).status, 202);
  assert.equal((await hub.ask('GET', '/v2/gone/manifests/v1')).status, 404);
  assert.equal((await hub.ask('GET', '/v2/gone/manifests/v2')).status, 200);
  assert.equal((await hub.ask('DELETE', `/v2/gone/manifests/${digest}`)).status, 202);
  assert.equal((await hub.ask('GET', '/v2/gone/manifests/v2')).status, 404);
  const blob = digestOf('deleted layer');
  assert.equal((await hub.ask('DELETE', `/v2/gone/blobs/${blob}`)).status, 202);
  assert.equal((await hub.ask('GET', `/v2/gone/blobs/${blob}`)).code, 'BLOB_UNKNOWN');
  assert.equal((await hub.ask('DELETE', `/v2/gone/blobs/${blob}`)).status, 404);
  await hub.pushImage('kept', 'v1', []);
  await hub.restart({ deletes: false });
  const refused = await hub.ask('DELETE', '/v2/kept/manifests/v1');
  assert.deepEqual([refused.status, refused.code], [405, 'UNSUPPORTED']);
  await hub.restart();
});

test('a blob that another repository has is not readable through one that has not', async () => {
  const digest = await hub.pushBlob('private/one', 'secret bytes');
  assert.equal((await hub.ask('GET', `/v2/public/two/blobs/${digest}`)).code, 'BLOB_UNKNOWN');
});

test('a directory that another registry left is served, referrers and catalog too', async () => {
  const subject = await hub.pushImage('left/behind', 'v1', ['x']);
  await hub.pushImage('left/behind', 'sig', [], { subject: { mediaType: MANIFEST, digest: subject, size: 1 } });
  await hub.hub[Symbol.asyncDispose]();
  rmSync(join(hub.root, 'hub'), { recursive: true });
  await hub.restart();
  const answer = await hub.ask('GET', `/v2/left/behind/referrers/${subject}`);
  assert.equal((JSON.parse(answer.body.toString()) as { manifests: object[] }).manifests.length, 1);
  const names = JSON.parse((await hub.ask('GET', '/v2/_catalog?n=1000')).body.toString()) as { repositories: string[] };
  assert.ok(names.repositories.includes('left/behind'));
});

test('the layout on disk is the one that docker-registry knows', async () => {
  const digest = await hub.pushImage('layout', 'v1', ['bytes of a layer']);
  const hex = digest.slice(7);
  const base = join(hub.root, 'docker/registry/v2');
  const link = (path: string): string => readFileSync(join(base, 'repositories/layout', path, 'link'), 'utf8');
  assert.equal(link('_manifests/tags/v1/current'), digest);
  assert.equal(link(`_manifests/tags/v1/index/sha256/${hex}`), digest);
  assert.equal(link(`_manifests/revisions/sha256/${hex}`), digest);
  const layer = digestOf('bytes of a layer').slice(7);
  assert.equal(link(`_layers/sha256/${layer}`), `sha256:${layer}`);
  assert.equal(statSync(join(base, 'blobs/sha256', layer.slice(0, 2), layer, 'data')).size, 16);
  assert.ok(!existsSync(join(base, 'hub')));
});

const pause = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 10));

/** Sends the head and some of the body that it promises, and hangs up. */
function brokenPatch(location: string, part: Uint8Array, promised: number): Promise<void> {
  const [host, port] = hub.address.split(':');
  return new Promise((resolve, reject) => {
    const socket = connect(Number(port), host);
    socket.once('error', reject);
    socket.write(`PATCH ${location} HTTP/1.1\r\nHost: x\r\nContent-Length: ${promised}\r\n\r\n`);
    socket.write(part, () => setTimeout(() => socket.destroy(), 50));
    socket.once('close', () => resolve());
  });
}

/** The path as it is: a client library would clean it. */
function rawRequest(method: string, path: string): Promise<{ code: string | undefined }> {
  const [host, port] = hub.address.split(':');
  return new Promise((resolve, reject) => {
    const socket = connect(Number(port), host);
    let text = '';
    socket.once('error', reject);
    socket.on('data', (chunk) => (text += String(chunk)));
    socket.once('close', () => resolve({ code: /"code":"(\w+)"/.exec(text)?.[1] }));
    socket.write(`${method} ${path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`);
  });
}

test('limit: connections beyond the most are closed, and those before them go on', async () => {
  await using small = await TestHub.start({ maxConnections: 3 });
  const [host = '', port = ''] = small.address.split(':');
  const open = () =>
    new Promise<'open' | 'closed'>((resolve) => {
      const socket = connect(Number(port), host, () =>
        socket.write(`GET /v2/ HTTP/1.1\r\nHost: ${small.address}\r\n\r\n`),
      );
      sockets.push(socket);
      socket.once('data', () => resolve('open'));
      socket.once('close', () => resolve('closed'));
      socket.once('error', () => resolve('closed'));
    });
  const sockets: Socket[] = [];
  try {
    assert.deepEqual([await open(), await open(), await open()], ['open', 'open', 'open']);
    assert.equal(await open(), 'closed');
    sockets[0]?.destroy();
    await new Promise((resolve) => setTimeout(resolve, 100));
    assert.equal(await open(), 'open');
  } finally {
    for (const socket of sockets) socket.destroy();
  }
});

test('limit: names in a page, manifests and tags of one push', async () => {
  const page = await hub.ask('GET', '/v2/_catalog?n=999999');
  assert.equal(page.status, 200);
  assert.equal((await hub.ask('GET', '/v2/_catalog?n=x')).code, 'PAGINATION_NUMBER_INVALID');
  const digest = await hub.pushImage('limits/tags', 'v1', ['layer']);
  const manifest = await hub.ask('GET', `/v2/limits/tags/manifests/${digest}`);
  const push = (count: number): Promise<Answer> => {
    const tags = Array.from({ length: count }, (_, at) => `tag=t${at}`).join('&');
    return hub.ask('PUT', `/v2/limits/tags/manifests/${digest}?${tags}`, {
      headers: { 'Content-Type': MANIFEST },
      body: manifest.body,
    });
  };
  assert.equal((await push(50)).status, 201);
  assert.deepEqual([(await push(51)).status, (await push(51)).code], [400, 'TAG_INVALID']);
});
