// Where the daemon is: reads -H values, the environment and the current context into something that can be dialled.
import { readFileSync } from 'node:fs';
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
    };

export const DEFAULT_SOCKET = '/run/berth/berth.sock';

/** `unix:///path`, `tcp://host:port`, `http://`, `fd://` and bare `host:port` as docker's -H takes them. */
export function parseEndpoint(text: string, tls?: TlsFiles): Endpoint {
  const host = text.trim();
  const cut = host.indexOf('://');
  const scheme = cut < 0 ? 'tcp' : host.slice(0, cut);
  const rest = cut < 0 ? host : host.slice(cut + 3);
  if (scheme === 'unix') {
    const path = rest === '' ? DEFAULT_SOCKET : rest;
    return { kind: 'unix', path, shown: `unix://${path}` };
  }
  if (scheme !== 'tcp' && scheme !== 'http' && scheme !== 'https')
    throw invalid(`invalid bind address format: ${host}`);
  const address = rest.replace(/\/.*$/, '');
  const match = /^(\[[^\]]*\]|[^:]*)(?::(\d+))?$/.exec(address);
  if (!match) throw invalid(`invalid bind address format: ${host}`);
  const name = (match[1] || '127.0.0.1').replace(/^\[|\]$/g, '');
  const port = Number(match[2] ?? (tls ? 2376 : 2375));
  const secure = scheme === 'https' && !tls ? { ca: undefined, cert: undefined, key: undefined, verify: true } : tls;
  return { kind: 'tcp', host: name, port, shown: `tcp://${match[1] || '127.0.0.1'}:${port}`, tls: secure };
}

/** The host that a docker context of this name holds, out of its metadata file; undefined for the default context. */
export function contextHost(
  configDir: string,
  name: string | undefined,
  hash: (text: string) => string,
): string | undefined {
  let current = name;
  if (current === undefined || current === '') {
    const config = readJson(`${configDir}/config.json`);
    const chosen = config?.['currentContext'];
    current = typeof chosen === 'string' ? chosen : undefined;
  }
  if (current === undefined || current === '' || current === 'default') return undefined;
  const meta = readJson(`${configDir}/contexts/meta/${hash(current)}/meta.json`);
  const host = (meta as { Endpoints?: { docker?: { Host?: unknown } } } | undefined)?.Endpoints?.docker?.Host;
  if (typeof host !== 'string') {
    throw invalid(
      `Failed to initialize: unable to resolve docker endpoint: context "${current}": context not found: open ${configDir}/contexts/meta/${hash(current)}/meta.json: no such file or directory`,
    );
  }
  return host;
}

function readJson(path: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(readFileSync(path, 'utf8'));
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : undefined;
  } catch {
    return undefined;
  }
}
