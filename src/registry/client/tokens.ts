// Tokens of token servers: asked for when a registry names one, kept while they are good, one for each set of scopes.
import { createHash } from 'node:crypto';
import { BerthError, invalid } from '../../base/errors.ts';
import type { Challenge } from './challenge.ts';
import { readBody, refuse, type Transport } from './http.ts';
import { RefusedError } from './refusal.ts';

/** What a user shows to a registry, as X-Registry-Auth carries it. */
export interface Credentials {
  readonly username?: string;
  readonly password?: string;
  /** A refresh token that a token server gave at login. */
  readonly identityToken?: string;
  /** A ready token for the registry itself. */
  readonly registryToken?: string;
}

export const ANONYMOUS: Credentials = {};

interface Token {
  readonly text: string;
  /** Milliseconds since 1970. */
  readonly until: number;
}

/** Tokens without a stated life have this one. */
const DEFAULT_LIFE_S = 60;
/** Nothing is believed to live longer, and a token is not used in its last moments. */
const MAX_LIFE_S = 24 * 3600;
const MARGIN_MS = 5000;
const MAX_KEPT = 256;
const MAX_ANSWER = 512 * 1024;
const MAX_TOKEN = 128 * 1024;

export interface TokenRequest {
  readonly challenge: Challenge;
  /** The registry that sent the challenge. */
  readonly registry: URL;
  readonly scopes: readonly string[];
  readonly credentials: Credentials;
  /** A token server on another host is asked without TLS only by a registry that is spoken to so. */
  readonly transport: Transport;
  readonly signal: AbortSignal;
}

export class Tokens {
  readonly #kept = new Map<string, Token>();
  readonly #asked = new Map<string, Promise<Token>>();

  /** The header for a challenge. With `refused`, that token is not used again. */
  async bearer(request: TokenRequest, refused?: string): Promise<string> {
    const key = keyOf(request);
    const kept = this.#kept.get(key);
    if (kept && kept.until - MARGIN_MS > Date.now() && `Bearer ${kept.text}` !== refused) return `Bearer ${kept.text}`;
    this.#kept.delete(key);
    let asked = this.#asked.get(key);
    if (!asked) {
      asked = ask(request).finally(() => this.#asked.delete(key));
      this.#asked.set(key, asked);
    }
    const token = await asked;
    if (this.#kept.size >= MAX_KEPT) this.#kept.delete(this.#kept.keys().next().value ?? '');
    this.#kept.set(key, token);
    return `Bearer ${token.text}`;
  }
}

function keyOf({ challenge, scopes, credentials, registry }: TokenRequest): string {
  const who = createHash('sha256').update(JSON.stringify(credentials)).digest('hex');
  return JSON.stringify([registry.origin, challenge.parameters['realm'], challenge.parameters['service'], scopes, who]);
}

async function ask(request: TokenRequest): Promise<Token> {
  const { credentials } = request;
  const answer =
    credentials.identityToken !== undefined && credentials.identityToken !== ''
      ? await askByForm(request, { grant_type: 'refresh_token', refresh_token: credentials.identityToken })
      : await askByQuery(request);
  return tokenOf(answer, Date.now());
}

/** Secrets go to the token server that a registry names: over TLS, or where the registry itself is spoken to without. */
export function realmOf(challenge: Challenge, registry: URL, secret: boolean): URL {
  let url: URL;
  try {
    url = new URL(challenge.parameters['realm'] ?? '');
  } catch {
    throw invalid(`malformed auth challenge of ${registry.origin}: no usable realm`);
  }
  if (url.protocol !== 'https:' && url.protocol !== 'http:')
    throw invalid(`malformed auth challenge of ${registry.origin}: realm with scheme ${url.protocol}`);
  if (secret && url.protocol === 'http:' && (registry.protocol === 'https:' || url.hostname !== registry.hostname))
    throw invalid(`refusing to send a password to ${url.origin} without TLS, as ${registry.origin} asks`);
  return url;
}

async function askByQuery(request: TokenRequest): Promise<unknown> {
  const { challenge, credentials, registry, scopes, transport, signal } = request;
  const secret = credentials.username !== undefined && credentials.username !== '';
  const url = realmOf(challenge, registry, secret);
  if (challenge.parameters['service'] !== undefined) url.searchParams.set('service', challenge.parameters['service']);
  for (const scope of scopes) url.searchParams.append('scope', scope);
  if (secret) url.searchParams.set('account', credentials.username ?? '');
  url.searchParams.set('client_id', 'berth');
  const answer = await transport.send({
    method: 'GET',
    url,
    authorization: secret ? basicOf(credentials) : undefined,
    signal,
  });
  if (answer.status !== 200) return refuseToken(answer);
  return parsed(await readBody(answer, MAX_ANSWER, 'the answer of the token server'), url);
}

async function askByForm(request: TokenRequest, fields: Readonly<Record<string, string>>): Promise<unknown> {
  const { challenge, registry, scopes, transport, signal } = request;
  const url = realmOf(challenge, registry, true);
  const form = new URLSearchParams({ ...fields, client_id: 'berth' });
  if (challenge.parameters['service'] !== undefined) form.set('service', challenge.parameters['service']);
  if (scopes.length > 0) form.set('scope', scopes.join(' '));
  const answer = await transport.send({
    method: 'POST',
    url,
    headers: { 'Content-Type': 'application/x-www-form-urlencoded' },
    body: Buffer.from(form.toString()),
    signal,
  });
  if (answer.status !== 200) return refuseToken(answer);
  return parsed(await readBody(answer, MAX_ANSWER, 'the answer of the token server'), url);
}

async function refuseToken(answer: Parameters<typeof refuse>[1]): Promise<never> {
  try {
    return await refuse('GET', answer);
  } catch (error) {
    if (error instanceof RefusedError && (error.status === 401 || error.status === 403))
      throw new RefusedError('unauthorized', `unauthorized: ${lastWords(error.message)}`, error.status, 'UNAUTHORIZED');
    throw error;
  }
}

function lastWords(message: string): string {
  const words = message.replace(/^\w+: /, '');
  return words === 'authentication required' ? 'incorrect username or password' : words;
}

function parsed(body: Buffer, url: URL): unknown {
  try {
    return JSON.parse(body.toString());
  } catch {
    throw invalid(`the token server ${url.origin} answered something that is no JSON`);
  }
}

/** A token of an answer, whatever it lacks. Never shown in a message. */
export function tokenOf(value: unknown, now: number): Token {
  const { token, access_token, expires_in, issued_at } = (value ?? {}) as Record<string, unknown>;
  const text = [token, access_token].find((one): one is string => typeof one === 'string' && one !== '');
  if (text === undefined)
    throw new BerthError('unauthorized', 'authorization server did not include a token in the response');
  if (text.length > MAX_TOKEN || !/^[\x21-\x7e]+$/.test(text))
    throw invalid('authorization server sent a malformed token');
  const life = typeof expires_in === 'number' && expires_in > 0 ? Math.min(expires_in, MAX_LIFE_S) : DEFAULT_LIFE_S;
  const issued = typeof issued_at === 'string' ? Date.parse(issued_at) : Number.NaN;
  // a server whose clock is wrong must not make every token too old
  const from = Number.isNaN(issued) || Math.abs(issued - now) > 300_000 ? now : issued;
  return { text, until: from + life * 1000 };
}

export function basicOf({ username = '', password = '' }: Credentials): string {
  return `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}`;
}

/** What a token server says to a login: a refresh token where it gives one. */
export async function loginToken(request: TokenRequest): Promise<string> {
  const url = new URL(realmOf(request.challenge, request.registry, true));
  url.searchParams.set('offline_token', 'true');
  const challenge = { ...request.challenge, parameters: { ...request.challenge.parameters, realm: url.href } };
  const value = (await askByQuery({ ...request, challenge })) as Record<string, unknown> | null;
  const refresh = value?.['refresh_token'];
  return typeof refresh === 'string' ? refresh : '';
}
