// Reads -p and --expose: `[ip:][host[-host]:]container[-container][/proto]`.
import { cut, parseUnsigned } from '../../../base/go-text.ts';
import type { PortBinding } from '../container.ts';
import { ipVersion } from './address.ts';

export interface Ports {
  readonly exposed: Record<string, object>;
  readonly bindings: Record<string, PortBinding[]>;
}

/** Throws Error with Docker's text. */
export function parsePorts(published: readonly string[], exposed: readonly string[]): Ports {
  const ports: Ports = { exposed: {}, bindings: {} };
  for (const text of published) {
    for (const [port, binding] of parsePublish(inColons(text))) {
      ports.exposed[port] = {};
      (ports.bindings[port] ??= []).push(binding);
    }
  }
  for (const text of exposed) {
    if (text.includes(':')) throw new Error(`invalid port format for --expose: ${text}`);
    const [protocol, range] = splitProtocol(text);
    let span: Span;
    try {
      span = parseRange(range);
    } catch (error) {
      throw new Error(`invalid range format for --expose: ${text}, error: ${(error as Error).message}`, {
        cause: error,
      });
    }
    for (let port = span.first; port <= span.last; port++) ports.exposed[`${port}/${protocol}`] ??= {};
  }
  return ports;
}

/** `published=80,target=8080,protocol=udp` in the form with colons. */
function inColons(text: string): string {
  if (!text.includes('=')) return text;
  const params: Record<string, string> = { protocol: 'tcp' };
  for (const param of text.split(',')) {
    const [key, value] = cut(param, '=');
    if (!param.includes('=') || key === '')
      throw new Error(`invalid publish opts format (should be name=value but got '${param}')`);
    params[key] = value;
  }
  return `${params['published'] ?? ''}:${params['target'] ?? ''}/${params['protocol'] ?? ''}`;
}

function parsePublish(text: string): [string, PortBinding][] {
  const parts = text.split(':');
  const [rawProtocol, container] = splitProtocol(parts.at(-1) ?? '');
  let hostPort = parts.length > 1 ? (parts.at(-2) ?? '') : '';
  let ip = parts.slice(0, -2).join(':');
  if (ip.startsWith('[') && ip.endsWith(']')) ip = ip.slice(1, -1);
  if (ip !== '' && ipVersion(ip) === 0) throw new Error(`invalid IP address: ${ip}`);
  if (container === '') throw new Error(`no port specified: ${text}<empty>`);
  const inside = attempt(container, `invalid containerPort: ${container}`);
  const outside = hostPort === '' ? undefined : attempt(hostPort, `invalid hostPort: ${hostPort}`);
  const size = inside.last - inside.first;
  if (outside && size !== outside.last - outside.first && size !== 0) {
    throw new Error(`invalid ranges specified for container and host Ports: ${container} and ${hostPort}`);
  }
  const protocol = rawProtocol.toLowerCase();
  if (!['tcp', 'udp', 'sctp'].includes(protocol)) throw new Error(`invalid proto: ${rawProtocol}`);
  const made: [string, PortBinding][] = [];
  for (let i = 0; i <= size; i++) {
    if (outside) {
      hostPort = String(outside.first + i);
      if (size === 0 && outside.first !== outside.last) hostPort += `-${outside.last}`;
    }
    made.push([`${inside.first + i}/${protocol}`, { HostIp: ip, HostPort: hostPort }]);
  }
  return made;
}

/** `80/udp` -> protocol and port; tcp when none is named. */
export function splitProtocol(text: string): [string, string] {
  const [port = '', protocol = ''] = text.split('/');
  if (port === '') return ['', ''];
  return [protocol === '' ? 'tcp' : protocol, port];
}

interface Span {
  readonly first: number;
  readonly last: number;
}

function attempt(text: string, message: string): Span {
  try {
    return parseRange(text);
  } catch {
    throw new Error(message);
  }
}

function parseRange(text: string): Span {
  if (text === '') throw new Error('empty string specified for ports');
  const [first = '', second] = text.split('-');
  const port = (digits: string): number => {
    if (!/^\d+$/.test(digits)) throw new Error(`strconv.ParseUint: parsing ${JSON.stringify(digits)}: invalid syntax`);
    return parseUnsigned(String(Number(digits)), 16);
  };
  const start = port(first);
  const end = second === undefined ? start : port(second);
  if (end < start) throw new Error(`invalid range specified for port: ${text}`);
  return { first: start, last: end };
}
