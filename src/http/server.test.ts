import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect } from 'node:net';
import { after, test } from 'node:test';
import { createHttpServer } from './server.ts';

const server = createHttpServer({
  routes: [{ method: 'GET', path: '/a', handle: (exchange) => exchange.empty(204) }],
  authenticate: () => true,
  missing: (exchange) => exchange.empty(404),
  fail: (exchange) => exchange.empty(400),
  headMs: 300,
  idleMs: 600,
});
server.listen(0, '127.0.0.1');
await once(server, 'listening');
const { port } = server.address() as { port: number };
after(() => server.closeAllConnections());
after(() => server.close());

/** What comes until the connection is closed, and after how long. */
async function said(text: string): Promise<{ answer: string; took: number }> {
  const begun = performance.now();
  const socket = connect(port, '127.0.0.1');
  let answer = '';
  socket.on('data', (chunk: Buffer) => (answer += chunk.toString('latin1')));
  socket.on('error', () => undefined);
  socket.write(text);
  await once(socket, 'close');
  return { answer, took: performance.now() - begun };
}

test('limit: the head of a request has to be here in time', { timeout: 20_000 }, async () => {
  const { answer } = await said('GET /a HTTP/1.1\r\nHost: a\r\n');
  assert.match(answer, /^$|^HTTP\/1\.1 (?:400|408) /);
});

test('limit: a connection on which nothing comes or goes is closed', { timeout: 20_000 }, async () => {
  const { answer, took } = await said('GET /a HTTP/1.1\r\nHost: a\r\n\r\n');
  assert.match(answer, /^HTTP\/1\.1 204 /);
  assert.ok(took >= 500, `${took} ms`);
});

test('limit: a path that is too long is refused', { timeout: 20_000 }, async () => {
  const { answer } = await said(`GET /${'a'.repeat(8192)} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n`);
  assert.match(answer, /^HTTP\/1\.1 400 /);
});
