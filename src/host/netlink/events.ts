// What the kernel tells everybody about its links, addresses and rules: netlink's multicast groups, as events.
import type { Socket } from 'node:net';
import { bind, checked } from '../libc.ts';
import { packetSocket } from '../packet-socket.ts';
import { decode, type Message } from './codec.ts';

const socketCall = bind('int socket(int domain, int type, int protocol)');
const bindCall = bind('int bind(int fd, const void *address, unsigned int length)');
const setsockoptCall = bind('int setsockopt(int fd, int level, int name, const void *value, unsigned int length)');

const AF_NETLINK = 16;
const SOCK_RAW_CLOEXEC_NONBLOCK = 3 | 0o2000000 | 0o4000;
const SOL_NETLINK = 270;
const ADD_MEMBERSHIP = 1;
const SOL_SOCKET = 1;
const SO_RCVBUFFORCE = 33;
/** Bytes that may wait here before the kernel drops events: some thousand changes. */
const ROOM = 4 * 1024 * 1024;

/** A family of netlink, and the groups of it that tell what Berth wants to know. */
export const GROUPS = {
  /** Links, IPv4 and IPv6 addresses. */
  routing: { protocol: 0, groups: [1, 5, 9] },
  /** Everything about nftables. */
  firewall: { protocol: 12, groups: [7] },
} as const;

export class KernelEvents implements Disposable {
  readonly #kind: keyof typeof GROUPS;
  readonly #notify: (messages: readonly Message[]) => void;
  readonly #lost: () => void;
  #socket: Socket | undefined;

  /** `lost`: events were dropped, so that anything may have happened. The events are those of the namespace of this moment. */
  constructor(kind: keyof typeof GROUPS, notify: (messages: readonly Message[]) => void, lost: () => void) {
    this.#kind = kind;
    this.#notify = notify;
    this.#lost = lost;
    this.#listen();
  }

  [Symbol.dispose](): void {
    const socket = this.#socket;
    this.#socket = undefined;
    socket?.destroy();
  }

  #listen(): void {
    const { protocol, groups } = GROUPS[this.#kind];
    const fd = checked(socketCall(AF_NETLINK, SOCK_RAW_CLOEXEC_NONBLOCK, protocol) as number, 'socket', 'netlink');
    const option = (level: number, name: number, value: number): void => {
      const bytes = Buffer.alloc(4);
      bytes.writeInt32LE(value, 0);
      setsockoptCall(fd, level, name, bytes, 4);
    };
    option(SOL_SOCKET, SO_RCVBUFFORCE, ROOM);
    // an address of its own: to one without, the kernel's events look like its own
    const address = Buffer.alloc(12);
    address.writeUInt16LE(AF_NETLINK, 0);
    checked(bindCall(fd, address, address.length) as number, 'bind', 'netlink');
    // after bind, which empties the list of groups
    for (const group of groups) option(SOL_NETLINK, ADD_MEMBERSHIP, group);
    const socket = packetSocket(fd, 'netlink');
    this.#socket = socket;
    socket.on('data', (datagram: Buffer) => this.#notify(decode(datagram)));
    socket.on('error', () => socket.destroy());
    socket.once('close', () => {
      if (this.#socket !== socket) return;
      this.#listen();
      this.#lost();
    });
    socket.unref();
  }
}
