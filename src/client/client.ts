// The typed client of the Engine API: routes and queries come from the route table, errors carry Docker's wording.

import { BerthError, type ErrorKind, markClass } from '../base/errors.ts';
import type { RequestBody, ResponseBody } from '../spec/docker/messages.ts';
import { type ParamKind, type Query, type Route, type RouteId, routes } from '../spec/docker/routes.ts';
import { bunRuntime, connectInBun } from './bun-socket.ts';
import type { Endpoint } from './endpoint.ts';
import { type BodySource, type Head, Wire } from './wire.ts';

/** Of one that is read as a whole: a list of a hundred thousand containers is smaller. Streams have no end. */
const MAX_ANSWER_BYTES = 256 * 1024 * 1024;

export interface CallOptions<Id extends RouteId> {
  /** values of `{name}` in the path */
  readonly params?: Readonly<Record<string, string>>;
  readonly query?: Query<Id>;
  readonly body?: RequestBody<Id>;
  /** a body that is not typed by the table: JSON of any shape */
  readonly json?: unknown;
  /** a body of bytes */
  readonly raw?: BodySource;
  readonly headers?: Readonly<Record<string, string>>;
  readonly signal?: AbortSignal;
}

export interface ClientOptions {
  /** put before every path; without it the server's newest version answers */
  readonly version?: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** called when the daemon can't be reached; true asks to try once more */
  readonly revive?: (endpoint: Endpoint) => Promise<boolean>;
}

export interface StreamAnswer {
  readonly head: Head;
  readonly body: AsyncGenerator<Buffer, void, undefined>;
  close(): void;
}

/** A connection taken over after 101 (or 200): what was read after the head is in `wire.inbox`. */
export interface Hijacked {
  readonly head: Head;
  readonly wire: Wire;
}

/** The status of the answer, beside the kind that it maps to. */
export class ResponseError extends BerthError {
  readonly status: number;

  constructor(kind: ErrorKind, message: string, status: number) {
    super(kind, message);
    this.name = 'ResponseError';
    this.status = status;
  }
}
markClass(ResponseError, 'ResponseError');

const KINDS: Readonly<Record<number, ErrorKind>> = {
  304: 'notModified',
  400: 'invalid',
  401: 'unauthorized',
  403: 'forbidden',
  404: 'notFound',
  409: 'conflict',
  413: 'tooLarge',
  501: 'notImplemented',
  503: 'unavailable',
};

export class Client {
  readonly endpoint: Endpoint;
  /** when set, every path begins with it; otherwise the server's newest version answers */
  readonly #version: string | undefined;
  readonly #idle: Wire[] = [];
  /** Connections whose end is listened for: once each, however often they are kept. */
  readonly #watched = new WeakSet<Wire>();
  readonly #revive: ((endpoint: Endpoint) => Promise<boolean>) | undefined;
  readonly #headers: Readonly<Record<string, string>>;
  #serverVersion: string | undefined;

  constructor(endpoint: Endpoint, options: ClientOptions = {}) {
    this.endpoint = endpoint;
    this.#version = options.version;
    this.#headers = options.headers ?? {};
    this.#revive = options.revive;
  }

  /** The newest API version that the server said it has; asks with a ping when no answer has come yet. */
  async serverVersion(): Promise<string> {
    if (this.#serverVersion === undefined) {
      const answer = await this.#exchange('SystemPing', {});
      for await (const _ of answer.body);
      this.#serverVersion ??= '1.24';
    }
    return this.#serverVersion;
  }

  /** Opens connections ahead of their use, so that a later call finds them open. */
  preconnect(count: number): void {
    if (this.endpoint.kind !== 'unix') return;
    for (let i = 0; i < count; i++) {
      void this.#dial().then(
        (wire) => this.#park(wire),
        () => undefined,
      );
    }
  }

  /** Calls a route and reads its JSON answer. Throws BerthError, `ResponseError` when the daemon refused. */
  async call<Id extends RouteId>(id: Id, options: CallOptions<Id> = {}): Promise<ResponseBody<Id>> {
    return this.json<ResponseBody<Id>>(id, options);
  }

  /** As `call`, for answers whose shape the caller knows better than the table. */
  async json<T>(id: RouteId, options: CallOptions<RouteId> = {}): Promise<T> {
    const text = await this.text(id, options);
    return (text === '' ? undefined : JSON.parse(text)) as T;
  }

  async text(id: RouteId, options: CallOptions<RouteId> = {}): Promise<string> {
    const answer = await this.stream(id, options);
    return readAll(answer.body);
  }

  /** Calls a route and leaves the body to be read as it comes. */
  async stream<Id extends RouteId>(id: Id, options: CallOptions<Id> = {}): Promise<StreamAnswer> {
    const answer = await this.#exchange(id, options);
    if (answer.head.status >= 400) throw await refusal(answer);
    return answer;
  }

  /** Takes the connection over: attach and exec start. */
  async hijack<Id extends RouteId>(id: Id, options: CallOptions<Id> = {}): Promise<Hijacked> {
    const headers = { ...options.headers, Connection: 'Upgrade', Upgrade: 'tcp' };
    const answer = await this.#exchange(id, { ...options, headers });
    if (answer.head.status !== 101 && answer.head.status !== 200) {
      if (answer.head.status >= 400) throw await refusal(answer);
      throw new BerthError('internal', `unable to upgrade to tcp, received ${answer.head.status}`);
    }
    return { head: answer.head, wire: answer.wire };
  }

  /** A raw connection to the daemon. */
  async dial(): Promise<Wire> {
    return this.#wire();
  }

  /** Calls a route of Berth's own, which Docker's table does not have. */
  async own(
    method: Route['method'],
    path: `/berth/${string}`,
    query: Readonly<Record<string, string>> = {},
    more: { readonly json?: unknown; readonly headers?: Readonly<Record<string, string>> } = {},
  ): Promise<StreamAnswer> {
    const answer = await this.#send({ method, path }, `${path}${formatQuery(undefined, query)}`, more);
    if (answer.head.status >= 400) throw await refusal(answer);
    return answer;
  }

  async #exchange<Id extends RouteId>(
    id: Id,
    options: CallOptions<Id>,
  ): Promise<StreamAnswer & { wire: Wire; route: Route; target: string }> {
    const route: Route = routes[id];
    return this.#send(route, this.#target(route, options), options);
  }

  async #send(
    route: Route,
    target: string,
    options: Pick<CallOptions<RouteId>, 'json' | 'raw' | 'headers' | 'signal'> & { readonly body?: unknown },
  ): Promise<StreamAnswer & { wire: Wire; route: Route; target: string }> {
    const body = options.raw ?? jsonBody(options.json ?? options.body);
    const headers: Record<string, string> = {
      Host: this.endpoint.kind === 'tcp' ? `${this.endpoint.host}:${this.endpoint.port}` : 'api.moby.localhost',
      'User-Agent': 'berth',
      ...this.#headers,
      ...(body !== undefined && options.raw === undefined ? { 'Content-Type': 'application/json' } : {}),
      ...options.headers,
    };
    const wire = await this.#wire();
    const { signal } = options;
    const abort = (): void => {
      wire.socket.destroy(new BerthError('cancelled', 'context canceled'));
    };
    if (signal?.aborted) abort();
    signal?.addEventListener('abort', abort, { once: true });
    wire.send({ method: route.method, target, headers }, body);
    let head: Head;
    try {
      head = await wire.head();
    } catch (error) {
      wire.socket.destroy();
      throw error instanceof BerthError ? error : this.#unreachable(error);
    }
    this.#serverVersion ??= head.headers.get('api-version');
    const done = (reuse: boolean): void => {
      signal?.removeEventListener('abort', abort);
      if (reuse && wire.reusable && !/close/i.test(head.headers.get('connection') ?? '')) this.#park(wire);
      else wire.socket.destroy();
    };
    return {
      head,
      wire,
      route,
      target,
      body: finishing(wire.body(head, route.method), done),
      close: () => wire.socket.destroy(),
    };
  }

  #target<Id extends RouteId>(route: Route, options: CallOptions<Id>): string {
    const path = route.path.replace(/\{(\w+)\}/g, (_, name: string) => encodePath(options.params?.[name] ?? ''));
    const search = formatQuery(route.query, options.query);
    return `${this.#version === undefined || isPing(path) ? '' : `/v${this.#version}`}${path}${search}`;
  }

  /** A connection that was kept, or a new one; a daemon that is not there may be started once. */
  async #wire(): Promise<Wire> {
    for (let wire = this.#idle.pop(); wire; wire = this.#idle.pop()) {
      if (wire.socket.destroyed || wire.socket.readableEnded) continue;
      wire.socket.ref();
      return wire;
    }
    try {
      return await this.#dial();
    } catch (error) {
      if (!this.#revive || !(error instanceof BerthError) || error.kind !== 'unavailable') throw error;
      if (!(await this.#revive(this.endpoint))) throw error;
      return this.#dial();
    }
  }

  /** Keeps a connection for the next call; it holds up neither the end of this program nor that of the server. */
  #park(wire: Wire): void {
    wire.socket.unref();
    if (!this.#watched.has(wire)) {
      this.#watched.add(wire);
      wire.socket.once('end', () => {
        if (this.#idle.includes(wire)) wire.socket.destroy();
      });
    }
    if (wire.socket.readableEnded) wire.socket.destroy();
    else this.#idle.push(wire);
  }

  async #dial(): Promise<Wire> {
    const { endpoint } = this;
    try {
      if (endpoint.kind === 'tcp' && endpoint.tls) {
        const { connectTls } = await import('./tls.ts');
        return new Wire(await connectTls(endpoint.host, endpoint.port, endpoint.tls));
      }
      if (endpoint.kind === 'ssh') {
        const { connectSsh } = await import('./ssh.ts');
        return new Wire(await connectSsh(endpoint));
      }
      const bun = endpoint.kind === 'unix' ? bunRuntime() : undefined;
      if (bun && endpoint.kind === 'unix') return new Wire(await connectInBun(bun, endpoint.path));
      const { connect: connectSocket } = process.getBuiltinModule('net');
      const socket =
        endpoint.kind === 'unix'
          ? connectSocket({ path: endpoint.path, allowHalfOpen: true })
          : connectSocket({ host: endpoint.host, port: endpoint.port, allowHalfOpen: true, noDelay: true });
      await new Promise<void>((resolve, reject) => {
        socket.once('connect', resolve);
        socket.once('error', reject);
      });
      socket.removeAllListeners('error');
      return new Wire(socket);
    } catch (error) {
      throw this.#unreachable(error);
    }
  }

  #unreachable(error: unknown): BerthError {
    const code = error instanceof Error && 'code' in error ? error.code : '';
    const { shown } = this.endpoint;
    if (code === 'ENOENT' || code === 'ECONNREFUSED' || code === 'ENOTDIR' || code === 'ENOTSOCK') {
      return new BerthError(
        'unavailable',
        `Cannot connect to the Docker daemon at ${shown}. Is the docker daemon running?`,
      );
    }
    if (code === 'EACCES' || code === 'EPERM') {
      return new BerthError(
        'forbidden',
        `permission denied while trying to connect to the Docker daemon socket at ${shown}`,
      );
    }
    const cause = error instanceof Error ? error.message : String(error);
    return new BerthError('unavailable', `error during connect: ${shown}: ${cause}`, { cause: error });
  }
}

const isPing = (path: string): boolean => path === '/_ping';

function jsonBody(value: unknown): string | undefined {
  return value === undefined ? undefined : JSON.stringify(value);
}

/** Segments are escaped; slashes of image names stay. */
function encodePath(value: string): string {
  return encodeURIComponent(value).replaceAll('%2F', '/').replaceAll('%3A', ':').replaceAll('%40', '@');
}

export function formatQuery(
  kinds: Readonly<Record<string, ParamKind>> | undefined,
  query: Readonly<Record<string, unknown>> | undefined,
): string {
  const parts: string[] = [];
  for (const [name, value] of Object.entries(query ?? {})) {
    if (value === undefined) continue;
    const add = (text: string): unknown => parts.push(`${encodeURIComponent(name)}=${encodeURIComponent(text)}`);
    const kind = kinds?.[name] ?? 'text';
    if (value instanceof Map) {
      if (value.size > 0) add(JSON.stringify(Object.fromEntries(value as Map<string, string[]>)));
    } else if (Array.isArray(value)) for (const one of value) add(String(one));
    else if (kind === 'bool') add(value === true ? '1' : '0');
    else if (typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean') add(String(value));
  }
  return parts.length === 0 ? '' : `?${parts.join('&')}`;
}

async function* finishing(
  body: AsyncGenerator<Buffer, void, undefined>,
  done: (complete: boolean) => void,
): AsyncGenerator<Buffer, void, undefined> {
  let complete = false;
  try {
    yield* body;
    complete = true;
  } finally {
    done(complete);
  }
}

export async function readAll(body: AsyncIterable<Buffer>, most = MAX_ANSWER_BYTES): Promise<string> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of body) {
    size += chunk.length;
    if (size > most) throw new Error(`the answer is larger than ${most} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}

async function refusal(answer: StreamAnswer & { route: Route; target: string }): Promise<ResponseError> {
  const { status, reason } = answer.head;
  const text = await readAll(answer.body);
  const kind = KINDS[status] ?? (status < 500 ? 'invalid' : 'internal');
  let message = text.trim();
  if (/json/.test(answer.head.headers.get('content-type') ?? '')) {
    try {
      const parsed: unknown = JSON.parse(text);
      if (typeof parsed === 'object' && parsed !== null && 'message' in parsed) message = String(parsed.message);
    } catch {
      // The text itself is the message.
    }
  }
  if (message === '') {
    message = `request returned ${status} ${reason} for API route and version ${answer.target}, check if the server supports the requested API version`;
    return new ResponseError(kind, message, status);
  }
  return new ResponseError(kind, `Error response from daemon: ${message.trim()}`, status);
}
