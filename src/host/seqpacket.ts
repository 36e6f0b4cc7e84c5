// A SOCK_SEQPACKET unix socket as an ordinary net.Socket.
import { closeSync, openSync } from 'node:fs';
import type { Socket } from 'node:net';
import { basename, dirname } from 'node:path';
import { bind, checked } from './libc.ts';
import { packetSocket } from './packet-socket.ts';

const socketCall = bind('int socket(int domain, int type, int protocol)');
const connectCall = bind('int connect(int fd, const void *address, unsigned int length)');

const AF_UNIX = 1;
const SOCK_SEQPACKET = 5;
const SOCK_NONBLOCK = 0o4000;
const SOCK_CLOEXEC = 0o2000000;
const O_PATH = 0o10000000;
/** sun_path of struct sockaddr_un, with its closing zero. */
const MAX_PATH = 107;

/** Connects to the socket at `path` (any length); throws like a system call when nobody listens. */
export function connectSeqpacket(path: string): Socket {
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
  return packetSocket(packet, path);
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
