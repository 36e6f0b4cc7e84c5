// Which proxy a request goes through, by the variables that every program reads, with Go's rules. Pure.
import { BlockList, isIP } from 'node:net';

export type ProxyVariables = Readonly<Record<string, string | undefined>>;

/** Spelled in capitals or not; '' when it is not set. */
export function proxyVariable(name: 'HTTP_PROXY' | 'HTTPS_PROXY' | 'NO_PROXY', env: ProxyVariables): string {
  return env[name] || env[name.toLowerCase()] || '';
}

/** The proxy's address; undefined when the request goes straight to its host. */
export function proxyFor(url: URL, env: ProxyVariables): string | undefined {
  const secure = url.protocol === 'https:';
  const proxy = proxyVariable(secure ? 'HTTPS_PROXY' : 'HTTP_PROXY', env);
  const host = url.hostname.replace(/^\[|\]$/g, '').toLowerCase();
  const port = url.port || (secure ? '443' : '80');
  if (proxy === '' || isLocal(host)) return undefined;
  if (
    proxyVariable('NO_PROXY', env)
      .split(',')
      .some((entry) => covers(entry.trim().toLowerCase(), host, port))
  )
    return undefined;
  return proxy.includes('://') ? proxy : `http://${proxy}`;
}

/** The setting by which an agent of Node goes through a proxy, or straight to the host. */
export function agentOptions(proxy: string | undefined): { proxyEnv?: { HTTP_PROXY: string; HTTPS_PROXY: string } } {
  return proxy === undefined ? {} : { proxyEnv: { HTTP_PROXY: proxy, HTTPS_PROXY: proxy } };
}

/** For a log or an answer: a name and password are nobody's business. */
export function withoutCredentials(address: string): string {
  return address.replace(/^((?:[a-z]+:\/\/)?)[^/@]*(?:\/[^/@]*)*@/i, '$1xxxxx:xxxxx@');
}

function isLocal(host: string): boolean {
  return host === 'localhost' || host === '::1' || (isIP(host) === 4 && host.startsWith('127.'));
}

/** Whether an entry of NO_PROXY means this host: `*`, a range, an address or a domain, the last two with a port or without. */
function covers(entry: string, host: string, port: string): boolean {
  if (entry === '') return false;
  if (entry === '*') return true;
  const range = /^([^/]+)\/(\d+)$/.exec(entry);
  if (range) return inRange(host, range[1] ?? '', Number(range[2]));
  const [, name = '', wanted] = /^\[?(.*?)\]?(?::(\d+))?$/.exec(isIP(entry) === 6 ? `[${entry}]` : entry) ?? [];
  if (wanted !== undefined && wanted !== port) return false;
  if (isIP(name) !== 0 || isIP(host) !== 0) return name === host;
  const domain = name.replace(/^\*(?=\.)/, '');
  return domain.startsWith('.') ? host.endsWith(domain) : host === domain || host.endsWith(`.${domain}`);
}

function inRange(host: string, base: string, bits: number): boolean {
  const family = isIP(base) === 6 ? 'ipv6' : 'ipv4';
  if (isIP(host) === 0 || isIP(base) !== isIP(host) || bits > (family === 'ipv6' ? 128 : 32)) return false;
  const list = new BlockList();
  list.addSubnet(base, bits, family);
  return list.check(host, family);
}
