// Uploads to registries that break off, want pieces, or refuse: what was sent arrives whole, or the reason is told.
import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type RequestListener, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { sha256 } from '../../base/ids.ts';
import { DEFAULT_SETTINGS, Registries } from '../../registry/client/index.ts';
import { uploadBlob } from './upload.ts';

const MEGABYTE = 1024 * 1024;
const content = randomBytes(40 * MEGABYTE);
const digest = sha256(content);
const { signal } = new AbortController();
let folder = '';
before(() => {
  folder = mkdtempSync(join(tmpdir(), 'upload-'));
  writeFileSync(join(folder, 'blob'), content);
});
after(() => rmSync(folder, { recursive: true }));

interface Manners {
  /** Bodies above this are refused with 413. */
  readonly largest?: number;
  /** The first PUT breaks when so many bytes of it came; they are kept, or not. */
  readonly breaks?: { readonly after: number; readonly keeps: boolean };
}

interface Seen {
  /** `PATCH 0-16777215`, `PUT 8388608`: method, range or length. */
  readonly requests: string[];
  /** What the registry has at the end. */
  readonly blob: () => string;
}

/** A push of the blob to a registry with these manners. */
async function push({ largest = Infinity, breaks }: Manners): Promise<Seen> {
  let hash = createHash('sha256');
  let size = 0;
  let broken = false;
  let blob = '';
  const requests: string[] = [];
  const answer = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const { method = '', url = '' } = request;
    const place = { Location: '/v2/a/b/blobs/uploads/1', ...(size > 0 ? { Range: `0-${size - 1}` } : {}) };
    if (method === 'HEAD') response.writeHead(404).end();
    else if (url === '/v2/') response.writeHead(200).end('{}');
    else if (method === 'POST') {
      hash = createHash('sha256');
      size = 0;
      response.writeHead(202, { Location: place.Location }).end();
    } else if (method === 'GET') response.writeHead(204, place).end();
    else {
      const length = Number(request.headers['content-length']);
      requests.push(`${method} ${request.headers['content-range'] ?? length}`);
      if (length > largest) {
        response.writeHead(413).end('<html>413 Request Entity Too Large</html>');
        request.resume();
        return;
      }
      for await (const chunk of request) {
        if (breaks && !broken && method === 'PUT' && size >= breaks.after) {
          broken = true;
          if (!breaks.keeps) size = 0;
          if (!breaks.keeps) hash = createHash('sha256');
          request.socket.destroy();
          return;
        }
        hash.update(chunk as Buffer);
        size += (chunk as Buffer).length;
      }
      if (method === 'PATCH')
        response.writeHead(202, { Location: place.Location, Range: `0-${Math.max(0, size - 1)}` }).end();
      else {
        blob = `sha256:${hash.digest('hex')}`;
        response.writeHead(201).end();
      }
    }
  };
  const server = createServer((request, response) => {
    answer(request, response).catch(() => request.socket.destroy());
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  try {
    const settings = { ...DEFAULT_SETTINGS, timing: { ...DEFAULT_SETTINGS.timing, backoff: 10 } };
    const domain = `127.0.0.1:${(server.address() as AddressInfo).port}`;
    const remote = await new Registries(settings).writer(domain, 'a/b', {}, signal);
    const path = join(folder, 'blob');
    const spec = { digest, size: content.length, path, remote, sources: [], settings, onProgress: () => undefined };
    await uploadBlob({ ...spec, signal });
    return { requests, blob: () => blob };
  } finally {
    server.closeAllConnections();
    server.close();
  }
}

test('a whole blob goes in one request', async () => {
  const { requests, blob } = await push({});
  assert.deepEqual([requests, blob()], [[`PUT ${content.length}`], digest]);
});

test('what broke off goes on from where the registry says it is, in pieces', async () => {
  const { requests, blob } = await push({ breaks: { after: 10 * MEGABYTE, keeps: true } });
  assert.equal(blob(), digest);
  assert.match(requests.slice(1).join(', '), /^PATCH 1\d{7}-\d+, PUT \d+$/);
});

test('a registry that kept nothing of it gets all of it once more', async () => {
  const { requests, blob } = await push({ breaks: { after: 10 * MEGABYTE, keeps: false } });
  assert.equal(blob(), digest);
  assert.deepEqual(requests.slice(1), [
    `PATCH 0-${16 * MEGABYTE - 1}`,
    `PATCH ${16 * MEGABYTE}-${32 * MEGABYTE - 1}`,
    `PUT ${8 * MEGABYTE}`,
  ]);
});

test('413: pieces, and smaller ones, until they are taken; then it is told', async () => {
  const pieces = await push({ largest: 20 * MEGABYTE });
  assert.deepEqual([pieces.blob(), pieces.requests.length], [digest, 4]);
  const small = await push({ largest: MEGABYTE });
  assert.equal(small.blob(), digest);
  assert.equal(small.requests.at(-1), `PUT ${MEGABYTE}`);
  await assert.rejects(push({ largest: 1000 }), { kind: 'tooLarge', message: /unexpected status: 413/ });
});

/** A push to a registry that answers so; the errors that it ends with. */
async function pushTo(listener: RequestListener): Promise<unknown> {
  const server = createServer((request, response) => {
    request.on('error', () => undefined);
    if (request.method === 'HEAD') response.writeHead(404).end();
    else if (request.url === '/v2/') response.writeHead(200).end('{}');
    else listener(request, response);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  try {
    const settings = { ...DEFAULT_SETTINGS, attempts: 2, timing: { ...DEFAULT_SETTINGS.timing, backoff: 10 } };
    const domain = `127.0.0.1:${(server.address() as AddressInfo).port}`;
    const remote = await new Registries(settings).writer(domain, 'a/b', { username: 'u', password: 'p' }, signal);
    const path = join(folder, 'blob');
    const spec = { digest, size: content.length, path, remote, sources: [], settings, onProgress: () => undefined };
    return await uploadBlob({ ...spec, signal }).catch((error: unknown) => error);
  } finally {
    server.closeAllConnections();
    server.close();
  }
}

test('a registry that sends an upload to no good place, or says that it has more than there is, gets an error', async () => {
  for (const [location, message] of [
    ['file:///etc/passwd', /unsupported kind/],
    ['http://169.254.169.254/x', /link-local/],
    ['http://[::ffff:169.254.169.254]/x', /link-local/],
    ['http://', /an address that is none/],
    [`/${'x'.repeat(20_000)}`, /./],
    [undefined, /without saying where/],
  ] as const) {
    const end = await pushTo((request, response) => {
      request.resume();
      if (request.method === 'POST')
        response.writeHead(202, location === undefined ? {} : { Location: location }).end();
      else response.writeHead(500).end();
    });
    assert.ok(end instanceof Error && 'kind' in end, String(end));
    assert.match(end.message, message);
  }
  let puts = 0;
  const end = await pushTo((request, response) => {
    if (request.method === 'POST') response.writeHead(202, { Location: '/v2/a/b/blobs/uploads/1' }).end();
    else if (request.method === 'GET') response.writeHead(204, { Range: `0-${10 ** 15}` }).end();
    else {
      puts += 1;
      request.socket.destroy();
    }
  });
  assert.ok(end instanceof Error && !/out of range/i.test(end.message), String(end));
  assert.ok(puts >= 2, 'it begins anew');
});

test('what a registry sends on after its answer is not read without end', async () => {
  let sent = 0;
  const closed = Promise.withResolvers<void>();
  const end = await pushTo((request, response) => {
    request.resume();
    if (request.method !== 'POST') {
      request.once('end', () => response.writeHead(201).end());
      return;
    }
    response.writeHead(202, { Location: '/v2/a/b/blobs/uploads/1' });
    const more = (): void => {
      while (!response.destroyed && response.write(Buffer.alloc(64 * 1024))) sent += 64 * 1024;
    };
    response.on('drain', more);
    response.once('close', closed.resolve);
    more();
  });
  assert.deepEqual(end, { kind: 'pushed' });
  await closed.promise;
  assert.ok(sent < 16 * MEGABYTE, `${sent} bytes were taken`);
});
