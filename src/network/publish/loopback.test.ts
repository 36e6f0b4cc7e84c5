import assert from 'node:assert/strict';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { type TestContext, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { holdPort } from '../../host/port.ts';
import { FlowTable } from './flow-table.ts';
import { copyFrom, type CopyLimits } from './loopback.ts';

const ANY_PORT = 0;
const HOST = Buffer.from([...Array.from({ length: 15 }, () => 0), 1]);

function limitsOf(whole: number, ofPort: number, idleMs = 60_000): CopyLimits {
  return { whole: new FlowTable(whole), ofPort, tcpIdleMs: idleMs, udpIdleMs: idleMs };
}

/** A free port of ::1, whose descriptor is open. */
async function port(protocol: 'tcp' | 'udp'): Promise<{ fd: number; number: number }> {
  const probe = createServer();
  probe.listen(ANY_PORT, '::1');
  await once(probe, 'listening');
  const { port: number } = probe.address() as { port: number };
  probe.close();
  await once(probe, 'close');
  return { fd: holdPort(protocol, '::1', HOST, number) ?? -1, number };
}

/** Echoes; stands for a container's port. */
async function echo(t: TestContext): Promise<{ address: string; port: number; server: Server }> {
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket.on('error', () => undefined));
    socket.pipe(socket);
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => {
    server.close();
    for (const one of sockets) one.destroy();
  });
  return { address: '127.0.0.1', port: (server.address() as { port: number }).port, server };
}

async function client(t: TestContext, number: number): Promise<Socket> {
  const socket = connect({ host: '::1', port: number }).on('error', () => undefined);
  t.after(() => socket.destroy());
  await talk(socket);
  return socket;
}

async function talk(socket: Socket): Promise<void> {
  socket.write('x');
  await once(socket, 'data');
}

test('safety L1: connections of all ports share one bound, and the one that is idle longest makes room', async (t) => {
  const target = await echo(t);
  const within = limitsOf(8, 6);
  const ports = [await port('tcp'), await port('tcp')] as const;
  for (const { fd } of ports) {
    const copying = copyFrom('::1', 'tcp', fd, target, within);
    t.after(() => copying[Symbol.dispose]());
  }
  const [first, second] = [await client(t, ports[0].number), await client(t, ports[0].number)];
  const third = await client(t, ports[0].number);
  // the port has its three; a fourth ends the first of them
  const gone = once(first, 'close');
  const fourth = await client(t, ports[0].number);
  await gone;
  assert.equal(within.whole.cost, 6);
  await client(t, ports[1].number);
  assert.equal(within.whole.cost, 8);
  // the daemon has its four; the one that has spoken since stays, the next goes
  await talk(second);
  const next = once(third, 'close');
  await client(t, ports[1].number);
  await next;
  assert.equal(within.whole.cost, 8);
  await talk(second);
  await talk(fourth);
});

test('safety L1: a connection without traffic ends, and what it held is given back', async (t) => {
  const target = await echo(t);
  const within = limitsOf(8, 8, 80);
  const { fd, number } = await port('tcp');
  const copying = copyFrom('::1', 'tcp', fd, target, within);
  t.after(() => copying[Symbol.dispose]());
  const idle = await client(t, number);
  await once(idle, 'close');
  await delay(20);
  assert.equal(within.whole.cost, 0);
});

test('safety L1: a full table of UDP flows takes a newcomer at once', async (t) => {
  const server = createSocket('udp4', (data, from) => server.send(data, from.port, from.address));
  server.bind(0, '127.0.0.1');
  await once(server, 'listening');
  const { fd, number } = await port('udp');
  const within = limitsOf(4, 4);
  const copying = copyFrom('::1', 'udp', fd, { address: '127.0.0.1', port: server.address().port }, within);
  t.after(() => {
    copying[Symbol.dispose]();
    server.close();
  });
  for (let count = 0; count < 12; count += 1) {
    const one = createSocket('udp6');
    t.after(() => one.close());
    one.send(`${count}`, number, '::1');
    const [answer] = (await once(one, 'message')) as [Buffer];
    assert.equal(answer.toString(), `${count}`);
  }
  assert.equal(within.whole.cost, 4);
});
