// A port is held beside connections that have ended, and against everybody else.
import assert from 'node:assert/strict';
import { closeSync } from 'node:fs';
import { once } from 'node:events';
import { connect, createServer, type AddressInfo } from 'node:net';
import { test } from 'node:test';
import { holdPort } from './port.ts';

const LOOPBACK = Uint8Array.of(127, 0, 0, 1);
const hold = (port: number): number => holdPort('tcp', '127.0.0.1', LOOPBACK, port) ?? -1;

/** Of a server that closed its last connection itself, so that the kernel remembers it for a minute. */
async function portOfEnded(): Promise<number> {
  const server = createServer((client) => client.end()).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const client = connect(port, '127.0.0.1').resume();
  await once(client, 'close');
  server.close();
  await once(server, 'close');
  return port;
}

test('a port whose last connections ended a moment ago can be held', async () => {
  closeSync(hold(await portOfEnded()));
});

test('a port that is held is refused to another program and to a second owner', async () => {
  const port = await portOfEnded();
  const fd = hold(port);
  assert.throws(() => hold(port), { code: 'EADDRINUSE' });
  const other = createServer().listen(port, '127.0.0.1');
  const [error] = (await once(other, 'error')) as [NodeJS.ErrnoException];
  assert.equal(error.code, 'EADDRINUSE');
  closeSync(fd);
});
