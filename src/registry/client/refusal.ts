// What went wrong with a registry, in Docker's words: network failures as Go says them, refusals as registries send them.
import { STATUS_CODES } from 'node:http';
import { isIP } from 'node:net';
import { type ErrorKind, messageOf } from '../../base/errors.ts';
import { NetworkError, RefusedError } from '../failures/index.ts';
import { parseChallenges } from './challenge.ts';

export { NetworkError, RefusedError };

const CERTIFICATE: Readonly<Record<string, string>> = {
  DEPTH_ZERO_SELF_SIGNED_CERT: 'x509: certificate signed by unknown authority',
  SELF_SIGNED_CERT_IN_CHAIN: 'x509: certificate signed by unknown authority',
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: 'x509: certificate signed by unknown authority',
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: 'x509: certificate signed by unknown authority',
  CERT_HAS_EXPIRED: 'x509: certificate has expired or is not yet valid',
  CERT_NOT_YET_VALID: 'x509: certificate has expired or is not yet valid',
  CERT_SIGNATURE_FAILURE: 'x509: invalid signature',
};

const SYSTEM: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'connect: connection refused',
  EHOSTUNREACH: 'connect: no route to host',
  ENETUNREACH: 'connect: network is unreachable',
  ETIMEDOUT: 'i/o timeout',
};

/** `Get "https://host/v2/": dial tcp 127.0.0.1:5000: connect: connection refused`. */
export function networkError(method: string, url: URL, error: unknown): NetworkError {
  const code = error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : '';
  const { address, port } = error as { address?: string; port?: number };
  const certificate = CERTIFICATE[code];
  let words = messageOf(error);
  if (code === 'ERR_TLS_CERT_ALTNAME_INVALID')
    words = `tls: failed to verify certificate: x509: ${wrongName(url.hostname, error as { cert?: { subjectaltname?: string } })}`;
  else if (certificate !== undefined) words = `tls: failed to verify certificate: ${certificate}`;
  else if (code === 'ENOTFOUND') words = `dial tcp: lookup ${url.hostname}: no such host`;
  else if (code === 'EAI_AGAIN') words = `dial tcp: lookup ${url.hostname}: Temporary failure in name resolution`;
  else if (SYSTEM[code] !== undefined)
    words = `dial tcp ${address ?? url.hostname}${port === undefined ? '' : `:${port}`}: ${SYSTEM[code]}`;
  else if (code === 'ECONNRESET') words = 'connection reset by peer';
  else if (code === 'ERR_SSL_WRONG_VERSION_NUMBER' || code === 'EPROTO' || code === 'ERR_SSL_PACKET_LENGTH_TOO_LONG')
    words = 'http: server gave HTTP response to HTTPS client';
  else if (code.startsWith('HPE_')) words = 'malformed HTTP response';
  const lasting =
    certificate !== undefined ||
    code === 'ERR_TLS_CERT_ALTNAME_INVALID' ||
    code === 'ENOTFOUND' ||
    code === 'EPROTO' ||
    code.startsWith('ERR_SSL') ||
    code.startsWith('HPE_');
  return new NetworkError(`${goMethod(method)} "${shown(url)}": ${words}`, code, !lasting, error);
}

/** What Go says when a certificate is for others than `host`. */
function wrongName(host: string, { cert }: { readonly cert?: { readonly subjectaltname?: string } }): string {
  const kind = isIP(host) === 0 ? 'DNS' : 'IP Address';
  const names = (cert?.subjectaltname ?? '')
    .split(', ')
    .filter((name) => name.startsWith(`${kind}:`))
    .map((name) => name.slice(kind.length + 1));
  if (names.length > 0) return `certificate is valid for ${names.join(', ')}, not ${host}`;
  return kind === 'DNS'
    ? `certificate is not valid for any names, but wanted to match ${host}`
    : `cannot validate certificate for ${host} because it doesn't contain any IP SANs`;
}

export function goMethod(method: string): string {
  return method.charAt(0) + method.slice(1).toLowerCase();
}

/** Without what may be a secret: the signature of a storage's address, a user. */
export function shown(url: URL): string {
  return `${url.protocol}//${url.host}${url.pathname}`;
}

const KINDS: Readonly<Record<number, ErrorKind>> = {
  400: 'invalid',
  401: 'unauthorized',
  403: 'forbidden',
  404: 'notFound',
  413: 'tooLarge',
  429: 'exhausted',
};

const UNAUTHORIZED = 'authentication required';
const DENIED = 'requested access to the resource is denied';
const MAX_WORDS = 500;

interface Answer {
  readonly status: number;
  readonly header: (name: string) => string | undefined;
}

interface Quota {
  readonly limit: string | undefined;
  readonly remaining: string | undefined;
}

/** The error of an answer that is no success. `text` is the beginning of its body. */
export function refusal(method: string, url: URL, answer: Answer, text: string): RefusedError {
  const { status } = answer;
  const [code, message] = status < 500 ? reason(answer, text) : firstError(text);
  const retryAfter = parseRetryAfter(answer.header('retry-after'), Date.now());
  if (status === 429) {
    const quota = { limit: answer.header('ratelimit-limit'), remaining: answer.header('ratelimit-remaining') };
    return new RefusedError(
      'exhausted',
      `toomanyrequests: ${message || 'too many requests'}${quotaWords(quota, retryAfter)}`,
      status,
      'TOOMANYREQUESTS',
      retryAfter,
      'Logging in often raises the limit; a mirror in daemon.json (registry-mirrors) avoids it.',
    );
  }
  const kind = KINDS[status] ?? (status >= 500 ? 'unavailable' : 'internal');
  const notified = code === '' ? '' : `${code.toLowerCase().replaceAll('_', ' ')}: ${message}`;
  if (status >= 500) {
    const words = `received unexpected HTTP status: ${status} ${STATUS_CODES[status] ?? ''}`.trim();
    return new RefusedError(kind, notified === '' ? words : `${words} (${notified})`, status, code, retryAfter);
  }
  const words = notified || `${goMethod(method)} "${shown(url)}": unexpected status: ${status}`;
  return new RefusedError(kind, words, status, code, retryAfter);
}

/** What a token may lack stands in the challenge; the body has a list of errors, or plain words that are taken for one. */
function reason({ status, header }: Pick<Answer, 'status' | 'header'>, text: string): [string, string] {
  const scheme = parseChallenges(header('www-authenticate') ?? '').find((one) => one.scheme === 'bearer');
  const lack = scheme?.parameters['error'];
  if (lack === 'insufficient_scope') return ['DENIED', DENIED];
  if (lack === 'invalid_token') return ['UNAUTHORIZED', UNAUTHORIZED];
  const [code, message] = firstError(text);
  if (code !== '') return [code, message];
  const words = message || (/^\s*[<{[]/.test(text) ? '' : text.trim().slice(0, MAX_WORDS));
  if (status === 401) return ['UNAUTHORIZED', words || UNAUTHORIZED];
  if (status === 403) return ['DENIED', words || DENIED];
  return words === '' ? ['', ''] : ['UNKNOWN', words];
}

/** `100;w=21600` is a hundred in six hours. */
function quotaWords({ limit, remaining }: Quota, retryAfter: number | undefined): string {
  const parts: string[] = [];
  const [, count, seconds] = /^(\d+)(?:;w=(\d+))?/.exec(limit ?? '') ?? [];
  if (count !== undefined)
    parts.push(`the quota is ${count}${seconds === undefined ? '' : ` in ${duration(Number(seconds))}`}`);
  const left = /^\d+/.exec(remaining ?? '')?.[0];
  if (left !== undefined) parts.push(`${left} left`);
  if (retryAfter !== undefined) parts.push(`try again in ${duration(Math.ceil(retryAfter / 1000))}`);
  return parts.length === 0 ? '' : ` (${parts.join(', ')})`;
}

function duration(seconds: number): string {
  const units: [number, string][] = [
    [3600, 'hour'],
    [60, 'minute'],
    [1, 'second'],
  ];
  const [size, name] = units.find(([unit]) => seconds >= unit && seconds % unit === 0) ?? [1, 'second'];
  const count = seconds / size;
  return `${count} ${name}${count === 1 ? '' : 's'}`;
}

/** Code and message of `{"errors":[{"code","message"}]}`, or a message alone; empty when the body is something else. */
function firstError(text: string): [string, string] {
  try {
    const value = JSON.parse(text) as {
      errors?: { code?: unknown; message?: unknown; detail?: unknown }[];
      details?: unknown;
    };
    const first = value.errors?.[0];
    if (first) {
      const message = typeof first.message === 'string' ? first.message : '';
      return [typeof first.code === 'string' ? first.code : '', message.slice(0, MAX_WORDS)];
    }
    if (typeof value.details === 'string') return ['', value.details.slice(0, MAX_WORDS)];
  } catch {
    // a page of some proxy
  }
  return ['', ''];
}

/** Milliseconds of a Retry-After header, seconds or a date; undefined when there is none that can be read. */
export function parseRetryAfter(text: string | undefined, now: number): number | undefined {
  if (text === undefined) return undefined;
  if (/^\d{1,9}$/.test(text.trim())) return Number(text) * 1000;
  const date = Date.parse(text);
  return Number.isNaN(date) ? undefined : Math.max(0, date - now);
}

/** How long to wait before the next of several tries; undefined when there is no use in one. Pure. */
export function waitBefore(
  error: unknown,
  attempt: number,
  limits: { readonly attempts: number; readonly backoff: number; readonly longestWait: number },
): number | undefined {
  if (attempt >= limits.attempts) return undefined;
  const wait = Math.min(limits.backoff * 2 ** (attempt - 1), limits.longestWait);
  if (error instanceof NetworkError) return error.again ? wait : undefined;
  if (!(error instanceof RefusedError)) return undefined;
  const passing = error.status === 429 || error.status === 408 || (error.status >= 500 && error.status !== 501);
  if (!passing) return undefined;
  if (error.retryAfter === undefined) return error.status === 429 && attempt >= 3 ? undefined : wait;
  // a wait that nobody would sit through is told, not sat through
  return error.retryAfter > limits.longestWait ? undefined : Math.max(error.retryAfter, limits.backoff);
}
