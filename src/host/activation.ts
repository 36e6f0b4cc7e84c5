// The service manager at the other end: the sockets that it passed to this process, and the messages that it wants to hear.
import { closeSync } from 'node:fs';
import { bind, checked } from './libc.ts';

const getsocknameCall = bind('int getsockname(int fd, void *address, void *length)');
const socketCall = bind('int socket(int domain, int type, int protocol)');
const sendtoCall = bind(
  'long sendto(int fd, const void *data, unsigned long size, int flags, const void *address, unsigned int length)',
);

const AF_UNIX = 1;
const AF_INET = 2;
const AF_INET6 = 10;
const SOCK_DGRAM = 2;
const SOCK_CLOEXEC = 0o2000000;
/** The protocol's: 0 to 2 are the standard streams. */
const FIRST_PASSED = 3;
/** struct sockaddr_storage. */
const ADDRESS_SIZE = 128;

type Variables = Readonly<Record<string, string | undefined>>;

/** The descriptors that LISTEN_FDS and LISTEN_PID pass to the process `pid`; none when they were meant for another. Pure. */
export function passedDescriptors(env: Variables, pid: number): readonly number[] {
  if (env['LISTEN_PID'] !== String(pid) || !/^\d{1,4}$/.test(env['LISTEN_FDS'] ?? '')) return [];
  return Array.from({ length: Number(env['LISTEN_FDS']) }, (_, index) => FIRST_PASSED + index);
}

export type BoundAddress =
  | { readonly kind: 'unix'; readonly path: string }
  | { readonly kind: 'tcp'; readonly host: string; readonly port: number };

/** Where a socket is bound; undefined for what is neither a unix socket nor an internet one. */
export function boundAddress(fd: number): BoundAddress | undefined {
  const address = Buffer.alloc(ADDRESS_SIZE);
  const length = Buffer.alloc(4);
  length.writeUInt32LE(ADDRESS_SIZE);
  checked(getsocknameCall(fd, address, length) as number, 'getsockname', `of descriptor ${fd}`);
  return readAddress(address.subarray(0, length.readUInt32LE()));
}

/** Of struct sockaddr's bytes. Pure. */
export function readAddress(address: Buffer): BoundAddress | undefined {
  const family = address.readUInt16LE();
  if (family === AF_UNIX) {
    const path = address.subarray(2);
    // an abstract name begins with a zero, and is written with an @
    if (path[0] === 0) return { kind: 'unix', path: `@${path.subarray(1).toString()}` };
    const end = path.indexOf(0);
    return { kind: 'unix', path: path.subarray(0, end < 0 ? path.length : end).toString() };
  }
  if (family === AF_INET) return { kind: 'tcp', host: address.subarray(4, 8).join('.'), port: address.readUInt16BE(2) };
  if (family === AF_INET6) return { kind: 'tcp', host: readIPv6(address), port: address.readUInt16BE(2) };
  return undefined;
}

/** In the short form, so that `::1` is known for the loopback. */
function readIPv6(address: Buffer): string {
  const groups = Array.from({ length: 8 }, (_, index) => address.readUInt16BE(8 + index * 2).toString(16));
  return new URL(`http://[${groups.join(':')}]`).hostname.slice(1, -1);
}

/** Tells the service manager behind NOTIFY_SOCKET, if there is one: `READY=1`, `STOPPING=1`. Throws when it cannot be reached. */
export function notifyManager(state: string, env: Variables): void {
  const path = env['NOTIFY_SOCKET'] ?? '';
  if (path === '') return;
  const fd = checked(socketCall(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0) as number, 'socket', path);
  try {
    const address = unixAddress(path);
    const data = Buffer.from(state);
    checked(sendtoCall(fd, data, data.length, 0, address, address.length) as number, 'sendto', path);
  } finally {
    closeSync(fd);
  }
}

/** An @ in front stands for the zero of an abstract name, which ends with the address instead of with a zero. */
export function unixAddress(path: string): Buffer {
  const head = Buffer.alloc(2);
  head.writeUInt16LE(AF_UNIX);
  return Buffer.concat([head, Buffer.from(path.startsWith('@') ? `\0${path.slice(1)}` : `${path}\0`)]);
}
