// Where a registry is reached: pure from the daemon's settings. Mirrors first, then the registry itself.
import { before, dropEnd } from '../../base/ends.ts';
import { invalid } from '../../base/errors.ts';

export interface RegistrySettings {
  /** Base addresses to ask first, by registry (`docker.io`, `ghcr.io`, `host:port`). */
  readonly mirrors: Readonly<Record<string, readonly string[]>>;
  /** Registries that may be spoken to without TLS or with a certificate that nobody vouches for: `host`, `host:port`, CIDR. */
  readonly insecure: readonly string[];
  /** Directories with certificates, `<directory>/<host:port>/{*.crt,*.cert,*.key}`. */
  readonly certDirectories: readonly string[];
  readonly maxDownloads: number;
  readonly maxUploads: number;
  /** How often something is tried before it has failed. */
  readonly attempts: number;
  /** Waits and limits of time, milliseconds; tests make them short. */
  readonly timing: Timing;
}

export interface Timing {
  /** First wait after a failure; doubles each time. */
  readonly backoff: number;
  /** Nothing is waited for longer than this, whatever a registry asks for. */
  readonly longestWait: number;
  /** A connection without a byte for so long is broken. */
  readonly idle: number;
  /** The same while a registry digests what it was sent. */
  readonly answer: number;
}

export const DEFAULT_TIMING: Timing = { backoff: 1000, longestWait: 60_000, idle: 30_000, answer: 300_000 };

export const DEFAULT_SETTINGS: RegistrySettings = {
  mirrors: {},
  insecure: [],
  certDirectories: [],
  maxDownloads: 3,
  maxUploads: 5,
  attempts: 5,
  timing: DEFAULT_TIMING,
};

export interface Endpoint {
  /** `host` or `host:port`. */
  readonly host: string;
  /** Before `/v2/`: '' or a path such as `/proxy`. */
  readonly prefix: string;
  /** Known from the address of a mirror; found by trying otherwise. */
  readonly scheme: 'http' | 'https' | undefined;
  /** A mirror is no party to the secrets between a user and the registry. */
  readonly mirror: boolean;
}

export const HUB = 'docker.io';
const HUB_HOST = 'registry-1.docker.io';

/** The host that serves a registry's API. */
export function hostOf(server: string): string {
  const host = before(server.replace(/^https?:\/\//, ''), '/');
  return host === '' || host === HUB || host === 'index.docker.io' || host === HUB_HOST ? HUB_HOST : host;
}

/** For reading. Mirrors come first, in their order. */
export function endpointsOf(domain: string, settings: Pick<RegistrySettings, 'mirrors'>): Endpoint[] {
  return [...(settings.mirrors[domain] ?? []).map(mirrorEndpoint), originOf(domain)];
}

/** For writing, and for whatever needs a password. */
export function originOf(domain: string): Endpoint {
  return { host: hostOf(domain), prefix: '', scheme: undefined, mirror: false };
}

function mirrorEndpoint(address: string): Endpoint {
  const url = new URL(address.includes('://') ? address : `https://${address}`);
  return {
    host: url.host,
    prefix: dropEnd(url.pathname, '/').replace(/\/v2$/, ''),
    scheme: address.includes('://') ? (url.protocol === 'http:' ? 'http' : 'https') : undefined,
    mirror: true,
  };
}

/** Checks a mirror's address. Throws invalid in Docker's words. */
export function checkMirror(address: string): string {
  let url: URL;
  try {
    url = new URL(address);
  } catch {
    throw invalid(`invalid mirror: "${address}" is not a valid URI`);
  }
  if (url.protocol !== 'http:' && url.protocol !== 'https:')
    throw invalid(`invalid mirror: unsupported scheme "${url.protocol.slice(0, -1)}" in "${address}"`);
  if (url.search !== '' || url.hash !== '')
    throw invalid(`invalid mirror: query or fragment at end of the URI "${address}"`);
  if (url.username !== '' || url.password !== '')
    throw invalid(`invalid mirror: username/password not allowed in URI "${url.protocol}//xxxxx@${url.host}"`);
  return `${dropEnd(address, '/')}/`;
}

/** Whether a registry may be spoken to without TLS. `addresses` are those its name resolves to. */
export function isInsecure(host: string, insecure: readonly string[], addresses: readonly string[] = []): boolean {
  const name = bareName(host);
  if (insecure.some((entry) => entry === host || entry === name)) return true;
  const known = [...addresses, name];
  return ['127.0.0.0/8', '::1/128', ...insecure].some((entry) => known.some((address) => inRange(address, entry)));
}

/** Needs the addresses of a name: some entry is a range, or the name may be one of the loopback. */
export function bareName(host: string): string {
  return host.replace(/:\d+$/, '').replace(/^\[(.*)\]$/, '$1');
}

function inRange(address: string, range: string): boolean {
  const match = /^(.+)\/(\d{1,3})$/.exec(range);
  if (!match) return false;
  const [network, own] = [bitsOf(match[1] ?? ''), bitsOf(address)];
  const length = Number(match[2]);
  if (network === undefined || own === undefined || network.length !== own.length) return false;
  return network.slice(0, length) === own.slice(0, length);
}

/** An address as a text of zeros and ones; undefined when it is none. */
function bitsOf(address: string): string | undefined {
  const four = /^(?:::ffff:)?(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.(\d{1,3})$/i.exec(address);
  if (four) {
    const parts = four.slice(1).map(Number);
    return parts.every((part) => part < 256)
      ? parts.map((part) => part.toString(2).padStart(8, '0')).join('')
      : undefined;
  }
  if (!/^[0-9a-f:]+$/i.test(address) || !address.includes(':')) return undefined;
  const [head = '', tail] = address.split('::');
  const left = head === '' ? [] : head.split(':');
  const right = tail === undefined || tail === '' ? [] : tail.split(':');
  const fill = tail === undefined ? 0 : 8 - left.length - right.length;
  const groups = [...left, ...Array.from({ length: Math.max(0, fill) }, () => '0'), ...right];
  if (groups.length !== 8) return undefined;
  return groups.map((group) => Number.parseInt(group, 16).toString(2).padStart(16, '0')).join('');
}
