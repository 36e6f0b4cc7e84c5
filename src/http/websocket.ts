// RFC 6455, as much as attaching needs: the handshake, and a stream of bytes over binary frames in both directions.
import { createHash } from 'node:crypto';
import { Duplex } from 'node:stream';

const GUID = '258EAFA5-E914-47DA-95CA-C5AB0DC85B11';
const CONTINUATION = 0;
const TEXT = 1;
const BINARY = 2;
const CLOSE = 8;
const PING = 9;
const PONG = 10;
/** What a person types is far smaller; more in one frame closes the connection. */
export const MAX_FRAME_BYTES = 1024 * 1024;
/** Of a ping or a close, as the RFC has it. */
export const MAX_CONTROL_BYTES = 125;

/** Value of Sec-WebSocket-Accept for a client's key. */
export function acceptKey(key: string): string {
  return createHash('sha1')
    .update(key + GUID)
    .digest('base64');
}

/** One unmasked frame, as servers send them. */
export function encodeFrame(opcode: number, data: Uint8Array): Buffer {
  const length = data.length;
  const head = length < 126 ? Buffer.from([0, length]) : length < 65_536 ? Buffer.alloc(4) : Buffer.alloc(10);
  head[0] = 0x80 | opcode;
  if (head.length === 4) {
    head[1] = 126;
    head.writeUInt16BE(length, 2);
  } else if (head.length === 10) {
    head[1] = 127;
    head.writeBigUInt64BE(BigInt(length), 2);
  }
  return Buffer.concat([head, data]);
}

export interface Frame {
  readonly opcode: number;
  readonly data: Buffer;
}

/**
 * The whole frames of a client's bytes, unmasked, what is left, and how many bytes that takes to be a frame as far as is known.
 * Throws for what no client may send.
 */
export function decodeFrames(bytes: Buffer): { frames: Frame[]; rest: Buffer; needed: number } {
  const frames: Frame[] = [];
  let at = 0;
  let needed = 0;
  for (;;) {
    const left = bytes.length - at;
    needed = 2;
    if (left < needed) break;
    const first = bytes[at] ?? 0;
    const second = bytes[at + 1] ?? 0;
    if ((second & 0x80) === 0) throw new Error('a frame of a client must be masked');
    const short = second & 0x7f;
    const extra = short === 126 ? 2 : short === 127 ? 8 : 0;
    needed = 2 + extra + 4;
    if (left < needed) break;
    const length =
      short === 126 ? bytes.readUInt16BE(at + 2) : short === 127 ? Number(bytes.readBigUInt64BE(at + 2)) : short;
    const most = (first & 0x08) === 0 ? MAX_FRAME_BYTES : MAX_CONTROL_BYTES;
    if (length > most) throw new Error('a frame is too large');
    const begin = 2 + extra + 4;
    needed = begin + length;
    if (left < needed) break;
    const mask = at + 2 + extra;
    const data = Buffer.from(bytes.subarray(at + begin, at + begin + length));
    for (let index = 0; index < data.length; index += 1)
      data[index] = (data[index] ?? 0) ^ (bytes[mask + (index % 4)] ?? 0);
    frames.push({ opcode: first & 0x0f, data });
    at += begin + length;
  }
  return { frames, rest: bytes.subarray(at), needed };
}

/** The bytes inside a connection's frames; the end of one side closes it as the protocol wants. */
export function webSocketStream(socket: Duplex): Duplex {
  let pending: Buffer[] = [];
  let held = 0;
  let needed = 0;
  let pongsWait = false;
  const stream = new Duplex({
    read: () => {
      if (!pongsWait) socket.resume();
    },
    write: (chunk: Buffer, _, done) => {
      if (socket.write(encodeFrame(BINARY, chunk))) done();
      else socket.once('drain', () => done());
    },
    final: (done) => {
      socket.end(encodeFrame(CLOSE, Buffer.from([0x03, 0xe8])));
      done();
    },
    destroy: (error, done) => {
      socket.destroy();
      done(error);
    },
  });
  socket.on('data', (chunk: Buffer) => {
    try {
      pending.push(chunk);
      held += chunk.length;
      if (held < needed) return;
      const decoded = decodeFrames(Buffer.concat(pending));
      const { frames, rest } = decoded;
      ({ needed } = decoded);
      pending = [rest];
      held = rest.length;
      for (const { opcode, data } of frames) {
        if (opcode === TEXT || opcode === BINARY || opcode === CONTINUATION) {
          if (!stream.push(data)) socket.pause();
        } else if (opcode === PING) {
          // who asks and does not read is not heard until he does
          if (!socket.write(encodeFrame(PONG, data)) && !pongsWait) {
            pongsWait = true;
            socket.pause();
            socket.once('drain', () => {
              pongsWait = false;
              socket.resume();
            });
          }
        } else if (opcode === CLOSE) stream.push(null);
      }
    } catch {
      stream.destroy();
    }
  });
  socket.once('end', () => stream.push(null));
  socket.once('close', () => stream.destroy());
  return stream;
}
