import assert from 'node:assert/strict';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
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
