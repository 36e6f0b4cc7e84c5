// One request to a registry: connections kept alive, time limits, redirects that leave credentials behind.
import { Agent, type ClientRequest, type IncomingMessage } from 'node:http';
import type { Agent as TlsAgent } from 'node:https';
import { cancelled, invalid } from '../../base/errors.ts';
import { agentOptions } from '../../base/proxy.ts';
import { ask, isDowngrade, isRedirect, MAX_REDIRECTS } from '../../http/outbound/index.ts';
import type { Timing } from './settings.ts';
import { NetworkError, networkError, refusal } from './refusal.ts';

export interface TlsFiles {
  readonly ca?: readonly Buffer[];
  readonly cert?: Buffer;
  readonly key?: Buffer;
  /** False: whoever answers is taken for the registry. */
  readonly verify: boolean;
}

export interface Request {
  readonly method: 'GET' | 'HEAD' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  readonly url: URL;
  readonly headers?: Readonly<Record<string, string>>;
  readonly authorization?: string | undefined;
  readonly body?: Buffer | { readonly stream: AsyncIterable<Uint8Array>; readonly length: number };
  readonly signal: AbortSignal;
}

export interface Answer {
  readonly status: number;
  /** Where the answer came from, after redirects. */
  readonly url: URL;
  /** Whether that is the origin that was asked. */
  readonly sameOrigin: boolean;
  header(name: string): string | undefined;
  readonly body: IncomingMessage;
}

const MAX_HEADER_BYTES = 64 * 1024;
const ERROR_BYTES = 16 * 1024;
/** For the rest of an answer that nobody reads. */
const DISCARD_MS = 30_000;

const CONNECTIONS = { keepAlive: true, keepAliveMsecs: 15_000, maxSockets: 24, maxFreeSockets: 8 };

/** Connections to one registry and to wherever it redirects. */
export class Transport {
  readonly #tls: TlsFiles;
  readonly #origin: string;
  readonly #timing: Timing;
  /** By what they differ in, the proxy among it. */
  readonly #agents = new Map<string, Agent>();

  /** `host` is the registry; only it sees the client's certificate, and only it may go unverified. */
  constructor(host: string, tls: TlsFiles, timing: Timing) {
    this.#origin = host;
    this.#tls = tls;
    this.#timing = timing;
  }

  /** The answer, whatever its status; its body must be read or destroyed. Throws NetworkError, or cancelled. */
  async send(spec: Request): Promise<Answer> {
    let { url } = spec;
    for (let hops = 0; ; hops += 1) {
      const sameOrigin = url.origin === spec.url.origin;
      const response = await this.#once(spec, url, sameOrigin ? spec.authorization : undefined);
      const status = response.statusCode ?? 0;
      const location = response.headers.location;
      const repeatable = spec.body === undefined || Buffer.isBuffer(spec.body);
      if (!isRedirect(status) || location === undefined || !repeatable) {
        return {
          status,
          url,
          sameOrigin,
          header: (name) => {
            const value = response.headers[name];
            return Array.isArray(value) ? value.join(', ') : value;
          },
          body: response,
        };
      }
      response.resume();
      if (hops >= MAX_REDIRECTS)
        throw new NetworkError(`${spec.method} ${url.host}: stopped after 10 redirects`, 'REDIRECTS', false);
      const next = resolveUrl(location, url);
      if (isDowngrade(url, next) && !this.#mayGoUnverified(next))
        throw new NetworkError(
          `refusing to follow a redirect of ${url.host} from https to ${next.protocol}//${next.host}`,
          'DOWNGRADE',
          false,
        );
      // a body may be a secret, a refresh token for example; it goes to nobody but the host that it was meant for
      if (spec.body !== undefined && !isSameHost(spec.url, next))
        throw new NetworkError(
          `${spec.method} ${spec.url.host}: refusing to send the request's body on to ${next.host}`,
          'REDIRECTS',
          false,
        );
      url = next;
    }
  }

  /** Only the registry itself may, where it is an insecure one. */
  #mayGoUnverified({ host }: URL): boolean {
    return host === this.#origin && !this.#tls.verify;
  }

  async #once(spec: Request, url: URL, authorization: string | undefined): Promise<IncomingMessage> {
    if (spec.signal.aborted) throw cancelled('context canceled');
    const { body } = spec;
    const length = body?.length;
    // the registry itself may be anywhere; where it sends us on to may not be the machine's own secrets
    const own = url.host === this.#origin;
    const refused = (): Error =>
      new NetworkError(`${spec.method} ${url.host}: link-local addresses are not asked`, 'LINK_LOCAL', false);
    const agent = async (secure: boolean, proxy: string | undefined): Promise<Agent> => {
      if (!secure) return this.#agent(`http ${proxy}`, () => new Agent({ ...CONNECTIONS, ...agentOptions(proxy) }));
      // TLS is loaded when a registry is first spoken to, not with the daemon
      const https = await import('node:https');
      return this.#agent(`https ${own} ${proxy}`, () => this.#secureAgent(https.Agent, own, proxy));
    };
    try {
      return await ask(url, {
        method: spec.method,
        headers: {
          'User-Agent': 'berth',
          ...spec.headers,
          ...(authorization === undefined ? {} : { Authorization: authorization }),
          ...(length === undefined
            ? spec.method === 'POST' || spec.method === 'PUT' || spec.method === 'PATCH'
              ? { 'Content-Length': '0' }
              : {}
            : { 'Content-Length': String(length) }),
        },
        maxHeaderSize: MAX_HEADER_BYTES,
        signal: spec.signal,
        refusal: own ? undefined : refused,
        agent,
        silence: {
          ms: body === undefined ? this.#timing.idle : this.#timing.answer,
          error: () => new NetworkError(`${spec.method} ${url.host}: i/o timeout`, 'ETIMEDOUT', true),
        },
        send: (sent) => {
          if (body === undefined || Buffer.isBuffer(body)) sent.end(body);
          else
            pump(body.stream, sent).catch((error: unknown) => {
              sent.destroy(error instanceof Error ? error : new Error(String(error)));
            });
        },
      });
    } catch (error) {
      if (spec.signal.aborted) throw cancelled('context canceled', { cause: error });
      throw error instanceof NetworkError ? error : networkError(spec.method, url, error);
    }
  }

  #agent(key: string, make: () => Agent): Agent {
    const known = this.#agents.get(key);
    const agent = known ?? make();
    if (!known) this.#agents.set(key, agent);
    return agent;
  }

  #secureAgent(Maker: typeof TlsAgent, own: boolean, proxy: string | undefined): TlsAgent {
    const { ca, cert, key, verify } = this.#tls;
    return new Maker({
      ...CONNECTIONS,
      ...agentOptions(proxy),
      rejectUnauthorized: verify || !own,
      ...(own && ca !== undefined ? { ca: [...ca] } : {}),
      ...(own && cert !== undefined ? { cert } : {}),
      ...(own && key !== undefined ? { key } : {}),
    });
  }
}

async function pump(source: AsyncIterable<Uint8Array>, sent: ClientRequest): Promise<void> {
  for await (const chunk of source) {
    if (sent.destroyed) return;
    if (!sent.write(chunk))
      await new Promise<void>((resolve) => {
        const done = (): void => {
          sent.off('drain', done);
          sent.off('close', done);
          resolve();
        };
        sent.on('drain', done);
        sent.on('close', done);
      });
  }
  sent.end();
}

/** The same, or the same by TLS. */
function isSameHost(from: URL, to: URL): boolean {
  return to.origin === from.origin || (to.hostname === from.hostname && to.protocol === 'https:');
}

/** A Location, which may be relative and may have a query of its own. */
export function resolveUrl(location: string, base: URL): URL {
  let url: URL;
  try {
    url = new URL(location, base);
  } catch {
    throw invalid(`${base.host} names an address that is none: "${location.slice(0, 200)}"`);
  }
  if (url.protocol !== 'http:' && url.protocol !== 'https:')
    throw invalid(`${base.host} names an address of an unsupported kind: "${url.protocol}"`);
  return url;
}

/** A small body as a whole. Throws invalid when it is larger than `limit`. */
export async function readBody(answer: Answer, limit: number, what: string): Promise<Buffer> {
  const declared = Number(answer.header('content-length') ?? 0);
  if (declared > limit) {
    answer.body.destroy();
    throw invalid(`${what} of ${answer.url.host} is too large: ${declared} bytes, at most ${limit} are taken`);
  }
  const chunks: Buffer[] = [];
  let size = 0;
  try {
    for await (const chunk of answer.body as AsyncIterable<Buffer>) {
      size += chunk.length;
      if (size > limit) throw invalid(`${what} of ${answer.url.host} is too large: more than ${limit} bytes`);
      chunks.push(chunk);
    }
  } catch (error) {
    answer.body.destroy();
    if (error instanceof Error && 'kind' in error) throw error;
    throw networkError('GET', answer.url, error);
  }
  return Buffer.concat(chunks);
}

/** What nobody reads: the connection is given back when it ends soon, and closed when it does not. */
export function discard({ body }: Pick<Answer, 'body'>): void {
  let size = 0;
  const timer = setTimeout(() => body.destroy(), DISCARD_MS).unref();
  body.on('data', (chunk: Buffer) => {
    if ((size += chunk.length) > ERROR_BYTES) body.destroy();
  });
  body.on('error', () => undefined);
  body.once('close', () => clearTimeout(timer));
}

/** Throws what an answer that is no success says; its body is used up. */
export async function refuse(method: string, answer: Answer): Promise<never> {
  let text = '';
  try {
    for await (const chunk of answer.body as AsyncIterable<Buffer>) {
      text += chunk.toString('utf8');
      if (text.length > ERROR_BYTES) break;
    }
  } catch {
    // the status is all there is
  }
  answer.body.destroy();
  throw refusal(method, answer.url, answer, text);
}
