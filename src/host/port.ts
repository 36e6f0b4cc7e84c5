// A port of the host held by a socket that nobody answers on: taken for everybody else, and proof that it was free.
import { isIPv4 } from 'node:net';
import { isErrno } from '../base/errors.ts';
import { closeSync } from 'node:fs';
import { bind, checked } from './libc.ts';

const socketCall = bind('int socket(int domain, int type, int protocol)');
const bindCall = bind('int bind(int fd, const void *address, unsigned int length)');
const setsockoptCall = bind('int setsockopt(int fd, int level, int name, const void *value, unsigned int length)');

const fcntlCall = bind('int fcntl(int fd, int command, int value)');

const CLOEXEC = 0o2000000;
const KIND = { tcp: [1, 6], udp: [2, 17], sctp: [1, 132] } as const;

/** A socket in the namespace of the calling thread, to be connected; it takes a port when it is used. */
export function openSocket(protocol: 'tcp' | 'udp', family: 4 | 6): number {
  const [type, number] = KIND[protocol];
  return checked(socketCall(family === 4 ? 2 : 10, type | CLOEXEC, number) as number, 'socket', protocol);
}

/**
 * A descriptor to close when the port is given back; undefined where the kernel has no such protocol.
 * Throws EADDRINUSE, EADDRNOTAVAIL or EACCES like bind(2). `address` is 4 or 16 bytes in network order.
 */
export function holdPort(
  protocol: 'tcp' | 'udp' | 'sctp',
  text: string,
  address: Uint8Array,
  port: number,
): number | undefined {
  const v4 = isIPv4(text);
  const [type, number] = KIND[protocol];
  let fd: number;
  try {
    fd = checked(socketCall(v4 ? 2 : 10, type | CLOEXEC, number) as number, 'socket', protocol);
  } catch (error) {
    if (isErrno(error, 'EPROTONOSUPPORT', 'ESOCKTNOSUPPORT', 'EAFNOSUPPORT')) return undefined;
    throw error;
  }
  try {
    const sockaddr = Buffer.alloc(v4 ? 16 : 28);
    sockaddr.writeUInt16LE(v4 ? 2 : 10, 0);
    sockaddr.writeUInt16BE(port, 2);
    sockaddr.set(address, v4 ? 4 : 8);
    // an IPv6 socket would hold the port for IPv4 as well
    if (!v4) setsockoptCall(fd, 41, 26, Buffer.from([1, 0, 0, 0]), 4);
    // connections that ended a moment ago do not keep the port from its next owner, but two owners are not to be
    if (protocol === 'tcp') shareWithEnded(fd, true);
    checked(bindCall(fd, sockaddr, sockaddr.length) as number, 'bind', `${text} port ${port}`);
    if (protocol === 'tcp') shareWithEnded(fd, false);
    return fd;
  } catch (error) {
    closeSync(fd);
    throw error;
  }
}

let ipv6: boolean | undefined;

/** Whether this host takes connections over IPv6 at all; asked of the kernel once. */
export function listensOnIPv6(): boolean {
  if (ipv6 !== undefined) return ipv6;
  try {
    const fd = holdPort('tcp', '::1', Buffer.from([0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1]), 0);
    if (fd !== undefined) closeSync(fd);
    return (ipv6 = fd !== undefined);
  } catch {
    return (ipv6 = false);
  }
}

/** SO_REUSEADDR: whether the port may be bound, and listened at, beside connections of before that wait out their last minute. */
export function shareWithEnded(fd: number, share: boolean): void {
  setsockoptCall(fd, 1, 2, Buffer.from([Number(share), 0, 0, 0]), 4);
}

const F_DUPFD_CLOEXEC = 1030;

/** A second descriptor of the same socket, for who closes it in his own time. */
export function duplicate(fd: number): number {
  return checked(fcntlCall(fd, F_DUPFD_CLOEXEC, 0) as number, 'fcntl', `descriptor ${fd}`);
}
