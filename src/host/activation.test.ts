import assert from 'node:assert/strict';
import { closeSync } from 'node:fs';
import { createServer, type Server } from 'node:net';
import { test } from 'node:test';
import { boundAddress, notifyManager, passedDescriptors, readAddress, unixAddress } from './activation.ts';
import { bind, checked } from './libc.ts';

test('sockets are taken from the process that they were passed to, and from no other', () => {
  assert.deepEqual(passedDescriptors({ LISTEN_PID: '7', LISTEN_FDS: '2' }, 7), [3, 4]);
  for (const env of [
    { LISTEN_PID: '8', LISTEN_FDS: '2' },
    { LISTEN_FDS: '2' },
    { LISTEN_PID: '7' },
    { LISTEN_PID: '7', LISTEN_FDS: '-1' },
    { LISTEN_PID: '7', LISTEN_FDS: '99999' },
  ])
    assert.deepEqual(passedDescriptors(env, 7), []);
});

test('addresses are read from the bytes of the kernel: paths, abstract names, both internet families', () => {
  assert.deepEqual(readAddress(unixAddress('/run/x.sock')), { kind: 'unix', path: '/run/x.sock' });
  assert.deepEqual(readAddress(unixAddress('@x')), { kind: 'unix', path: '@x' });
  assert.deepEqual(readAddress(Buffer.from([2, 0, 9, 75, 127, 0, 0, 1, 0, 0])), {
    kind: 'tcp',
    host: '127.0.0.1',
    port: 2379,
  });
  assert.equal(readAddress(Buffer.from([16, 0, 0, 0])), undefined);
});

test('a listening socket says where it is bound', async () => {
  const server = createServer();
  await new Promise<void>((done) => server.listen(0, '::1', done));
  try {
    const { port } = server.address() as { port: number };
    assert.deepEqual(boundAddress(descriptorOf(server)), { kind: 'tcp', host: '::1', port });
  } finally {
    server.close();
  }
});

function descriptorOf(server: Server): number {
  return (server as unknown as { _handle: { fd: number } })._handle.fd;
}

test('the service manager is notified by one datagram; without one nothing happens; one that has gone is an error', () => {
  const call = {
    socket: bind('int socket(int domain, int type, int protocol)'),
    bind: bind('int bind(int fd, const void *address, unsigned int length)'),
    recv: bind('long recv(int fd, void *data, unsigned long size, int flags)'),
  };
  const fd = checked(call.socket(1, 2, 0) as number, 'socket', 'manager');
  const name = `@berth-test-${process.pid}`;
  try {
    const address = unixAddress(name);
    checked(call.bind(fd, address, address.length) as number, 'bind', name);
    notifyManager('READY=1', { NOTIFY_SOCKET: name });
    const data = Buffer.alloc(64);
    const size = checked(call.recv(fd, data, data.length, 0x40) as number, 'recv', name);
    assert.equal(data.toString('utf8', 0, size), 'READY=1');
  } finally {
    closeSync(fd);
  }
  notifyManager('READY=1', {});
  assert.throws(() => notifyManager('READY=1', { NOTIFY_SOCKET: name }), { code: 'ECONNREFUSED' });
});
