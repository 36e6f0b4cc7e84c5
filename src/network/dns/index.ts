// The resolver at 127.0.0.11 in each container's namespace, served by the daemon through sockets that live in there.
import { createSocket, type Socket } from 'node:dgram';
import { createServer, type Server } from 'node:net';
import { messageOf } from '../../base/errors.ts';
import type { Log } from '../../base/log.ts';
import { inNamespaceAt, redirectPort } from '../../host/netlink/index.ts';
import { holdPort } from '../../host/port.ts';
import { reply, type Zone } from './answer.ts';
import { Forwarder } from './forward.ts';
import { HostResolvers } from './resolvers.ts';
import { Talks } from './talk.ts';
import { CODE, type Query, readQuery, response } from './wire.ts';

export { type Zone, type ZoneMember, zoneOf } from './answer.ts';

export const RESOLVER = '127.0.0.11';
const ADDRESS = Uint8Array.of(127, 0, 0, 11);
/** Seconds that a container may remember an address, as Docker has it. */
const TTL = 600;
/** Names with several addresses whose turn is remembered. */
const MAX_TURNS = 4096;

export interface ServeRequest {
  readonly id: string;
  /** Path of the container's namespace now. */
  readonly namespace: () => string;
  readonly zone: () => Zone;
  /** The user's `--dns`, asked from inside; when there are none, the host's resolvers are asked from the host. */
  readonly servers: readonly string[];
}

interface Served {
  readonly udp: Socket;
  readonly tcp: Server;
  readonly talks: Talks;
}

export class NameServer {
  readonly #log: Log;
  readonly #served = new Map<string, Served>();
  readonly #turns = new Map<string, number>();
  readonly #forwarder = new Forwarder();
  readonly #host = new HostResolvers();

  constructor({ log }: { log: Log }) {
    this.#log = log;
  }

  /** Resolves when names are answered. The sockets have ports of their own, so that port 53 stays free for the container. */
  async serve(request: ServeRequest): Promise<void> {
    this.stop(request.id);
    const { udpFd, tcpFd } = inNamespaceAt(request.namespace(), () => ({
      udpFd: holdPort('udp', RESOLVER, ADDRESS, 0),
      tcpFd: holdPort('tcp', RESOLVER, ADDRESS, 0),
    }));
    if (udpFd === undefined || tcpFd === undefined) return;
    // addresses come as numbers: nothing is looked up, and an answer leaves within the call
    const udp = createSocket({ type: 'udp4', lookup: (host, _, done) => done(null, host, 4) });
    const talks = new Talks((message) => this.#answer(message, request, true));
    const tcp = createServer((connection) => talks.accept(connection));
    this.#served.set(request.id, { udp, tcp, talks });
    udp.on('error', (error) => this.#log.warn(`resolver of ${request.id}: ${messageOf(error)}`));
    tcp.on('error', (error) => this.#log.warn(`resolver of ${request.id}: ${messageOf(error)}`));
    udp.on('message', (message, { port, address }) => {
      const answer = this.#answer(message, request, false);
      if (!answer) return;
      if (Buffer.isBuffer(answer)) udp.send(answer, port, address);
      else
        void answer.then((late) => {
          if (this.#served.get(request.id)?.udp === udp) udp.send(late, port, address);
        });
    });
    await Promise.all([
      new Promise<void>((resolve) => udp.bind({ fd: udpFd }, resolve)),
      new Promise<void>((resolve) => tcp.listen({ fd: tcpFd }, resolve)),
    ]);
    const bound = tcp.address();
    const [udpPort, tcpPort] = [udp.address().port, typeof bound === 'object' && bound ? bound.port : 0];
    inNamespaceAt(request.namespace(), () =>
      redirectPort({ table: 'berth_dns', address: ADDRESS, port: 53, udpPort, tcpPort }),
    );
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
    served.talks.end();
  }

  close(): void {
    for (const id of this.#served.keys()) this.stop(id);
  }

  /** What is known here is answered within the call. */
  #answer(message: Buffer, request: ServeRequest, tcp: boolean): Buffer | Promise<Buffer> | undefined {
    const read = readQuery(message);
    if (read.kind !== 'query') return read.kind === 'refused' ? read.answer : undefined;
    const { query } = read;
    const limit = tcp ? undefined : query.limit;
    const turn = `${query.type} ${query.name}`;
    const found = reply(query, request.zone(), this.#turns.get(turn) ?? 0);
    if (found.kind === 'answers') {
      if (found.answers.length > 1) this.#turned(turn);
      return response(query, CODE.OK, found.answers, TTL, limit);
    }
    if (found.kind === 'unknown') return response(query, CODE.NO_NAME, [], 0, limit);
    if (found.kind === 'unreachable') return response(query, CODE.FAILURE, [], 0, limit);
    return this.#askOutside(message, query, request, tcp);
  }

  async #askOutside(message: Buffer, query: Query, request: ServeRequest, tcp: boolean): Promise<Buffer> {
    const own = request.servers.filter((server) => server !== RESOLVER);
    const outside =
      own.length > 0
        ? { id: request.id, servers: own, namespace: request.namespace() }
        : { id: request.id, servers: this.#host.now(), namespace: undefined };
    return (
      (await this.#forwarder.ask(message, outside, tcp)) ??
      // some resolvers speak UDP alone
      (tcp ? await this.#forwarder.ask(message, outside, false) : undefined) ??
      response(query, CODE.FAILURE, [], 0, tcp ? undefined : query.limit)
    );
  }

  #turned(key: string): void {
    if (this.#turns.size >= MAX_TURNS) this.#turns.clear();
    this.#turns.set(key, ((this.#turns.get(key) ?? 0) + 1) % 0x10000);
  }
}
