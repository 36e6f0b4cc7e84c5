import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import { after, before, test } from 'node:test';
import { download } from './download.ts';

/** Browsers, and Node's fetch with them, refuse these; Docker doesn't. */
const BLOCKED_PORTS = [10080, 6566, 6697];
const signal = AbortSignal.timeout(300_000);
const server = createServer((request, response) => {
  if (request.url === '/x.tar') response.end('tar');
  else if (request.url === '/cloud') response.writeHead(302, { Location: 'http://169.254.169.254/latest' }).end();
  else response.writeHead(404).end();
});
let base = '';

before(async () => {
  for (const port of BLOCKED_PORTS) {
    const free = await new Promise<boolean>((done) => {
      server.once('error', () => done(false)).listen(port, '127.0.0.1', () => done(true));
    });
    if (!free) continue;
    base = `127.0.0.1:${port}`;
    return;
  }
  throw new Error(`none of the ports ${BLOCKED_PORTS.join(', ')} is free`);
});
after(() => {
  server.close();
  server.closeAllConnections();
});

test('an address without a scheme is taken as http, on any port', async () => {
  const { url, body } = await download(`${base}/x.tar`, signal);
  const chunks: Uint8Array[] = [];
  for await (const chunk of body) chunks.push(chunk);
  assert.deepEqual([url, Buffer.concat(chunks).toString()], [`http://${base}/x.tar`, 'tar']);
});

test('what is refused, in Docker’s words', async () => {
  const cases: Readonly<Record<string, string>> = {
    [`${base}/none`]: `failed to GET http://${base}/none with status 404 Not Found: `,
    '127.0.0.1:1/x': 'Get "http://127.0.0.1:1/x": dial tcp 127.0.0.1:1: connect: connection refused',
    'ftp://example.com/x': 'Get "ftp://example.com/x": unsupported protocol scheme "ftp"',
    'http://[/': 'parse "http://[/": invalid URL',
    'http://169.254.169.254/latest': 'Get "http://169.254.169.254/latest": link-local addresses are not fetched from',
    [`${base}/cloud`]: 'Get "http://169.254.169.254/latest": link-local addresses are not fetched from',
  };
  for (const [source, message] of Object.entries(cases)) await assert.rejects(download(source, signal), { message });
});
