// Checks a user's password with a registry: Basic, or a token server that the registry names.
import { request as plain } from 'node:http';
import { BerthError, invalid, messageOf, unavailable } from '../../base/errors.ts';

export interface Credentials {
  readonly username: string;
  readonly password: string;
  /** Host with or without scheme and path, as clients send it; empty is Docker Hub. */
  readonly server: string;
}

export interface LoginOptions {
  /** Registries that may be spoken to without TLS, `host:port`; those on the loopback may always. */
  readonly insecure: readonly string[];
  readonly signal: AbortSignal;
}

const HUB = 'registry-1.docker.io';
const TIMEOUT_MS = 30_000;

interface Answer {
  readonly status: number;
  readonly challenge: string;
}

/** Resolves when the registry accepts; throws unauthorized when it does not, unavailable when it cannot be asked. */
export async function login(credentials: Credentials, options: LoginOptions): Promise<void> {
  const host = hostOf(credentials.server);
  const basic = `Basic ${Buffer.from(`${credentials.username}:${credentials.password}`).toString('base64')}`;
  const base = await reachable(host, options);
  const first = await ask(`${base}/v2/`, {}, options.signal);
  if (first.status === 200) return;
  if (first.status !== 401) throw unavailable(`login attempt to ${base}/v2/ failed with status: ${first.status}`);
  const challenge = parseChallenge(first.challenge);
  const url =
    challenge.scheme === 'bearer' ? tokenUrl(challenge.parameters, credentials.username, base) : `${base}/v2/`;
  const second = await ask(url, { Authorization: basic }, options.signal);
  if (second.status >= 200 && second.status < 300) return;
  if (second.status === 401 || second.status === 403)
    throw new BerthError('unauthorized', `Get "${base}/v2/": unauthorized: incorrect username or password`);
  throw unavailable(`login attempt to ${url} failed with status: ${second.status}`);
}

/** The part that names the registry. */
export function hostOf(server: string): string {
  const host = server.replace(/^https?:\/\//, '').replace(/\/.*$/, '');
  return host === '' || host === 'docker.io' || host === 'index.docker.io' ? HUB : host;
}

export function isInsecure(host: string, insecure: readonly string[]): boolean {
  const name = host.replace(/:\d+$/, '');
  return insecure.includes(host) || name === 'localhost' || name === '[::1]' || name.startsWith('127.');
}

/** TLS where it answers; plain HTTP only for registries that may be spoken to so. */
async function reachable(host: string, { insecure, signal }: LoginOptions): Promise<string> {
  try {
    await ask(`https://${host}/v2/`, {}, signal);
    return `https://${host}`;
  } catch (error) {
    if (isInsecure(host, insecure)) return `http://${host}`;
    throw unavailable(`Get "https://${host}/v2/": ${messageOf(error)}`);
  }
}

export interface Challenge {
  readonly scheme: string;
  readonly parameters: Readonly<Record<string, string>>;
}

/** A WWW-Authenticate header, its first challenge; an unreadable one is Basic. */
export function parseChallenge(header: string): Challenge {
  const [, scheme = 'basic', rest = ''] = /^\s*(\w+)\s*(.*)$/s.exec(header.slice(0, 4096)) ?? [];
  const parameters: Record<string, string> = {};
  for (const [, key = '', quoted, bare] of rest.matchAll(/(\w+)=(?:"([^"]*)"|([^\s,]+))/g))
    parameters[key.toLowerCase()] = quoted ?? bare ?? '';
  return { scheme: scheme.toLowerCase(), parameters };
}

/** A password goes to a token server only over TLS, or where the registry itself is spoken to without. */
function tokenUrl(parameters: Readonly<Record<string, string>>, username: string, base: string): string {
  let url: URL;
  try {
    url = new URL(parameters['realm'] ?? '');
  } catch {
    throw invalid(`malformed auth challenge of ${base}: no usable realm`);
  }
  if (url.protocol !== 'https:' && base.startsWith('https:'))
    throw invalid(`refusing to send a password to ${url.origin} without TLS`);
  if (parameters['service'] !== undefined) url.searchParams.set('service', parameters['service']);
  url.searchParams.set('account', username);
  url.searchParams.set('client_id', 'berth');
  return url.href;
}

async function ask(url: string, headers: Record<string, string>, signal: AbortSignal): Promise<Answer> {
  // TLS is loaded when a registry is first spoken to, not with the daemon
  const request = url.startsWith('https:') ? (await import('node:https')).request : plain;
  return new Promise((resolve, reject) => {
    const sent = request(
      url,
      {
        headers: { 'User-Agent': 'berth', ...headers },
        signal: AbortSignal.any([signal, AbortSignal.timeout(TIMEOUT_MS)]),
      },
      (response) => {
        response.resume();
        resolve({ status: response.statusCode ?? 0, challenge: response.headers['www-authenticate'] ?? '' });
      },
    );
    sent.once('error', reject);
    sent.end();
  });
}
