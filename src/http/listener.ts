// A server of HTTP or TLS as all of ours begin: late heads are cut off, bodies and streams take as long as they need.
import { createServer, type Server, type ServerOptions } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import type { TLSSocket, TlsOptions } from 'node:tls';

/** What a client must have sent by then: its TLS handshake, and the head of a request. Milliseconds. */
export const HEAD_MS = 20_000;
/** How often late heads are looked for, milliseconds. */
const CHECK_MS = 5000;

export interface ListenerOptions extends ServerOptions {
  readonly headMs?: number;
  readonly tls?: TlsOptions;
  readonly maxConnections?: number;
  /** What is answered to what is no request at all; a whole answer. */
  readonly malformed: (error: NodeJS.ErrnoException) => string;
}

/** Not yet listening. */
export function createListener({ headMs = HEAD_MS, tls, maxConnections, malformed, ...more }: ListenerOptions): Server {
  const settings = {
    headersTimeout: headMs,
    requestTimeout: 0,
    connectionsCheckingInterval: Math.min(headMs, CHECK_MS),
    ...more,
  };
  const server = tls ? createTlsServer({ ...settings, ...tls }) : createServer(settings);
  if (maxConnections !== undefined) server.maxConnections = maxConnections;
  server.on('clientError', (error: NodeJS.ErrnoException, socket: Duplex) => {
    if (socket.writable) socket.end(malformed(error));
    else socket.destroy();
  });
  return server;
}

/** TLS handshakes under way: nobody has shown who they are yet. The oldest makes room for a new one. */
export const MAX_HANDSHAKES = 128;

export function boundHandshakes(server: Server): void {
  const strangers = new Map<string, Socket>();
  const nameOf = ({ remoteAddress = '', remotePort = 0 }: Socket): string => `${remoteAddress} ${remotePort}`;
  server.on('connection', (socket: Socket) => {
    const name = nameOf(socket);
    // Node's own limit does not end a connection that never sends anything
    const timer = setTimeout(() => strangers.get(name)?.destroy(), HEAD_MS);
    strangers.set(name, socket);
    socket.once('close', () => {
      clearTimeout(timer);
      strangers.delete(name);
    });
    const [oldest] = strangers.values();
    if (strangers.size > MAX_HANDSHAKES) oldest?.destroy();
  });
  server.on('secureConnection', (socket: TLSSocket) => strangers.delete(nameOf(socket)));
}

/** With so many connections the idle ones are closed when one more comes. */
export function boundIdle(server: Server, most: number): void {
  let open = 0;
  server.on('connection', (socket: Socket) => {
    open += 1;
    socket.once('close', () => (open -= 1));
    if (open > most) server.closeIdleConnections();
  });
}
