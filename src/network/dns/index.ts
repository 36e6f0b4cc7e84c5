// The resolver at 127.0.0.11 in each container's namespace, served by the daemon through sockets that live in there.
import { createSocket, type Socket } from 'node:dgram';
import { createServer, type Server, type Socket as Connection } from 'node:net';
import { messageOf } from '../../base/errors.ts';
import type { Log } from '../../base/log.ts';
import { inNamespaceAt } from '../../host/netlink/index.ts';
import { applyNft } from '../../host/nft.ts';
import { holdPort } from '../../host/port.ts';
import { reply, type Zone } from './answer.ts';
import { forward, framed, hostResolvers } from './forward.ts';
import { CODE, parseQuery, response } from './wire.ts';

export type { Zone, ZoneMember } from './answer.ts';

export const RESOLVER = '127.0.0.11';
const ADDRESS = Uint8Array.of(127, 0, 0, 11);
/** Seconds that a container may remember an address, as Docker has it. */
const TTL = 600;
const MAX_CONNECTIONS = 64;
const MAX_MESSAGE = 65_535;

export interface ServeWish {
  readonly id: string;
  readonly namespace: string;
  readonly zone: () => Zone;
  /** The user's `--dns`; the host's resolvers when there are none. */
  readonly servers: readonly string[];
}

interface Served {
  readonly udp: Socket;
  readonly tcp: Server;
  readonly connections: Set<Connection>;
}

export class NameServer {
  readonly #log: Log;
  readonly #served = new Map<string, Served>();
  #turn = 0;

  constructor({ log }: { log: Log }) {
    this.#log = log;
  }

  /** Resolves when names are answered. The sockets have ports of their own, so that port 53 stays free for the container. */
  async serve(wish: ServeWish): Promise<void> {
    this.stop(wish.id);
    const sockets = inNamespaceAt(wish.namespace, () => ({
      udp: holdPort('udp', RESOLVER, ADDRESS, 0),
      tcp: holdPort('tcp', RESOLVER, ADDRESS, 0),
    }));
    if (sockets.udp === undefined || sockets.tcp === undefined) return;
    const udp = createSocket('udp4');
    const connections = new Set<Connection>();
    const tcp = createServer((connection) => this.#accept(connection, connections, wish));
    tcp.maxConnections = MAX_CONNECTIONS;
    this.#served.set(wish.id, { udp, tcp, connections });
    udp.on('error', (error) => this.#log.warn(`resolver of ${wish.id}: ${messageOf(error)}`));
    tcp.on('error', (error) => this.#log.warn(`resolver of ${wish.id}: ${messageOf(error)}`));
    udp.on('message', (message, from) => {
      void this.#answer(message, wish, false).then((answer) => {
        if (answer && this.#served.get(wish.id)?.udp === udp) udp.send(answer, from.port, from.address);
      });
    });
    const { udp: udpFd, tcp: tcpFd } = sockets;
    await Promise.all([
      new Promise<void>((resolve) => udp.bind({ fd: udpFd }, resolve)),
      new Promise<void>((resolve) => tcp.listen({ fd: tcpFd }, resolve)),
    ]);
    const port = tcp.address();
    const text = redirectText(udp.address().port, typeof port === 'object' && port ? port.port : 0);
    await inNamespaceAt(wish.namespace, () => applyNft(text));
  }

  serves(id: string): boolean {
    return this.#served.has(id);
  }

  stop(id: string): void {
    const served = this.#served.get(id);
    if (!served) return;
    this.#served.delete(id);
    served.udp.close();
    served.tcp.close();
    for (const connection of served.connections) connection.destroy();
  }

  close(): void {
    for (const id of this.#served.keys()) this.stop(id);
  }

  async #answer(message: Buffer, wish: ServeWish, tcp: boolean): Promise<Buffer | undefined> {
    const query = parseQuery(message);
    if (!query) return undefined;
    this.#turn += 1;
    const found = reply(query, wish.zone(), this.#turn);
    const limit = tcp ? undefined : query.limit;
    if (found.kind === 'answers') return response(query, CODE.OK, found.answers, TTL, limit);
    if (found.kind === 'unknown') return response(query, CODE.NO_NAME, [], 0, limit);
    const servers = (wish.servers.length > 0 ? wish.servers : hostResolvers()).filter((one) => one !== RESOLVER);
    return (await forward(message, servers, tcp)) ?? response(query, CODE.FAILURE, [], 0, limit);
  }

  #accept(connection: Connection, connections: Set<Connection>, wish: ServeWish): void {
    connections.add(connection);
    connection.setTimeout(10_000, () => connection.destroy());
    connection.on('error', () => connection.destroy());
    connection.on('close', () => connections.delete(connection));
    let got = Buffer.alloc(0);
    connection.on('data', (chunk: Buffer) => {
      got = Buffer.concat([got, chunk]);
      while (got.length >= 2 && got.length >= 2 + got.readUInt16BE(0)) {
        const message = got.subarray(2, 2 + got.readUInt16BE(0));
        got = got.subarray(2 + message.length);
        void this.#answer(message, wish, true).then((answer) => {
          if (answer && !connection.destroyed) connection.write(framed(answer));
        });
      }
      if (got.length > MAX_MESSAGE + 2) connection.destroy();
    });
  }
}

/** Inside the container: what goes to port 53 of the resolver's address reaches the daemon's sockets. */
function redirectText(udpPort: number, tcpPort: number): string {
  return `add table ip berth_dns
delete table ip berth_dns
table ip berth_dns {
  chain output {
    type nat hook output priority -100; policy accept;
    ip daddr ${RESOLVER} udp dport 53 dnat to ${RESOLVER}:${udpPort}
    ip daddr ${RESOLVER} tcp dport 53 dnat to ${RESOLVER}:${tcpPort}
  }
}
`;
}
