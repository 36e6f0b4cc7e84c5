// A connection to a SOCK_SEQPACKET unix socket: its two directions as ordinary net.Sockets.
import { closeSync, openSync, readSync } from 'node:fs';
import type { Socket } from 'node:net';
import { basename, dirname } from 'node:path';
import { isErrno } from '../base/errors.ts';
import { bind, checked } from './libc.ts';
import { packetSocket } from './packet-socket.ts';
import { duplicate } from './port.ts';
import { O_PATH } from './open-in-root.ts';

const socketCall = bind('int socket(int domain, int type, int protocol)');
const connectCall = bind('int connect(int fd, const void *address, unsigned int length)');

const AF_UNIX = 1;
const SOCK_SEQPACKET = 5;
const SOCK_NONBLOCK = 0o4000;
const SOCK_CLOEXEC = 0o2000000;
/** sun_path of struct sockaddr_un, with its closing zero. */
const MAX_PATH = 107;

/** Above any packet of those who are talked to. */
const MAX_PACKET = 64 * 1024;

/** Apart, since the other end may be done with one and not with the other: Node gives a socket up on its first error. */
export interface Seqpacket extends Disposable {
  readonly reader: Socket;
  readonly writer: Socket;
  /**
   * What came before the other end closed and nobody has read. Who closes with input left unread makes the next call fail
   * with ECONNRESET, and what it had said before is only then to be had.
   */
  rest(): Buffer[];
}

/** Connects to the socket at `path` (any length); throws like a system call when nobody listens. */
export function connectSeqpacket(path: string): Seqpacket {
  const packet = checked(
    socketCall(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0) as number,
    'socket',
    path,
  );
  try {
    connectTo(packet, path);
  } catch (error) {
    closeSync(packet);
    throw error;
  }
  const forWriter = duplicate(packet);
  const forRest = duplicate(packet);
  const reader = packetSocket(packet, path, { readable: true, writable: false, readableHighWaterMark: 1 });
  const writer = packetSocket(forWriter, path, { readable: false, writable: true });
  let open = true;
  return {
    reader,
    writer,
    rest: () => (open ? restOf(forRest) : []),
    [Symbol.dispose]() {
      reader.destroy();
      writer.destroy();
      if (open) closeSync(forRest);
      open = false;
    },
  };
}

function restOf(fd: number): Buffer[] {
  const packets: Buffer[] = [];
  const space = Buffer.alloc(MAX_PACKET);
  for (;;) {
    try {
      const size = readSync(fd, space);
      if (size === 0) return packets;
      packets.push(Buffer.from(space.subarray(0, size)));
    } catch (error) {
      if (isErrno(error, 'ECONNRESET')) continue;
      return packets;
    }
  }
}

function connectTo(fd: number, path: string): void {
  if (Buffer.byteLength(path) <= MAX_PATH) {
    connectAddress(fd, path, path);
    return;
  }
  const folder = openSync(dirname(path), O_PATH);
  try {
    connectAddress(fd, `/proc/self/fd/${folder}/${basename(path)}`, path);
  } finally {
    closeSync(folder);
  }
}

function connectAddress(fd: number, address: string, path: string): void {
  const text = Buffer.from(address);
  const sockaddr = Buffer.alloc(2 + text.length + 1);
  sockaddr.writeUInt16LE(AF_UNIX, 0);
  text.copy(sockaddr, 2);
  checked(connectCall(fd, sockaddr, sockaddr.length) as number, 'connect', path);
}
