// One repository at one endpoint: the requests of the distribution protocol.
import { isDeepStrictEqual } from 'node:util';
import { BerthError, invalid } from '../../base/errors.ts';
import { isDigest, sha256 } from '../../base/ids.ts';
import { chooseChallenge, type Challenge } from './challenge.ts';
import { ACCEPTED, type Document, MAX_DOCUMENT, parseDocument } from './document.ts';
import { nextLink } from './link.ts';
import { type Answer, discard, readBody, refuse, resolveUrl, type Transport, type Request } from './http.ts';
import type { Endpoint } from './settings.ts';
import { ANONYMOUS, basicOf, type Credentials, type Tokens } from './tokens.ts';
import { goMethod, RefusedError, shown } from './refusal.ts';

export interface Fetched {
  readonly document: Document;
  readonly content: Buffer;
  readonly digest: `sha256:${string}`;
}

/** Where an upload goes on: an address of the registry's choice. */
export interface Upload {
  readonly url: URL;
  /** The least that a piece must have, when the registry says. */
  readonly minimum: number;
}

/** What a remote needs from whoever knows all registries. */
export interface Access {
  readonly endpoint: Endpoint;
  readonly base: URL;
  readonly transport: Transport;
  readonly tokens: Tokens;
  /** The challenge that the endpoint sent last, shared by all its repositories. */
  challenge: Challenge | undefined;
}

const MAX_TAGS_BYTES = 8 * 1024 * 1024;
const MAX_TAGS = 100_000;
/** 401 twice with a fresh token is an answer, not a reason to go on. */
const AUTH_TRIES = 2;

export class Remote {
  readonly path: string;
  readonly #access: Access;
  readonly #credentials: Credentials;

  constructor(access: Access, path: string, credentials: Credentials) {
    this.#access = access;
    this.path = path;
    this.#credentials = credentials;
  }

  get host(): string {
    return this.#access.endpoint.host;
  }

  get isMirror(): boolean {
    return this.#access.endpoint.mirror;
  }

  #url(rest: string): URL {
    return new URL(`${this.#access.endpoint.prefix}/v2/${this.path}/${rest}`, this.#access.base);
  }

  /** A manifest or index by tag or digest, its digest checked where it is known. */
  async manifest(reference: string, signal: AbortSignal): Promise<Fetched> {
    const { content, digest, type } = await this.manifestBytes(reference, signal);
    return { document: parseDocument(content, type), content, digest };
  }

  /** The same, whatever it describes. */
  async manifestBytes(
    reference: string,
    signal: AbortSignal,
  ): Promise<Pick<Fetched, 'content' | 'digest'> & { readonly type: string }> {
    const answer = await this.#send({
      method: 'GET',
      url: this.#url(`manifests/${reference}`),
      headers: { Accept: ACCEPTED },
      signal,
    });
    if (answer.status !== 200) return refuse('GET', answer);
    const content = await readBody(answer, MAX_DOCUMENT, 'the manifest');
    const digest = sha256(content);
    if (isDigest(reference) && digest !== reference)
      throw invalid(`manifest verification failed for digest ${reference}`);
    const allocated = answer.header('docker-content-digest');
    if (allocated !== undefined && isDigest(allocated) && allocated !== digest)
      throw invalid(`manifest verification failed for digest ${allocated}`);
    return { content, digest, type: answer.header('content-type') ?? '' };
  }

  /** What a tag names now, without its manifest; undefined when the registry does not say. */
  async manifestDigest(reference: string, signal: AbortSignal): Promise<string | undefined> {
    const url = this.#url(`manifests/${reference}`);
    const answer = await this.#send({ method: 'HEAD', url, headers: { Accept: ACCEPTED }, signal });
    if (answer.status !== 200) return refuse('HEAD', answer);
    discard(answer);
    return answer.header('docker-content-digest');
  }

  /** Size of a blob; undefined when the repository does not have it. */
  async blobSize(digest: string, signal: AbortSignal, scopes?: readonly string[]): Promise<number | undefined> {
    const answer = await this.#send(
      { method: 'HEAD', url: this.#url(`blobs/${digest}`), signal },
      scopes ?? this.#pushScopes(),
    );
    discard(answer);
    if (answer.status === 404) return undefined;
    if (answer.status !== 200) return refuse('HEAD', answer);
    return Number(answer.header('content-length') ?? 0);
  }

  /** A small blob as a whole, its digest checked. */
  async blobWhole(digest: string, limit: number, what: string, signal: AbortSignal): Promise<Buffer> {
    const answer = await this.#send({ method: 'GET', url: this.#url(`blobs/${digest}`), signal });
    if (answer.status !== 200) return refuseBlob(answer);
    const content = await readBody(answer, limit, what);
    if (sha256(content) !== digest) throw invalid(`${what} verification failed for digest ${digest}`);
    return content;
  }

  /** The bytes of a blob from an offset on; `start` is 0 when the registry cannot begin elsewhere. */
  async blob(digest: string, offset: number, signal: AbortSignal): Promise<{ answer: Answer; start: number }> {
    const answer = await this.#send({
      method: 'GET',
      url: this.#url(`blobs/${digest}`),
      headers: { 'Accept-Encoding': 'identity', ...(offset > 0 ? { Range: `bytes=${offset}-` } : {}) },
      signal,
    });
    if (answer.status === 206) {
      const from = Number(/^bytes (\d+)-/.exec(answer.header('content-range') ?? '')?.[1] ?? Number.NaN);
      if (from === offset) return { answer, start: offset };
      answer.body.destroy();
      throw invalid(`${answer.url.host} sent another part of ${digest} than asked for`);
    }
    if (answer.status === 416 && offset > 0) {
      discard(answer);
      return this.blob(digest, 0, signal);
    }
    if (answer.status !== 200) return refuseBlob(answer);
    return { answer, start: 0 };
  }

  async tags(signal: AbortSignal, limit = MAX_TAGS): Promise<string[]> {
    const found: string[] = [];
    let url: URL | undefined = this.#url('tags/list?n=1000');
    while (url && found.length < limit) {
      const answer = await this.#send({ method: 'GET', url, signal });
      if (answer.status !== 200) return refuse('GET', answer);
      const body = (await jsonOf(answer, MAX_TAGS_BYTES, 'the list of tags')) as { tags?: unknown } | null;
      const tags: unknown[] = Array.isArray(body?.tags) ? body.tags : [];
      for (const tag of tags) if (typeof tag === 'string' && /^[\w][\w.-]{0,127}$/.test(tag)) found.push(tag);
      url = pageAfter(answer, url, tags.length);
    }
    return found.slice(0, limit);
  }

  /** Takes a blob over from another repository of the registry; an upload to go on with when it does not. */
  /** Digests of what is attached to a manifest; none where the registry does not say such things. */
  async referrers(digest: string, signal: AbortSignal): Promise<string[]> {
    const found: string[] = [];
    let url: URL | undefined = this.#url(`referrers/${digest}`);
    while (url && found.length < MAX_TAGS) {
      const answer = await this.#send({ method: 'GET', url, headers: { Accept: ACCEPTED }, signal });
      if (answer.status !== 200) {
        answer.body.resume();
        return found;
      }
      const body = (await jsonOf(answer, MAX_TAGS_BYTES, 'the list of referrers')) as { manifests?: unknown } | null;
      const listed: unknown[] = Array.isArray(body?.manifests) ? body.manifests : [];
      for (const one of listed) {
        const { digest: text } = (one ?? {}) as { digest?: unknown };
        if (typeof text === 'string' && isDigest(text)) found.push(text);
      }
      url = pageAfter(answer, url, listed.length);
    }
    return found;
  }

  async mount(digest: string, from: string, signal: AbortSignal): Promise<Upload | undefined> {
    const url = this.#url('blobs/uploads/');
    url.searchParams.set('mount', digest);
    url.searchParams.set('from', from);
    const answer = await this.#send({ method: 'POST', url, signal }, [
      ...this.#pushScopes(),
      `repository:${from}:pull`,
    ]);
    discard(answer);
    if (answer.status === 201) return undefined;
    if (answer.status !== 202) return refuse('POST', answer);
    return uploadOf(answer);
  }

  async startUpload(signal: AbortSignal): Promise<Upload> {
    const answer = await this.#send({ method: 'POST', url: this.#url('blobs/uploads/'), signal }, this.#pushScopes());
    if (answer.status !== 202) return refuse('POST', answer);
    discard(answer);
    return uploadOf(answer);
  }

  /** The whole blob, or what is left of it, at once: it is there when this returns. */
  async finishUpload(
    upload: Upload,
    digest: string,
    body: { readonly stream: AsyncIterable<Uint8Array>; readonly length: number } | undefined,
    signal: AbortSignal,
  ): Promise<void> {
    const url = new URL(upload.url);
    url.searchParams.set('digest', digest);
    const answer = await this.#send(
      {
        method: 'PUT',
        url,
        headers: { 'Content-Type': 'application/octet-stream' },
        ...(body === undefined ? {} : { body }),
        signal,
      },
      this.#pushScopes(),
    );
    if (answer.status < 200 || answer.status > 299) return refuse('PUT', answer);
    discard(answer);
    return undefined;
  }

  /** A piece of a blob; gives where the next one goes. */
  async uploadPiece(
    upload: Upload,
    offset: number,
    body: { readonly stream: AsyncIterable<Uint8Array>; readonly length: number },
    signal: AbortSignal,
  ): Promise<Upload> {
    const answer = await this.#send(
      {
        method: 'PATCH',
        url: upload.url,
        headers: {
          'Content-Type': 'application/octet-stream',
          'Content-Range': `${offset}-${offset + body.length - 1}`,
        },
        body,
        signal,
      },
      this.#pushScopes(),
    );
    if (answer.status !== 202) return refuse('PATCH', answer);
    discard(answer);
    return uploadOf(answer);
  }

  /** How much of an upload the registry has; undefined when it has forgotten it. */
  async uploadedBytes(upload: Upload, signal: AbortSignal): Promise<{ upload: Upload; size: number } | undefined> {
    const answer = await this.#send({ method: 'GET', url: upload.url, signal }, this.#pushScopes());
    discard(answer);
    if (answer.status !== 204 && answer.status !== 202) return undefined;
    const last = /^(?:bytes=)?0-(\d+)$/.exec(answer.header('range') ?? '')?.[1];
    const size = last === undefined || last === '0' ? 0 : Number(last) + 1;
    return { upload: answer.header('location') === undefined ? upload : uploadOf(answer), size };
  }

  async putManifest(reference: string, mediaType: string, content: Buffer, signal: AbortSignal): Promise<void> {
    const answer = await this.#send(
      {
        method: 'PUT',
        url: this.#url(`manifests/${reference}`),
        headers: { 'Content-Type': mediaType },
        body: content,
        signal,
      },
      this.#pushScopes(),
    );
    if (answer.status < 200 || answer.status > 299) return refuse('PUT', answer);
    discard(answer);
    return undefined;
  }

  #pushScopes(): string[] {
    return [`repository:${this.path}:pull,push`];
  }

  async #send(
    spec: Omit<Request, 'authorization'>,
    scopes: readonly string[] = [`repository:${this.path}:pull`],
  ): Promise<Answer> {
    return sendAuthorized(this.#access, this.#credentials, spec, scopes);
  }
}

/** Sends a request with what the endpoint has asked for, and answers its challenge. */
export async function sendAuthorized(
  access: Access,
  credentials: Credentials,
  spec: Omit<Request, 'authorization'>,
  scopes: readonly string[],
): Promise<Answer> {
  // an upload may go on elsewhere: what is for the registry stays with the registry
  const trusted = spec.url.host === access.base.host;
  let refused: string | undefined;
  let failure: { readonly error: unknown; readonly challenge: Challenge | undefined } | undefined;
  for (let attempt = 0; ; attempt += 1) {
    let authorization: string | undefined;
    try {
      if (trusted) authorization = await authorizationFor(access, credentials, scopes, spec.signal, refused);
    } catch (error) {
      // what was asked for a while ago may have changed: the registry says once more where its tokens are
      if (attempt > 0 || spec.signal.aborted) throw error;
      failure = { error, challenge: access.challenge };
    }
    const answer = await access.transport.send({ ...spec, authorization });
    if (answer.status !== 401 || !trusted) return answer;
    const header = answer.header('www-authenticate');
    const once = spec.body !== undefined && !Buffer.isBuffer(spec.body);
    if (header === undefined || attempt >= AUTH_TRIES || once) return answer;
    if (!answer.sameOrigin) return sendToTarget(access, spec, scopes, answer, header);
    const challenge = chooseChallenge(header, access.base.host);
    if (failure && isDeepStrictEqual(failure.challenge, challenge)) {
      discard(answer);
      throw failure.error;
    }
    access.challenge = challenge;
    if (challenge.scheme === 'basic') {
      const user = credentials.username !== undefined && credentials.username !== '';
      if (authorization !== undefined && user) return answer;
      discard(answer);
      if (!user)
        throw new RefusedError(
          'unauthorized',
          `${goMethod(spec.method)} "${shown(spec.url)}": no basic auth credentials`,
          401,
          'UNAUTHORIZED',
        );
      continue;
    }
    discard(answer);
    refused = authorization;
  }
}

/**
 * A name that leads to another registry altogether, which wants a token: it gets one of its own, for nobody in particular. What is
 * for the first stays with the first.
 */
async function sendToTarget(
  access: Access,
  spec: Omit<Request, 'authorization'>,
  scopes: readonly string[],
  answer: Answer,
  header: string,
): Promise<Answer> {
  const { transport, tokens } = access;
  const registry = new URL(answer.url.origin);
  const challenge = chooseChallenge(header, registry.host);
  if (challenge.scheme !== 'bearer') return answer;
  discard(answer);
  const { signal } = spec;
  const request = { challenge, registry, scopes: [...scopes].sort(), credentials: ANONYMOUS, transport, signal };
  const authorization = await tokens.bearer(request);
  const second = await transport.send({ ...spec, url: answer.url, authorization });
  if (second.status !== 401) return { ...second, sameOrigin: false };
  // the token was good once
  discard(second);
  const again = await tokens.bearer(request, authorization);
  return { ...(await transport.send({ ...spec, url: answer.url, authorization: again })), sameOrigin: false };
}

async function authorizationFor(
  access: Access,
  credentials: Credentials,
  scopes: readonly string[],
  signal: AbortSignal,
  refused: string | undefined,
): Promise<string | undefined> {
  if (credentials.registryToken) return `Bearer ${credentials.registryToken}`;
  const { challenge } = access;
  if (!challenge) return undefined;
  if (challenge.scheme === 'basic') return credentials.username ? basicOf(credentials) : undefined;
  return access.tokens.bearer(
    { challenge, registry: access.base, scopes: [...scopes].sort(), credentials, transport: access.transport, signal },
    refused,
  );
}

/** Whatever a registry says of a blob that it does not have, it is the same to us. */
function refuseBlob(answer: Answer): Promise<never> {
  if (answer.status !== 404) return refuse('GET', answer);
  answer.body.destroy();
  throw new RefusedError('notFound', 'unknown blob', 404, 'BLOB_UNKNOWN');
}

/** Where the next page is: of the same registry, and another one than that of `url`, which had `count` entries. */
export function pageAfter(answer: Answer, url: URL, count: number): URL | undefined {
  const next = nextLink(answer.header('link') ?? '');
  const found = next === undefined ? undefined : resolveUrl(next, answer.url);
  return found && found.origin === answer.url.origin && found.href !== url.href && count > 0 ? found : undefined;
}

export async function jsonOf(answer: Answer, limit: number, what: string): Promise<unknown> {
  const body = await readBody(answer, limit, what);
  try {
    return JSON.parse(body.toString());
  } catch {
    throw invalid(`${answer.url.host} answered something that is no JSON for ${what}`);
  }
}

function uploadOf(answer: Answer): Upload {
  const location = answer.header('location');
  if (location === undefined)
    throw new BerthError('internal', `${answer.url.host} started an upload without saying where`);
  return { url: resolveUrl(location, answer.url), minimum: Number(answer.header('oci-chunk-min-length') ?? 0) || 0 };
}
