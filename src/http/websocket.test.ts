import assert from 'node:assert/strict';
import { Duplex } from 'node:stream';
import { test } from 'node:test';
import fc from 'fast-check';
import { acceptKey, decodeFrames, encodeFrame, MAX_CONTROL_BYTES, webSocketStream } from './websocket.ts';

/** As a client sends it. */
function masked(opcode: number, data: Buffer): Buffer {
  const plain = encodeFrame(opcode, data);
  const head = plain.subarray(0, plain.length - data.length);
  head[1] = (head[1] ?? 0) | 0x80;
  const mask = Buffer.from([1, 2, 3, 4]);
  return Buffer.concat([head, mask, data.map((byte, index) => byte ^ (mask[index % 4] ?? 0))]);
}

test('the handshake of the RFC', () => {
  assert.equal(acceptKey('dGhlIHNhbXBsZSBub25jZQ=='), 's3pPLMBiTxaQ9kYGzzhZRbK+xOo=');
});

test('frames survive any cut of the stream', () => {
  fc.assert(
    fc.property(fc.array(fc.uint8Array({ maxLength: 300 }), { maxLength: 5 }), fc.nat(), (messages, cut) => {
      const bytes = Buffer.concat(messages.map((message) => masked(2, Buffer.from(message))));
      const at = bytes.length === 0 ? 0 : cut % bytes.length;
      const first = decodeFrames(bytes.subarray(0, at));
      const second = decodeFrames(Buffer.concat([first.rest, bytes.subarray(at)]));
      assert.deepEqual(
        [...first.frames, ...second.frames].map(({ data }) => [...data]),
        messages.map((message) => [...message]),
      );
      assert.equal(second.rest.length, 0);
    }),
  );
});

test('safety L10: a client that pings and does not read is not heard until it does', () => {
  let written = 0;
  let sent: (() => void) | undefined;
  const socket = new Duplex({
    read: () => undefined,
    highWaterMark: 1024,
    write: (chunk: Buffer, _, done) => {
      written += chunk.length;
      sent = done;
    },
  });
  const stream = webSocketStream(socket);
  stream.resume();
  socket.emit('data', Buffer.concat(Array.from({ length: 20 }, () => masked(9, Buffer.alloc(MAX_CONTROL_BYTES)))));
  assert.equal(socket.isPaused(), true);
  stream.read();
  assert.equal(socket.isPaused(), true);
  assert.ok(written <= 127);
  assert.ok(sent);
  stream.destroy();
  assert.throws(() => decodeFrames(masked(9, Buffer.alloc(MAX_CONTROL_BYTES + 1))), /too large/);
});

test('what no client may send is refused', () => {
  assert.throws(() => decodeFrames(encodeFrame(2, Buffer.from('plain'))), /must be masked/);
  assert.throws(() => decodeFrames(Buffer.from([0x82, 0xff, 0, 0, 0, 1, 0, 0, 0, 0, 1, 2, 3, 4])), /too large/);
});
