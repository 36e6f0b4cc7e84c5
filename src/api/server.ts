// The Engine API over HTTP: version, route, query, handler, answer; and connections that are taken over.
import { type IncomingMessage, type Server, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import type { TLSSocket, TlsOptions } from 'node:tls';
import { forbidden, invalid, unavailable } from '../base/errors.ts';
import type { Log } from '../base/log.ts';
import { acceptKey, boundHandshakes, boundIdle, createListener, upgradedBody, webSocketStream } from '../http/index.ts';
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

/** Between two warnings that clients are turned away, milliseconds. */
const DROPS_MS = 10_000;

/** Not yet listening. */
export function createApiServer(options: ApiServerOptions): Server {
  const serve = (
    request: IncomingMessage,
    response: ServerResponse,
    taken?: { socket: Duplex; head: Buffer },
  ): void => {
    void answer(options, request, response, taken);
  };
  const server = createListener({
    ...(options.tls ? { tls: options.tls } : {}),
    maxConnections: options.maxConnections,
    // clients with pools of connections come back after minutes; what bounds idle ones is their number
    keepAliveTimeout: 0,
    IncomingMessage: ApiMessage,
    shouldUpgradeCallback: (request: IncomingMessage) =>
      /^(tcp|websocket|h2c)$/i.test(request.headers.upgrade ?? '') || isTakenOver(request),
    malformed: (error) => {
      const status = PARSER_STATUS[error.code ?? ''] ?? '400 Bad Request';
      return `HTTP/1.1 ${status}\r\nContent-Type: text/plain; charset=utf-8\r\nConnection: close\r\n\r\n${status}`;
    },
  });
  let warnedAt = -DROPS_MS;
  server.on('drop', () => {
    const now = performance.now();
    if (now - warnedAt < DROPS_MS) return;
    warnedAt = now;
    options.log.warn(`clients are turned away: ${options.maxConnections} connections to the API are open`);
  });
  if (options.tls) boundHandshakes(server);
  boundIdle(server, IDLE_ABOVE);
  server.on('request', (request: IncomingMessage, response: ServerResponse) => serve(request, response));
  server.on('upgrade', (request: IncomingMessage, socket: Duplex, head: Buffer) => {
    const response = new ServerResponse(request);
    response.shouldKeepAlive = false;
    response.assignSocket(socket as Socket);
    response.on('finish', () => socket.end());
    serve(request, response, { socket, head });
  });
  return server;
}

/** With so many connections the idle ones are closed when one more comes. */
const IDLE_ABOVE = 1024;

/** What holds a connection and mostly another open file, for as long as the client likes. */
const STREAMS: ReadonlySet<RouteId> = new Set<RouteId>([
  'BerthBuild',
  'BerthBuildLogs',
  'BerthKvWatch',
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
    const body = taken ? await upgradedBody(request, taken, MAX_BODY) : request;
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
