// A SOCK_SEQPACKET unix socket as an ordinary net.Socket: each 'data' event is one packet, each write is one packet.
// Node knows stream sockets only. A socket made by Node over one end of a plain socketpair is therefore given the real
// connection by dup3() before the event loop has looked at the descriptor; from then on reads and writes are the packet socket's.
import { closeSync, openSync } from 'node:fs';
import { Socket } from 'node:net';
import { basename, dirname } from 'node:path';
import { bind, checked } from './libc.ts';

const socketCall = bind('int socket(int domain, int type, int protocol)');
const socketpairCall = bind('int socketpair(int domain, int type, int protocol, _Out_ int *pair)');
const connectCall = bind('int connect(int fd, const void *address, unsigned int length)');
const dup3Call = bind('int dup3(int from, int to, int flags)');

const AF_UNIX = 1;
const SOCK_STREAM = 1;
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
    const pair = [0, 0];
    checked(socketpairCall(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) as number, 'socketpair', path);
    const [mine, spare] = pair as [number, number];
    closeSync(spare);
    const socket = new Socket({ fd: mine, readable: true, writable: true, allowHalfOpen: true });
    checked(dup3Call(packet, mine, SOCK_CLOEXEC) as number, 'dup3', path);
    return socket;
  } finally {
    closeSync(packet);
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
