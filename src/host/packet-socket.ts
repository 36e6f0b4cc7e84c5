// A descriptor of packets (seqpacket, netlink) as an ordinary net.Socket: each 'data' event is one packet, each write is one packet.
// Node knows stream sockets only. A socket made by Node over one end of a plain socketpair is therefore given the real
// descriptor by dup3() before the event loop has looked at it; from then on reads and writes are the packet socket's.
import { closeSync } from 'node:fs';
import { Socket } from 'node:net';
import { bind, checked } from './libc.ts';

const socketpairCall = bind('int socketpair(int domain, int type, int protocol, _Out_ int *pair)');
const dup3Call = bind('int dup3(int from, int to, int flags)');

const AF_UNIX = 1;
const SOCK_STREAM = 1;
const SOCK_CLOEXEC = 0o2000000;

/** Of a socket for one direction only: the other one is left alone. */
export interface Direction {
  readonly readable: boolean;
  readonly writable: boolean;
  /** 1: no packet is read beside one that waits. */
  readonly readableHighWaterMark?: number;
}

/** Takes the descriptor over: it is closed here, and the socket has its own. It must not block. */
export function packetSocket(
  packet: number,
  what: string,
  direction: Direction = { readable: true, writable: true },
): Socket {
  try {
    const pair = [0, 0];
    checked(socketpairCall(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) as number, 'socketpair', what);
    const [mine, spare] = pair as [number, number];
    closeSync(spare);
    const socket = new Socket({ fd: mine, ...direction, allowHalfOpen: true });
    checked(dup3Call(packet, mine, SOCK_CLOEXEC) as number, 'dup3', what);
    return socket;
  } finally {
    closeSync(packet);
  }
}
