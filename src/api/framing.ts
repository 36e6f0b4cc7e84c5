// Docker's multiplexed stream: 8 bytes of header (1 stdout, 2 stderr; length) before each piece.
import type { Channel } from '../runtime/index.ts';

export function frame(channel: Channel, data: Uint8Array): Buffer {
  const framed = Buffer.allocUnsafe(8 + data.length);
  framed[0] = channel === 'stdout' ? 1 : 2;
  framed[1] = framed[2] = framed[3] = 0;
  framed.writeUInt32BE(data.length, 4);
  framed.set(data, 8);
  return framed;
}

export const RAW_STREAM = 'application/vnd.docker.raw-stream';
export const MULTIPLEXED_STREAM = 'application/vnd.docker.multiplexed-stream';
