// An HTTP server over a table of routes: path, identity, route, handler; and one place where errors become answers.
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { TlsOptions } from 'node:tls';
import { invalid } from '../base/errors.ts';
import { Exchange } from './exchange.ts';
import { createListener, HEAD_MS } from './listener.ts';
import { createRouter, type Match, type Route } from './router.ts';

/** A route with what answers it; `Who` is what authentication makes of a request. */
export interface ServedRoute<Who> extends Route {
  readonly handle: (exchange: Exchange, who: Who) => Promise<void> | void;
}

export interface HttpServerOptions<Who, R extends ServedRoute<Who>> {
  readonly routes: readonly R[];
  /** Before the route is looked for, so that a stranger learns nothing of what is there. May answer by itself: undefined. */
  readonly authenticate: (exchange: Exchange) => Promise<Who | undefined> | Who | undefined;
  /** Where a route asks for more than to be known. */
  readonly authorize?: (exchange: Exchange, who: Who, route: R) => Promise<void> | void;
  readonly missing: (exchange: Exchange, match: Exclude<Match<R>, { kind: 'found' }>) => void;
  /** Answers; nothing was sent yet. */
  readonly fail: (exchange: Exchange, error: unknown) => void;
  /** Called when an answer is on its way or the client has gone. */
  readonly done?: (exchange: Exchange, route: R | undefined, startedAt: number) => void;
  readonly tls?: TlsOptions;
  /** A new one beyond these is closed. */
  readonly maxConnections?: number;
  readonly headMs?: number;
  readonly idleMs?: number;
}

/** Nothing comes or goes for so long: the connection is closed, milliseconds. */
const IDLE_MS = 120_000;
const MAX_PATH = 8192;

/** Not yet listening. */
export function createHttpServer<Who, R extends ServedRoute<Who>>(options: HttpServerOptions<Who, R>): Server {
  const find = createRouter(options.routes);
  const { headMs = HEAD_MS, idleMs = IDLE_MS } = options;
  const server = createListener({
    headMs,
    noDelay: true,
    ...(options.tls ? { tls: options.tls } : {}),
    ...(options.maxConnections === undefined ? {} : { maxConnections: options.maxConnections }),
    malformed: () => 'HTTP/1.1 400 Bad Request\r\nConnection: close\r\nContent-Length: 0\r\n\r\n',
  });
  server.timeout = idleMs;
  server.keepAliveTimeout = idleMs;
  server.on('request', (request: IncomingMessage, response: ServerResponse) => {
    void answer(options, find, request, response);
  });
  return server;
}

async function answer<Who, R extends ServedRoute<Who>>(
  options: HttpServerOptions<Who, R>,
  find: (method: string, path: string) => Match<R>,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const startedAt = performance.now();
  const gone = new AbortController();
  response.once('close', () => gone.abort());
  const target = (request.url ?? '/').replace(/^https?:\/\/[^/?]*/i, '');
  const question = target.indexOf('?');
  const path = question < 0 ? target : target.slice(0, question);
  const query = new URLSearchParams(question < 0 ? '' : target.slice(question + 1));
  let exchange = new Exchange(request, response, { path, query, params: {} }, gone.signal);
  let route: R | undefined;
  try {
    if (path.length > MAX_PATH) throw invalid('the path is too long');
    const who = await options.authenticate(exchange);
    if (who === undefined) return;
    const match = find(request.method ?? 'GET', path);
    if (match.kind !== 'found') {
      options.missing(exchange, match);
      return;
    }
    route = match.route;
    exchange = new Exchange(request, response, { path, query, params: match.params }, gone.signal);
    await options.authorize?.(exchange, who, route);
    await route.handle(exchange, who);
  } catch (error) {
    // of a client that has gone, or half an answer: nothing more can be said
    if (response.headersSent || gone.signal.aborted) response.destroy();
    else options.fail(exchange, error instanceof URIError ? invalid('a broken escape in the path') : error);
  } finally {
    options.done?.(exchange, route, startedAt);
  }
}
