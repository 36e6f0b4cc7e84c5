import assert from 'node:assert/strict';
import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { test } from 'node:test';
import { login } from './login.ts';
import { Registries } from './registry.ts';
import { DEFAULT_SETTINGS } from './settings.ts';

async function registry(listener: RequestListener): Promise<{ address: string; server: Server }> {
  const server = createServer(listener);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return { address: `127.0.0.1:${(server.address() as AddressInfo).port}`, server };
}

const right = `Basic ${Buffer.from('ada:secret').toString('base64')}`;
const { signal } = new AbortController();
const enter = (server: string, password: string): Promise<string> =>
  login(new Registries(DEFAULT_SETTINGS), server, { username: 'ada', password }, signal);

test('Basic: the right password is accepted, a wrong one is not', async () => {
  const { address, server } = await registry((request, response) => {
    if (request.headers.authorization === right) response.writeHead(200).end();
    else response.writeHead(401, { 'WWW-Authenticate': 'Basic realm="x"' }).end();
  });
  await enter(address, 'secret');
  await assert.rejects(enter(`http://${address}/v2/`, 'no'), {
    kind: 'internal',
    message: `login attempt to http://${address}/v2/ failed with status: 401 Unauthorized`,
  });
  server.close();
});

test('Bearer: the password goes to the token server that the registry names, a refresh token comes back', async () => {
  const asked: string[] = [];
  const { address, server } = await registry((request, response) => {
    asked.push(`${request.method} ${request.url}`);
    if (request.url?.startsWith('/token')) {
      const good = request.headers.authorization === right || request.method === 'POST';
      response.writeHead(good ? 200 : 401).end('{"token":"t","refresh_token":"again"}');
    } else if (request.headers.authorization === 'Bearer t') response.writeHead(200).end();
    else
      response
        .writeHead(401, { 'WWW-Authenticate': `Bearer realm="http://${request.headers.host}/token",service="s"` })
        .end();
  });
  assert.equal(await enter(address, 'secret'), 'again');
  assert.match(
    asked.find((one) => one.includes('/token')) ?? '',
    /^GET \/token\?offline_token=true&service=s&account=ada/,
  );
  await assert.rejects(enter(address, 'no'), { kind: 'unauthorized' });
  server.close();
});

test('fault I15: a malformed challenge is an error, not a loop', async () => {
  const { address, server } = await registry((_, response) =>
    response.writeHead(401, { 'WWW-Authenticate': 'Bearer nonsense' }).end(),
  );
  await assert.rejects(enter(address, 'b'), { kind: 'invalid' });
  server.close();
});
