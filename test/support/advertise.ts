// Sends router advertisements that lie, out of the network namespace in which it runs: `advertise.ts LINK PREFIX`, one a second until it is killed.
// They are for everybody on the wire: a default route, a /64 to take addresses from, an MTU and a hop limit.
import { networkInterfaces } from 'node:os';
import { bind, checked } from '../../src/host/libc.ts';
import { addressBytes, parseAddress } from '../../src/base/address.ts';

const socketCall = bind('int socket(int domain, int type, int protocol)');
const setsockoptCall = bind('int setsockopt(int fd, int level, int name, const void *value, unsigned int length)');
const sendtoCall = bind(
  'long sendto(int fd, const void *data, size_t length, int flags, const void *address, unsigned int size)',
);

const AF_INET6 = 10;
const SOCK_RAW = 3;
const ICMPV6 = 58;
const LEVEL_IPV6 = 41;
const MULTICAST_INTERFACE = 17;
const MULTICAST_HOPS = 18;

const [link = '', prefix = ''] = process.argv.slice(2);
/** A link-local address carries the number of its link. */
const index =
  (networkInterfaces()[link] ?? []).find((one) => one.scopeid !== undefined && one.scopeid !== 0)?.scopeid ?? 0;
const bytesOf = (address: string): Uint8Array => addressBytes(parseAddress(address) ?? { family: 6, value: 0n });
const number = (value: number): Buffer => {
  const four = Buffer.alloc(4);
  four.writeUInt32BE(value);
  return four;
};

const advertisement = Buffer.concat([
  // type 134, code, checksum (the kernel's), hop limit 7, flags, a router for 1800 seconds
  Buffer.of(134, 0, 0, 0, 7, 0, 1800 >> 8, 1800 & 0xff),
  number(0),
  number(0),
  // prefix: on this link, and to be used for addresses
  Buffer.of(3, 4, 64, 0xc0),
  number(86_400),
  number(86_400),
  number(0),
  bytesOf(prefix),
  // MTU
  Buffer.of(5, 1, 0, 0),
  number(1280),
]);

const socket = checked(socketCall(AF_INET6, SOCK_RAW, ICMPV6) as number, 'socket', 'ICMPv6');
const set = (name: number, value: number): void => {
  const bytes = Buffer.alloc(4);
  bytes.writeInt32LE(value);
  checked(setsockoptCall(socket, LEVEL_IPV6, name, bytes, 4) as number, 'setsockopt', String(name));
};
set(MULTICAST_INTERFACE, index);
// others are thrown away
set(MULTICAST_HOPS, 255);
const everybody = Buffer.concat([Buffer.of(AF_INET6, 0, 0, 0), number(0), bytesOf('ff02::1'), Buffer.alloc(4)]);
everybody.writeUInt32LE(index, 24);

const send = (): void =>
  void checked(
    sendtoCall(socket, advertisement, advertisement.length, 0, everybody, everybody.length) as number,
    'sendto',
    'ff02::1',
  );
send();
setInterval(send, 1000);
