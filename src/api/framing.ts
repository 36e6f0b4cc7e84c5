// Docker's multiplexed stream: 8 bytes of header (1 stdout, 2 stderr; length) before each piece.
import type { Channel } from '../runtime/index.ts';

export function frame(channel: Channel, data: Uint8Array): Buffer {
  return Buffer.concat([frameHead(channel, data.length), data]);
}

export function frameHead(channel: Channel, length: number): Buffer {
  const head = Buffer.alloc(8);
  head[0] = channel === 'stdout' ? 1 : 2;
  head.writeUInt32BE(length, 4);
  return head;
}

export const RAW_STREAM = 'application/vnd.docker.raw-stream';
export const MULTIPLEXED_STREAM = 'application/vnd.docker.multiplexed-stream';
