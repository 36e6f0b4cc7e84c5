import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { sha256 } from '../../base/ids.ts';
import { fileNameOf } from './file-name.ts';
import { fetchHttp } from './http.ts';

const into = mkdtempSync(join(tmpdir(), 'berth-http-'));
const pages: Record<string, RequestListener> = {
  '/file.txt': (_, response) => response.setHeader('Last-Modified', 'Thu, 01 Jan 1970 00:01:40 GMT').end('hello'),
  '/named': (_, response) =>
    response.setHeader('Content-Disposition', 'attachment; filename="../../etc/cron.d/x"').end('hello'),
  '/moved': (_, response) => response.writeHead(302, { Location: '/file.txt' }).end(),
  '/round': (_, response) => response.writeHead(302, { Location: '/round' }).end(),
  '/cloud': (_, response) => response.writeHead(302, { Location: 'http://169.254.169.254/latest' }).end(),
  '/local': (_, response) => response.writeHead(302, { Location: 'file:///etc/passwd' }).end(),
  '/short': (_, response) => {
    response.writeHead(200, { 'Content-Length': '10' }).write('hello');
    setTimeout(() => response.destroy(), 20);
  },
};
const server = createServer((request, response) => {
  const page = pages[request.url ?? ''];
  if (page) page(request, response);
  else response.writeHead(404).end();
});
let base = '';

before(async () => {
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
after(() => {
  server.close();
  server.closeAllConnections();
  rmSync(into, { recursive: true, force: true });
});

const options = { signal: AbortSignal.timeout(300_000) };

async function fetched(page: string, more: { checksum?: string; limit?: number } = {}) {
  const found = await fetchHttp(`${base}${page}`, into, { ...options, ...more });
  const content = readFileSync(found.path, 'utf8');
  rmSync(found.path);
  return { ...found, content };
}

test('a file with its name, digest and time', async () => {
  const { name, content, sha256: digest, size, modified } = await fetched('/file.txt');
  assert.deepEqual(
    { name, content, digest: `sha256:${digest}`, size, modified },
    {
      name: 'file.txt',
      content: 'hello',
      digest: sha256('hello'),
      size: 5,
      modified: 100,
    },
  );
  assert.equal((await fetched('/moved')).name, 'moved', 'as it was asked for');
});

test('fault B57: the name that a server gives is no path', async () => {
  assert.equal((await fetched('/named')).name, 'named');
  const names: readonly (readonly [string, string | undefined, string])[] = [
    ['http://h/a/b.tar', undefined, 'b.tar'],
    ['http://h/', undefined, 'download'],
    ['http://h/%2e%2e', undefined, 'download'],
    ['http://h/a%2Fb', undefined, 'b'],
    ['http://h/x?y=/z', 'attachment; filename=other', 'x'],
    ['http://h/', 'attachment; filename=..', 'download'],
    ['http://h/', "attachment; filename*=UTF-8''%2Fetc%2Fpasswd", 'passwd'],
  ];
  for (const [url, header, wanted] of names) assert.equal(fileNameOf(url, header), wanted, `${url} ${header}`);
});

test('fault B57: nothing is fetched from where clouds keep credentials, nor over other protocols', async () => {
  await assert.rejects(fetched('/cloud'), /link-local addresses are not fetched from/);
  await assert.rejects(fetchHttp('http://[fe80::1]/x', into, options), /link-local/);
  await assert.rejects(fetched('/local'), /unsupported protocol scheme "file"/);
});

test('fault B57: what is not as promised leaves nothing', async () => {
  const checksum = sha256('something else');
  await assert.rejects(
    fetched('/file.txt', { checksum }),
    /digest mismatch for .*: sha256:2cf24d.* \(expected: sha256:/,
  );
  await assert.rejects(fetched('/file.txt', { limit: 4 }), /more than 4 bytes/);
  await assert.rejects(fetched('/short'));
  await assert.rejects(fetched('/round'), /stopped after 10 redirects/);
  await assert.rejects(fetched('/nothing'), /invalid response status 404/);
  assert.deepEqual(readdirSync(into), []);
});
