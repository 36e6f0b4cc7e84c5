// The Engine API over HTTP: version, route, query, handler, answer; and connections that are taken over.
import { createServer, type IncomingMessage, type Server, ServerResponse } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { Socket } from 'node:net';
import { type Duplex, Readable } from 'node:stream';
import type { TLSSocket, TlsOptions } from 'node:tls';
import { forbidden, invalid, unavailable } from '../base/errors.ts';
import type { Log } from '../base/log.ts';
import { API_VERSION, type Route, type RouteId, routes } from '../spec/docker/index.ts';
import { notImplementedText } from './absent.ts';
import { readJson } from './body.ts';
import { statusOf, textOf } from './errors.ts';
import { RAW_STREAM } from './framing.ts';
import type { ApiRequest, ApiResponse, Handler, Handlers, StreamBody } from './handler.ts';
import { cleanPath, originForm } from './path.ts';
import { readQuery } from './query.ts';
import { findRoute } from './router.ts';
import { outsideOfSwarm } from './swarm.ts';
import { checkVersion, readsPlainText, splitVersion } from './version.ts';
import { checkUpgrade } from './upgrade.ts';
import { ApiMessage, isTakenOver, MAX_BODY } from './takeover.ts';
import { acceptKey, webSocketStream } from './websocket.ts';

export interface ApiServerOptions {
  readonly handlers: Handlers;
  readonly log: Log;
  /** Value of the Server header. */
  readonly product: string;
  readonly tls?: TlsOptions;
  /** Connections at a time; more are closed. */
  readonly maxConnections: number;
  /** Whether open files are so few that no stream may begin. */
  readonly isShort?: () => boolean;
  /** Host names that a request may name; undefined for a unix socket, where there is nothing to rebind. */
  readonly allowedHosts?: (host: string) => boolean;
}

/** What is no request at all, by the error of the parser. */
const PARSER_STATUS: Readonly<Record<string, string>> = {
  HPE_HEADER_OVERFLOW: '431 Request Header Fields Too Large',
  ERR_HTTP_REQUEST_TIMEOUT: '408 Request Timeout',
};

/** What a client must have sent by then: its TLS handshake, and the head of a request. Milliseconds. */
const HEAD_MS = 20_000;
/** Between two warnings that clients are turned away, milliseconds. */
const DROPS_MS = 10_000;
/** TLS handshakes under way: nobody has shown who they are yet. The oldest makes room for a new one. */
export const MAX_HANDSHAKES = 128;

function boundHandshakes(server: Server): void {
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

/** Not yet listening. */
export function createApiServer(options: ApiServerOptions): Server {
  const serve = (
    request: IncomingMessage,
    response: ServerResponse,
    taken?: { socket: Duplex; head: Buffer },
  ): void => {
    void answer(options, request, response, taken);
  };
  const settings = {
    // slow senders of headers are cut off; bodies and streams may take as long as they need
    headersTimeout: HEAD_MS,
    requestTimeout: 0,
    connectionsCheckingInterval: 5_000,
    // clients with pools of connections come back after minutes; what bounds idle ones is their number
    keepAliveTimeout: 0,
    IncomingMessage: ApiMessage,
    shouldUpgradeCallback: (request: IncomingMessage) =>
      /^(tcp|websocket|h2c)$/i.test(request.headers.upgrade ?? '') || isTakenOver(request),
  };
  const server = options.tls ? createTlsServer({ ...settings, ...options.tls }) : createServer(settings);
  server.maxConnections = options.maxConnections;
  let warnedAt = -DROPS_MS;
  server.on('drop', () => {
    const now = performance.now();
    if (now - warnedAt < DROPS_MS) return;
    warnedAt = now;
    options.log.warn(`clients are turned away: ${options.maxConnections} connections to the API are open`);
  });
  if (options.tls) boundHandshakes(server);
  boundConnections(server);
  server.on('request', (request: IncomingMessage, response: ServerResponse) => serve(request, response));
  server.on('upgrade', (request: IncomingMessage, socket: Duplex, head: Buffer) => {
    const response = new ServerResponse(request);
    response.shouldKeepAlive = false;
    response.assignSocket(socket as Socket);
    response.on('finish', () => socket.end());
    serve(request, response, { socket, head });
  });
  server.on('clientError', (error: NodeJS.ErrnoException, socket: Duplex) => {
    const status = PARSER_STATUS[error.code ?? ''] ?? '400 Bad Request';
    if (socket.writable)
      socket.end(`HTTP/1.1 ${status}\r\nContent-Type: text/plain; charset=utf-8\r\nConnection: close\r\n\r\n${status}`);
    else socket.destroy();
  });
  return server;
}

/** With so many connections the idle ones are closed when one more comes. */
const MAX_CONNECTIONS = 1024;

function boundConnections(server: Server, most = MAX_CONNECTIONS): void {
  let open = 0;
  server.on('connection', (socket: Socket) => {
    open += 1;
    socket.once('close', () => (open -= 1));
    if (open > most) server.closeIdleConnections();
  });
}

/** What holds a connection and mostly another open file, for as long as the client likes. */
const STREAMS: ReadonlySet<RouteId> = new Set<RouteId>([
  'BerthBuild',
  'BerthBuildLogs',
  'ContainerAttach',
  'ContainerAttachWebsocket',
  'ContainerLogs',
  'ContainerStats',
  'ContainerWait',
  'ExecStart',
  'ImageBuild',
  'ServiceLogs',
  'Session',
  'SystemEvents',
  'TaskLogs',
]);

async function answer(
  options: ApiServerOptions,
  request: IncomingMessage,
  response: ServerResponse,
  taken?: { socket: Duplex; head: Buffer },
): Promise<void> {
  const reply = new Reply(request, response, taken?.socket);
  // a connection that is not taken over is looked after by the server, and carries many requests
  taken?.socket.on('error', () => undefined);
  reply.header('Api-Version', API_VERSION);
  reply.header('Docker-Experimental', 'false');
  reply.header('Ostype', 'linux');
  reply.header('Server', options.product);
  const gone = new Gone();
  let handled = false;
  response.once('close', () => {
    // an answer that was given in full has nobody who waits for it
    if (!handled || reply.hijacked || !response.writableFinished) gone.abort();
  });
  try {
    if (options.allowedHosts && !options.allowedHosts(request.headers.host ?? ''))
      throw invalid(`host ${request.headers.host ?? ''} is not served here`);
    if (options.allowedHosts && isForeign(request.headers.origin, request.headers.host ?? ''))
      throw forbidden(`pages of ${request.headers.origin} may not use this API`);
    const [path, search = ''] = splitOnce(originForm(request.url ?? '/'), '?');
    const elsewhere = cleanPath(path);
    if (elsewhere !== undefined) {
      reply.header('Location', search === '' ? elsewhere : `${elsewhere}?${search}`);
      reply.empty(301);
      return;
    }
    const asked = splitVersion(path);
    const method = request.method ?? 'GET';
    if (method === 'OPTIONS') {
      reply.empty(200);
      return;
    }
    const found = findRoute(method, asked.rest);
    if (!found) {
      reply.json({ message: 'page not found' }, 404);
      return;
    }
    reply.plainErrors = readsPlainText(asked);
    checkVersion(asked);
    const handler: Handler<RouteId> | undefined = options.handlers[found.id];
    if (!handler) {
      const outside = outsideOfSwarm(found.id);
      if (outside !== undefined) reply.json({ message: outside }, 503);
      else reply.json({ message: notImplementedText(found.id, method) }, 501);
      return;
    }
    if (STREAMS.has(found.id) && options.isShort?.() === true)
      throw unavailable('too many open files: the daemon has none left for one more stream', {
        hint: 'End streams of logs, attachments and events, or start the daemon with a larger LimitNOFILE.',
      });
    const route: Route = routes[found.id];
    const body = taken ? await upgradedBody(request, taken) : request;
    const apiRequest: ApiRequest = {
      params: found.params,
      query: readQuery(route, new URLSearchParams(search)),
      minor: asked.minor,
      search: search === '' ? '' : `?${search}`,
      headers: request.headers,
      get signal() {
        return gone.signal;
      },
      body,
      json: () => readJson(request, body),
    };
    await handler(apiRequest, reply);
  } catch (error) {
    const status = statusOf(error);
    // who has gone needs no answer, and it is no fault of ours
    if (status >= 500 && status !== 501 && !gone.aborted)
      options.log.error(
        { err: error instanceof Error ? error.stack : error },
        `${request.method} ${request.url}: ${textOf(error)}`,
      );
    reply.fail(status, textOf(error));
  } finally {
    handled = true;
    // what the handler did not read must not become the next request
    if (!taken && !request.complete && !reply.hijacked) request.resume();
  }
}

/** That a client has left, as a signal for the few handlers that ask for one: aborting costs 0.2 ms. */
class Gone {
  #controller: AbortController | undefined;
  aborted = false;

  get signal(): AbortSignal {
    this.#controller ??= new AbortController();
    if (this.aborted) this.#controller.abort();
    return this.#controller.signal;
  }

  abort(): void {
    this.aborted = true;
    this.#controller?.abort();
  }
}

/** A page in a browser that comes from elsewhere; programs send no Origin. */
function isForeign(origin: string | undefined, host: string): boolean {
  return origin !== undefined && origin.replace(/^https?:\/\//, '') !== host;
}

function splitOnce(text: string, separator: string): [string, string?] {
  const at = text.indexOf(separator);
  return at < 0 ? [text] : [text.slice(0, at), text.slice(at + 1)];
}

/** The declared body of a request that asks for an upgrade: the parser leaves it on the socket. What follows it goes back. */
async function upgradedBody(request: IncomingMessage, taken: { socket: Duplex; head: Buffer }): Promise<Readable> {
  const length = Number(request.headers['content-length'] ?? 0);
  if (length > 0 && length <= MAX_BODY) {
    const chunks = [taken.head];
    let size = taken.head.length;
    while (size < length) {
      const chunk = await nextChunk(taken.socket);
      if (chunk === undefined) break;
      chunks.push(chunk);
      size += chunk.length;
    }
    const all = Buffer.concat(chunks);
    taken.head = all.subarray(length);
    if (taken.head.length > 0) taken.socket.unshift(taken.head);
    return Readable.from([all.subarray(0, length)], { objectMode: false });
  }
  // HTTP/2 begins behind all of the request; who attaches may send its bytes at once, whatever was declared
  if (request.headers.upgrade === 'h2c' && request.headers['transfer-encoding'] === 'chunked')
    taken.head = await withoutEmptyBody(taken);
  if (taken.head.length > 0) taken.socket.unshift(taken.head);
  return Readable.from([], { objectMode: false });
}

/** What a request without a body sends when it has promised chunks. */
const EMPTY_BODY = Buffer.from('0\r\n\r\n');

async function withoutEmptyBody({ socket, head }: { socket: Duplex; head: Buffer }): Promise<Buffer> {
  let start = head;
  while (start.length < EMPTY_BODY.length) {
    const chunk = await nextChunk(socket);
    if (chunk === undefined) break;
    start = Buffer.concat([start, chunk]);
  }
  const isEmpty = start.subarray(0, EMPTY_BODY.length).equals(EMPTY_BODY);
  return isEmpty ? start.subarray(EMPTY_BODY.length) : start;
}

function nextChunk(socket: Duplex): Promise<Buffer | undefined> {
  return new Promise((resolve) => {
    const read = (): void => {
      const chunk = socket.read() as Buffer | null;
      if (chunk === null) return;
      done(chunk);
    };
    const end = (): void => done(undefined);
    const done = (chunk: Buffer | undefined): void => {
      socket.off('readable', read);
      socket.off('end', end);
      socket.off('close', end);
      resolve(chunk);
    };
    socket.on('readable', read);
    socket.once('end', end);
    socket.once('close', end);
    read();
  });
}

class Reply implements ApiResponse {
  readonly #request: IncomingMessage;
  readonly #response: ServerResponse;
  readonly #upgraded: Duplex | undefined;
  hijacked = false;
  plainErrors = false;

  constructor(request: IncomingMessage, response: ServerResponse, upgraded: Duplex | undefined) {
    this.#request = request;
    this.#response = response;
    this.#upgraded = upgraded;
  }

  header(name: string, value: string): void {
    this.#response.setHeader(name, value);
  }

  json(value: unknown, status = 200): void {
    this.#send(status, 'application/json', `${JSON.stringify(value)}\n`);
  }

  text(value: string, status = 200): void {
    this.#send(status, 'text/plain; charset=utf-8', value);
  }

  empty(status: number): void {
    if (status === 204 || status === 304) {
      this.#response.writeHead(status).end();
      return;
    }
    this.#response.writeHead(status, { 'Content-Length': 0 }).end();
  }

  #send(status: number, type: string, text: string): void {
    this.#response
      .writeHead(status, { 'Content-Type': type, 'Content-Length': Buffer.byteLength(text) })
      .end(this.#request.method === 'HEAD' ? undefined : text);
  }

  stream(contentType: string, status = 200): StreamBody {
    const response = this.#response;
    // an upgrade that was asked for in vain: nobody reads this socket, and only a reader sees the client go
    this.#upgraded?.once('end', () => this.#upgraded?.destroy()).resume();
    response.writeHead(status, { 'Content-Type': contentType });
    response.flushHeaders();
    return {
      write: (chunk) =>
        new Promise((resolve, reject) => {
          if (response.destroyed || response.socket?.destroyed === true) {
            reject(new Error('the client is gone'));
            return;
          }
          if (response.write(chunk)) {
            resolve();
            return;
          }
          const done = (): void => {
            response.off('drain', done);
            response.off('close', done);
            resolve();
          };
          response.once('drain', done);
          response.once('close', done);
        }),
      flush: (chunk) =>
        new Promise((resolve, reject) => {
          if (response.destroyed || response.socket?.destroyed === true) {
            reject(new Error('the client is gone'));
            return;
          }
          const done = (): void => {
            response.off('close', done);
            resolve();
          };
          response.once('close', done);
          response.write(chunk, done);
        }),
      end: () => void response.end(),
    };
  }

  hijack(contentType: string): Duplex {
    this.hijacked = true;
    const extra = Object.entries(this.#response.getHeaders())
      .map(([name, value]) => `${name}: ${String(value)}\r\n`)
      .join('');
    const socket = this.#upgraded ?? this.#ownSocket();
    if (this.#upgraded) this.#response.detachSocket(socket as Socket);
    // an old client sends no Upgrade and speaks raw after the answer's head
    const head =
      this.#request.headers.upgrade === undefined
        ? `HTTP/1.1 200 OK\r\nContent-Type: ${RAW_STREAM}\r\n`
        : `HTTP/1.1 101 UPGRADED\r\nContent-Type: ${contentType}\r\nConnection: Upgrade\r\nUpgrade: tcp\r\n`;
    socket.write(`${head}${extra}\r\n`);
    return socket;
  }

  /** The socket of a plain request: the HTTP parser has to let it go. */
  #ownSocket(): Duplex {
    const socket = this.#response.socket as Socket | TLSSocket;
    this.#response.detachSocket(socket);
    for (const event of ['data', 'end', 'close', 'drain', 'timeout', 'error']) socket.removeAllListeners(event);
    socket.on('error', () => undefined);
    return socket;
  }

  upgrade(protocol: string): Duplex {
    checkUpgrade(this.#request.headers.upgrade, protocol);
    this.hijacked = true;
    const socket = this.#upgraded ?? this.#ownSocket();
    if (this.#upgraded) this.#response.detachSocket(socket as Socket);
    // sockets of the server stay half open when the client ends its side, and HTTP/2 knows no such state
    socket.once('end', () => socket.destroy());
    socket.write(`HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: ${protocol}\r\n\r\n`);
    return socket;
  }

  webSocket(): Duplex {
    const key = this.#request.headers['sec-websocket-key'];
    const socket = this.#upgraded;
    if (!socket || key === undefined) throw invalid('not a websocket handshake');
    this.hijacked = true;
    this.#response.detachSocket(socket as Socket);
    socket.write(
      `HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ${acceptKey(key)}\r\n\r\n`,
    );
    return webSocketStream(socket);
  }

  fail(status: number, message: string): void {
    if (this.hijacked) {
      this.#upgraded?.destroy();
      return;
    }
    if (this.#response.headersSent) {
      this.#response.destroy();
      return;
    }
    if (status === 304) this.empty(304);
    else if (this.plainErrors) this.text(`${message}\n`, status);
    else this.json({ message }, status);
  }
}
