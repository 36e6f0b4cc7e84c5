// Docker's multiplexed stream: 8 bytes of header (1 stdout, 2 stderr; length) before each piece.
import type { Channel, PieceHead } from '../runtime/index.ts';

export function frame(channel: Channel, data: Uint8Array): Buffer {
  return Buffer.concat([frameHead(channel, data.length), data]);
}

export function frameHead(channel: Channel, length: number): Buffer {
  const head = Buffer.alloc(FRAME_HEAD.bytes);
  FRAME_HEAD.write(head, 0, channel, length);
  return head;
}

export const FRAME_HEAD: PieceHead = {
  bytes: 8,
  write(buffer, at, channel, length) {
    buffer[at] = channel === 'stdout' ? 1 : 2;
    buffer[at + 1] = 0;
    buffer[at + 2] = 0;
    buffer[at + 3] = 0;
    buffer[at + 4] = length >>> 24;
    buffer[at + 5] = length >>> 16;
    buffer[at + 6] = length >>> 8;
    buffer[at + 7] = length;
  },
};

export const RAW_STREAM = 'application/vnd.docker.raw-stream';
export const MULTIPLEXED_STREAM = 'application/vnd.docker.multiplexed-stream';
