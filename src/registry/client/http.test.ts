import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { Transport } from './http.ts';
import { DEFAULT_SETTINGS } from './settings.ts';

const heard: string[] = [];
const servers: Server[] = [];
after(() => {
  for (const server of servers) server.close().closeAllConnections();
});

/** Writes down what it is asked for; makes no connections for others. */
async function serve(): Promise<string> {
  const server = createServer((request, response) => {
    heard.push(`${request.method} ${request.url}`);
    response.end('{}');
  }).on('connect', (request, socket) => {
    heard.push(`${request.method} ${request.url}`);
    socket.end('HTTP/1.1 502 Bad Gateway\r\n\r\n');
  });
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

test('a registry is asked through the proxy of the environment, this machine is not', async () => {
  const [proxy, own] = [await serve(), await serve()];
  process.env['HTTP_PROXY'] = process.env['HTTPS_PROXY'] = proxy;
  process.env['NO_PROXY'] = process.env['no_proxy'] = '';
  const { signal } = new AbortController();
  const get = async (address: string): Promise<void> => {
    const url = new URL('/v2/', address);
    const transport = new Transport(url.host, { verify: true }, DEFAULT_SETTINGS.timing);
    (await transport.send({ method: 'GET', url, signal })).body.resume();
  };
  await get('http://registry.invalid:5000');
  await assert.rejects(get('https://registry.invalid'), /502/);
  await get(own);
  assert.deepEqual(heard, ['GET http://registry.invalid:5000/v2/', 'CONNECT registry.invalid:443', 'GET /v2/']);
});

test('safety L4: a body that may hold a secret is not sent on to another host', async () => {
  const other = await serve();
  const bodies: string[] = [];
  const server = createServer((request, response) => {
    request.on('data', (data: Buffer) => bodies.push(`${request.url} ${data.toString()}`));
    request.on('end', () =>
      response.writeHead(307, { Location: request.url === '/here' ? '/there' : `${other}/stolen` }).end(),
    );
  });
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const url = new URL(`http://127.0.0.1:${(server.address() as AddressInfo).port}/here`);
  const transport = new Transport(url.host, { verify: false }, DEFAULT_SETTINGS.timing);
  const { signal } = new AbortController();
  heard.length = 0;
  await assert.rejects(
    transport.send({ method: 'POST', url, body: Buffer.from('refresh_token=s'), signal }),
    /refusing to send the request's body on to 127\.0\.0\.1/,
  );
  assert.deepEqual([bodies, heard], [['/here refresh_token=s', '/there refresh_token=s'], []]);
  // what has no body goes on
  assert.equal((await transport.send({ method: 'GET', url, signal })).url.pathname, '/stolen');
});

test('safety L4: of an insecure registry only its own host goes unverified', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'berth-insecure-'));
  t.after(() => rmSync(folder, { recursive: true }));
  const [key, cert] = [join(folder, 'key.pem'), join(folder, 'cert.pem')];
  const subject = ['-subj', '/CN=127.0.0.1', '-keyout', key, '-out', cert];
  execFileSync('openssl', ['req', '-x509', '-newkey', 'rsa:2048', '-nodes', ...subject], { stdio: 'ignore' });
  const server = createTlsServer({ key: readFileSync(key), cert: readFileSync(cert) }, (request, response) =>
    response.writeHead(request.url === '/on' ? 307 : 200, { Location: `https://localhost:${port}/v2/` }).end(),
  );
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, resolve));
  const { port } = server.address() as AddressInfo;
  const transport = new Transport(`127.0.0.1:${port}`, { verify: false }, DEFAULT_SETTINGS.timing);
  const { signal } = new AbortController();
  const get = (address: string) => transport.send({ method: 'GET', url: new URL(address), signal });
  assert.equal((await get(`https://127.0.0.1:${port}/v2/`)).status, 200);
  await assert.rejects(get(`https://localhost:${port}/token`), /certificate signed by unknown authority/);
  await assert.rejects(get(`https://127.0.0.1:${port}/on`), /certificate signed by unknown authority/);
});

test('a registry cannot send the daemon on to a link-local address, where clouds keep their secrets', async () => {
  const server = createServer((request, response) =>
    response.writeHead(307, { Location: `http://${request.url?.slice(1)}/latest/meta-data` }).end(),
  );
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const host = `127.0.0.1:${(server.address() as AddressInfo).port}`;
  const transport = new Transport(host, { verify: true }, DEFAULT_SETTINGS.timing);
  const { signal } = new AbortController();
  for (const address of ['169.254.169.254', '[fe80::1]', '[::ffff:169.254.169.254]'])
    await assert.rejects(
      transport.send({ method: 'GET', url: new URL(`http://${host}/${address}`), signal }),
      /link-local addresses are not asked/,
      address,
    );
  await assert.rejects(
    transport.send({ method: 'GET', url: new URL('http://169.254.169.254/token'), signal }),
    /link-local addresses are not asked/,
  );
});
