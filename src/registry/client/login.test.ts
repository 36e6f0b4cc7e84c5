import assert from 'node:assert/strict';
import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { test } from 'node:test';
import { hostOf, isInsecure, login, parseChallenge } from './login.ts';

async function registry(listener: RequestListener): Promise<{ address: string; server: Server }> {
  const server = createServer(listener);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return { address: `127.0.0.1:${(server.address() as AddressInfo).port}`, server };
}

const right = `Basic ${Buffer.from('ada:secret').toString('base64')}`;
const options = { insecure: [], signal: new AbortController().signal };

test('Basic: the right password is accepted, a wrong one is not', async () => {
  const { address, server } = await registry((request, response) => {
    if (request.headers.authorization === right) response.writeHead(200).end();
    else response.writeHead(401, { 'WWW-Authenticate': 'Basic realm="x"' }).end();
  });
  await login({ username: 'ada', password: 'secret', server: address }, options);
  await assert.rejects(login({ username: 'ada', password: 'no', server: `http://${address}/v2/` }, options), {
    kind: 'unauthorized',
    message: /unauthorized: incorrect username or password/,
  });
  server.close();
});

test('Bearer: the password goes to the token server that the registry names', async () => {
  const asked: string[] = [];
  const { address, server } = await registry((request, response) => {
    asked.push(request.url ?? '');
    if (request.url?.startsWith('/token'))
      response.writeHead(request.headers.authorization === right ? 200 : 401).end('{}');
    else
      response
        .writeHead(401, { 'WWW-Authenticate': `Bearer realm="http://${request.headers.host}/token",service="s"` })
        .end();
  });
  await login({ username: 'ada', password: 'secret', server: address }, options);
  assert.match(asked.at(-1) ?? '', /^\/token\?service=s&account=ada/);
  await assert.rejects(login({ username: 'ada', password: 'no', server: address }, options), { kind: 'unauthorized' });
  server.close();
});

test('fault I15: a malformed challenge is an error, not a loop', async () => {
  const { address, server } = await registry((_, response) =>
    response.writeHead(401, { 'WWW-Authenticate': 'Bearer nonsense' }).end(),
  );
  await assert.rejects(login({ username: 'a', password: 'b', server: address }, options), { kind: 'invalid' });
  server.close();
});

test('the host of a server address, and who may be spoken to without TLS', () => {
  assert.equal(hostOf(''), 'registry-1.docker.io');
  assert.equal(hostOf('https://index.docker.io/v1/'), 'registry-1.docker.io');
  assert.equal(hostOf('reg.example:5000/x'), 'reg.example:5000');
  assert.equal(isInsecure('127.0.0.1:5000', []), true);
  assert.equal(isInsecure('reg.example:5000', []), false);
  assert.equal(isInsecure('reg.example:5000', ['reg.example:5000']), true);
  assert.deepEqual(parseChallenge('Bearer realm="https://a/b",scope=x'), {
    scheme: 'bearer',
    parameters: { realm: 'https://a/b', scope: 'x' },
  });
});
