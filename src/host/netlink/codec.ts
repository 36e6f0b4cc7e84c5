// Netlink messages as bytes: headers, attributes (type, length, value, padded to four), and the kernel's answers. Pure.
import { before } from '../../base/ends.ts';

/** Header flags. */
export const NLM = { REQUEST: 1, ACK: 4, DUMP: 0x300, REPLACE: 0x100, EXCL: 0x200, CREATE: 0x400 } as const;
export const NLMSG_ERROR = 2;
export const NLMSG_DONE = 3;
const HEADER = 16;
const NESTED = 0x8000;
const TYPE_MASK = 0x3fff;

const padded = (length: number): number => (length + 3) & ~3;

/** One attribute; strings get their closing zero, numbers are 32 bits. */
export function attribute(type: number, value: Uint8Array | string | number): Buffer {
  const data = bytesOf(value);
  const out = Buffer.alloc(padded(4 + data.length));
  out.writeUInt16LE(4 + data.length, 0);
  out.writeUInt16LE(type, 2);
  out.set(data, 4);
  return out;
}

export function byteAttribute(type: number, value: number): Buffer {
  return attribute(type, Uint8Array.of(value));
}

export function nested(type: number, parts: readonly Uint8Array[]): Buffer {
  return attribute(type | NESTED, Buffer.concat(parts));
}

function bytesOf(value: Uint8Array | string | number): Uint8Array {
  if (typeof value === 'string') return Buffer.from(`${value}\0`);
  if (typeof value !== 'number') return value;
  const four = Buffer.alloc(4);
  four.writeUInt32LE(value >>> 0, 0);
  return four;
}

export interface Request {
  readonly type: number;
  readonly flags: number;
  readonly body: readonly Uint8Array[];
}

/** The whole message; `sequence` comes back in the answer. */
export function encode({ type, flags, body }: Request, sequence: number): Buffer {
  const payload = Buffer.concat(body);
  const header = Buffer.alloc(HEADER);
  header.writeUInt32LE(HEADER + payload.length, 0);
  header.writeUInt16LE(type, 4);
  header.writeUInt16LE(flags, 6);
  header.writeUInt32LE(sequence, 8);
  return Buffer.concat([header, payload]);
}

export interface Message {
  readonly type: number;
  readonly sequence: number;
  /** The socket whose doing it is, by the kernel's number of it; 0 for the kernel's own. */
  readonly port: number;
  readonly payload: Buffer;
}

/** The messages in one datagram; a cut-off one ends the list. */
export function decode(datagram: Buffer): Message[] {
  const found: Message[] = [];
  for (let at = 0; at + HEADER <= datagram.length; ) {
    const length = datagram.readUInt32LE(at);
    if (length < HEADER || at + length > datagram.length) break;
    found.push({
      type: datagram.readUInt16LE(at + 4),
      sequence: datagram.readUInt32LE(at + 8),
      port: datagram.readUInt32LE(at + 12),
      payload: datagram.subarray(at + HEADER, at + length),
    });
    at += padded(length);
  }
  return found;
}

/** Attributes by type; of several with one type the last. Broken lengths end the reading. */
export function attributes(data: Buffer): Map<number, Buffer> {
  const found = new Map<number, Buffer>();
  for (let at = 0; at + 4 <= data.length; ) {
    const length = data.readUInt16LE(at);
    if (length < 4 || at + length > data.length) break;
    found.set(data.readUInt16LE(at + 2) & TYPE_MASK, data.subarray(at + 4, at + length));
    at += padded(length);
  }
  return found;
}

/** Text without its closing zero. */
export function textOf(data: Buffer | undefined): string {
  return data === undefined ? '' : before(data.toString('utf8'), '\0');
}

/** What an error message says: the errno (0 is success) and the kernel's own words where it has some. */
export function readError(payload: Buffer): { errno: number; words: string } {
  const errno = -payload.readInt32LE(0);
  // After the errno comes the header of the request, since the socket asks for answers without its body.
  const words = payload.length > 20 ? textOf(attributes(payload.subarray(20)).get(1)) : '';
  return { errno, words };
}
