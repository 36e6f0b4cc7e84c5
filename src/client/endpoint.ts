// Where the daemon is: reads what -H takes into something that can be dialled.
import { before } from '../base/ends.ts';
import { invalid } from '../base/errors.ts';

export interface TlsFiles {
  readonly ca: string | undefined;
  readonly cert: string | undefined;
  readonly key: string | undefined;
  readonly verify: boolean;
}

export type Endpoint =
  | { readonly kind: 'unix'; readonly path: string; readonly shown: string }
  | {
      readonly kind: 'tcp';
      readonly host: string;
      readonly port: number;
      readonly shown: string;
      readonly tls: TlsFiles | undefined;
    }
  | {
      readonly kind: 'ssh';
      readonly user: string | undefined;
      readonly host: string;
      readonly port: string | undefined;
      /** The socket on the other machine; undefined for the one that its client would take. */
      readonly path: string | undefined;
      readonly shown: string;
    };

export const DEFAULT_SOCKET = '/run/berth/berth.sock';

/** `unix:///path`, `tcp://host:port`, `http://`, `ssh://user@host` and bare `host:port` as docker's -H takes them. */
export function parseEndpoint(text: string, tls?: TlsFiles): Endpoint {
  const host = text.trim();
  const cut = host.indexOf('://');
  const scheme = cut < 0 ? 'tcp' : host.slice(0, cut);
  const rest = cut < 0 ? host : host.slice(cut + 3);
  if (scheme === 'unix') {
    const path = rest === '' ? DEFAULT_SOCKET : rest;
    return { kind: 'unix', path, shown: `unix://${path}` };
  }
  if (scheme === 'ssh') return parseSsh(host);
  if (scheme !== 'tcp' && scheme !== 'http' && scheme !== 'https')
    throw invalid(`invalid bind address format: ${host}`);
  const address = before(rest, '/');
  const match = /^(\[[^\]]*\]|[^:]*)(?::(\d+))?$/.exec(address);
  if (!match) throw invalid(`invalid bind address format: ${host}`);
  const name = (match[1] || '127.0.0.1').replace(/^\[|\]$/g, '');
  const port = Number(match[2] ?? (tls ? 2376 : 2375));
  const secure = scheme === 'https' && !tls ? { ca: undefined, cert: undefined, key: undefined, verify: true } : tls;
  return { kind: 'tcp', host: name, port, shown: `tcp://${match[1] || '127.0.0.1'}:${port}`, tls: secure };
}

function parseSsh(text: string): Endpoint {
  const wrong = (why: string): Error => invalid(`ssh host connection is not valid: invalid SSH URL: ${why}`);
  const url = URL.parse(text);
  if (!url) throw wrong(text === 'ssh://' ? 'hostname is empty' : `cannot parse "${text}"`);
  if (url.password !== '') throw wrong('plain-text password is not supported');
  if (url.hostname === '') throw wrong('hostname is empty');
  if (url.search !== '') throw wrong(`query parameters are not allowed: "${url.search.slice(1)}"`);
  if (url.hash !== '') throw wrong(`fragments are not allowed: "${url.hash.slice(1)}"`);
  return {
    kind: 'ssh',
    user: decodeURIComponent(url.username) || undefined,
    host: url.hostname.replace(/^\[|\]$/g, ''),
    port: url.port || undefined,
    path: /^\/*$/.test(url.pathname) ? undefined : decodeURIComponent(url.pathname),
    shown: text,
  };
}
