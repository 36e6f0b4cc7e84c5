import assert from 'node:assert/strict';
import { PassThrough } from 'node:stream';
import { test } from 'node:test';
import { Connection, MAX_STRANGER_BYTES, MAX_UNSENT_BYTES } from './connection.ts';

const turn = (): Promise<void> => new Promise((resolve) => void setImmediate(resolve));

test('messages come whole, however their bytes are cut', async () => {
  const stream = new PassThrough();
  const got: unknown[] = [];
  const connection = new Connection<unknown, unknown>(stream, 1000);
  connection.onMessage = (message) => got.push(message);
  for (const byte of Buffer.from('{"a":"ä"}\n[1]\n"x"\n')) stream.write(Buffer.from([byte]));
  stream.write('1\n2\n3\n{"b":');
  await turn();
  stream.write('4}\n');
  await turn();
  assert.deepEqual(got, [{ a: 'ä' }, [1], 'x', 1, 2, 3, { b: 4 }]);
});

test('limit: a message that is too long ends the connection, whole or in pieces', async () => {
  for (const piece of [MAX_STRANGER_BYTES + 2, 1000]) {
    const stream = new PassThrough();
    const connection = new Connection<unknown, unknown>(stream, MAX_STRANGER_BYTES);
    let messages = 0;
    connection.onMessage = () => (messages += 1);
    const text = `"${'a'.repeat(MAX_STRANGER_BYTES)}"\n`;
    for (let at = 0; at < text.length && !stream.destroyed; at += piece) stream.write(text.slice(at, at + piece));
    await turn();
    assert.deepEqual([connection.closed, messages], [true, 0]);
  }
});

test('a message that comes a byte at a time is held as its bytes, not as so many objects', async () => {
  const stream = new PassThrough({ highWaterMark: 1 });
  const connection = new Connection<unknown, unknown>(stream, MAX_STRANGER_BYTES);
  const before = process.memoryUsage();
  for (let at = 0; at < 60_000; at += 1) stream.emit('data', Buffer.from('a'));
  const after = process.memoryUsage();
  await turn();
  assert.equal(connection.closed, false);
  const grown = after.arrayBuffers + after.external - before.arrayBuffers - before.external;
  assert.ok(grown < 4_000_000, `${grown} bytes`);
});

test('what is no JSON ends the connection, and so does a reader that throws', async () => {
  for (const [text, onMessage] of [
    ['{\n', () => undefined],
    [
      '1\n',
      () => {
        throw new Error('no');
      },
    ],
  ] as const) {
    const stream = new PassThrough();
    const connection = new Connection<unknown, unknown>(stream, 1000);
    connection.onMessage = onMessage;
    stream.write(text);
    await turn();
    assert.equal(connection.closed, true);
  }
});

test('limit: a peer that reads nothing is given up', () => {
  const stream = new PassThrough();
  let waiting = MAX_UNSENT_BYTES;
  Object.defineProperty(stream, 'writableLength', { get: () => waiting });
  const connection = new Connection<unknown, string>(stream, 1000);
  connection.send('a');
  assert.equal(connection.closed, false);
  waiting += 1;
  connection.send('a');
  assert.equal(connection.closed, true);
});

test('a listener for the end can be taken away', () => {
  const connection = new Connection<unknown, unknown>(new PassThrough(), 1000);
  let calls = 0;
  const forget = connection.onClose(() => (calls += 1));
  connection.onClose(() => (calls += 10));
  forget();
  connection.close();
  connection.onClose(() => (calls += 100));
  assert.equal(calls, 110);
});
