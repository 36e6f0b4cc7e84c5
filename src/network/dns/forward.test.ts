// Other resolvers asked: dead ones, slow ones, liars, and too many questions at once.
import assert from 'node:assert/strict';
import { createSocket, type Socket } from 'node:dgram';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { Forwarder, type Outside, framed } from './forward.ts';
import { HostResolvers, serversIn } from './resolvers.ts';
import { encodeName } from './wire.ts';

const question = (name: string, id = 7): Buffer =>
  Buffer.concat([Buffer.from([0, id, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0]), encodeName(name), Buffer.from([0, 1, 0, 1])]);

/** Code 0 with a mark in the last byte of the header's counts, to tell who answered. */
function answerOf(message: Buffer, code = 0): Buffer {
  const out = Buffer.from(message);
  out[2] = 0x81;
  out[3] = 0x80 | code;
  return out;
}

/** A resolver on an address of its own, all with one port; what it does with a question is its own. */
async function resolver(
  address: string,
  port: number,
  act: (message: Buffer, reply: (answer: Buffer) => void) => void,
) {
  const socket: Socket = createSocket('udp4');
  const asked: Buffer[] = [];
  socket.on('message', (message, { port: to, address: host }) => {
    asked.push(message);
    act(message, (answer) => socket.send(answer, to, host));
  });
  await new Promise<void>((resolve) => socket.bind(port, address, resolve));
  return { asked, port: socket.address().port, [Symbol.dispose]: () => socket.close() };
}

const from = (...servers: string[]) => ({ id: 'c', servers, namespace: undefined });

describe('forwarding', () => {
  test('the answer comes under the number of the asker, who is not told to the server', async () => {
    using good = await resolver('127.0.1.1', 0, (message, reply) => reply(answerOf(message)));
    const forwarder = new Forwarder(good.port);
    const answers = await Promise.all(
      Array.from({ length: 20 }, (_, id) => forwarder.ask(question(`n${id}`, id), from('127.0.1.1'), false)),
    );
    assert.deepEqual(
      answers.map((one) => one?.readUInt16BE(0)),
      Array.from({ length: 20 }, (_, id) => id),
    );
    assert.ok(new Set(good.asked.map((one) => one.readUInt16BE(0))).size > 15);
  });

  test('fault N51: the next server is asked beside a silent one, and first from then on', async () => {
    using silent = await resolver('127.0.1.1', 0, () => undefined);
    using good = await resolver('127.0.1.2', silent.port, (message, reply) => reply(answerOf(message)));
    const forwarder = new Forwarder(silent.port);
    const begin = performance.now();
    assert.ok(await forwarder.ask(question('one'), from('127.0.1.1', '127.0.1.2'), false));
    const first = performance.now() - begin;
    assert.ok(first < 2000, `${first} ms`);
    assert.ok(await forwarder.ask(question('two'), from('127.0.1.1', '127.0.1.2'), false));
    assert.equal(silent.asked.length, 1);
    assert.equal(good.asked.length, 2);
  });

  test('safety L11: a server that is silent inside one container is asked first for another', {
    skip: process.getuid?.() !== 0,
  }, async () => {
    using silent = await resolver('127.0.1.1', 0, () => undefined);
    using good = await resolver('127.0.1.2', silent.port, (message, reply) => reply(answerOf(message)));
    const forwarder = new Forwarder(silent.port);
    const inside = (namespace: string): Outside => ({ ...from('127.0.1.1', '127.0.1.2'), namespace });
    for (const name of ['one', 'two'])
      assert.ok(await forwarder.ask(question(name), inside('/proc/self/ns/net'), false));
    assert.deepEqual([silent.asked.length, good.asked.length], [1, 2]);
    assert.ok(await forwarder.ask(question('three'), inside(`/proc/${process.pid}/ns/net`), false));
    assert.equal(silent.asked.length, 2);
  });

  test('a server that no route leads to is passed over', async () => {
    // connect() fails at once for a broadcast address, as it does where there is no default route
    using good = await resolver('127.0.1.2', 0, (message, reply) => reply(answerOf(message)));
    const forwarder = new Forwarder(good.port);
    assert.ok(await forwarder.ask(question('x'), from('255.255.255.255', '127.0.1.2'), false));
    assert.equal(await forwarder.ask(question('x'), from('255.255.255.255'), false), undefined);
  });

  test('fault N51: refusals and forgeries leave it to the next server; a failure is told when nobody knows better', async () => {
    using bad = await resolver('127.0.1.1', 0, (message, reply) => {
      reply(Buffer.from('noise'));
      reply(answerOf(question('another', message.readUInt8(1))));
      reply(answerOf(message, 5));
    });
    using good = await resolver('127.0.1.2', bad.port, (message, reply) => reply(answerOf(message)));
    const forwarder = new Forwarder(bad.port);
    const answer = await forwarder.ask(question('x'), from('127.0.1.1', '127.0.1.2'), false);
    assert.equal((answer?.[3] ?? 15) & 15, 0);
    assert.equal(good.asked.length, 1);
    assert.equal(((await forwarder.ask(question('x'), from('127.0.1.1'), false))?.[3] ?? 0) & 15, 5);
    assert.equal(await forwarder.ask(question('x'), from('127.0.1.3'), false), undefined, 'nobody listens there');
  });

  test('fault N51: one container cannot take all; the same question twice is one', async () => {
    using silent = await resolver('127.0.1.1', 0, () => undefined);
    const forwarder = new Forwarder(silent.port);
    const many = Array.from({ length: 300 }, (_, id) => forwarder.ask(question(`n${id}`), from('127.0.1.1'), false));
    const [again] = [forwarder.ask(question('n0', 9), from('127.0.1.1'), false)];
    assert.equal(await many[200], undefined, 'refused at once');
    using good = await resolver('127.0.1.2', silent.port, (message, reply) => reply(answerOf(message)));
    assert.ok(await forwarder.ask(question('x'), { ...from('127.0.1.2'), id: 'other' }, false));
    assert.equal(good.asked.length, 1);
    await Promise.all([...many, again]);
    assert.equal(silent.asked.length, 128);
  });

  test('by TCP, whatever pieces it comes in; a length that lies is no answer', async () => {
    const server = createServer((connection) => {
      connection.once('data', (data) => {
        const whole = framed(answerOf(data.subarray(2)));
        const lies = data.includes('liar');
        if (lies) whole.writeUInt16BE(3, 0);
        connection.write(whole.subarray(0, 1));
        setTimeout(() => connection.end(whole.subarray(1)), 20);
      });
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const bound = server.address();
    const forwarder = new Forwarder(typeof bound === 'object' && bound ? bound.port : 0);
    assert.equal((await forwarder.ask(question('big'), from('127.0.0.1'), true))?.readUInt16BE(0), 7);
    assert.equal(await forwarder.ask(question('liar'), from('127.0.0.1'), true), undefined);
    server.close();
  });
});

test('resolv.conf is followed', () => {
  assert.deepEqual(serversIn('# nameserver 9.9.9.9\nnameserver 1.1.1.1\n nameserver ::1 # x\nnameserver bad\n'), [
    '1.1.1.1',
    '::1',
  ]);
  const folder = mkdtempSync(join(tmpdir(), 'resolvers-'));
  const file = join(folder, 'resolv.conf');
  const host = new HostResolvers(file);
  assert.deepEqual(host.now(), []);
  writeFileSync(file, 'nameserver 10.0.0.1\n');
  assert.deepEqual(host.now(), ['10.0.0.1']);
  writeFileSync(file, 'nameserver 10.0.0.22\n');
  assert.deepEqual(host.now(), ['10.0.0.22']);
  rmSync(folder, { recursive: true });
  assert.deepEqual(host.now(), []);
});
