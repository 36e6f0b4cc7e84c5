// One file from the web, for whoever may name an address: never from those by which a machine tells its own secrets.
import { lookup } from 'node:dns';
import http, { type IncomingMessage } from 'node:http';
import { BlockList, isIP, type LookupFunction } from 'node:net';
import { BerthError, internal, invalid, messageOf } from '../base/errors.ts';
import { agentOptions, proxyFor } from '../base/proxy.ts';

const MAX_REDIRECTS = 10;
const REDIRECTS = new Set([301, 302, 303, 307, 308]);
const IDLE_MS = 60_000;

/** Link-local: there clouds hand out the credentials of the machine itself. */
const forbidden = new BlockList();
forbidden.addSubnet('169.254.0.0', 16, 'ipv4');
forbidden.addSubnet('fe80::', 10, 'ipv6');
forbidden.addSubnet('::ffff:169.254.0.0', 112, 'ipv6');

const isForbidden = (address: string): boolean => forbidden.check(address, isIP(address) === 6 ? 'ipv6' : 'ipv4');

/**
 * The answer to a GET, whatever its status, and where it came from after redirects; it must be read or destroyed. Throws in
 * Docker's words.
 */
export async function openUrl(
  address: string,
  signal: AbortSignal,
): Promise<{ readonly response: IncomingMessage; readonly url: URL }> {
  const first = parse(address);
  let url = first;
  for (let count = 0; count <= MAX_REDIRECTS; count += 1) {
    const response = await get(url, signal);
    const status = response.statusCode ?? 0;
    const { location } = response.headers;
    if (!REDIRECTS.has(status) || location === undefined) return { response, url };
    response.destroy();
    const next = parse(location, url);
    if (url.protocol === 'https:' && next.protocol === 'http:')
      throw internal(`Get "${shownUrl(url)}": refused to be led from https to http`);
    url = next;
  }
  throw internal(`Get "${shownUrl(first)}": stopped after ${MAX_REDIRECTS} redirects`);
}

/** The password is nobody's business, as Go's client has it. */
export function shownUrl(url: URL): string {
  if (url.password === '') return url.href;
  const shown = new URL(url);
  shown.password = '***';
  return shown.href;
}

function parse(address: string, base?: URL): URL {
  let url: URL;
  try {
    url = new URL(address, base);
  } catch {
    throw invalid(`parse "${address}": invalid URL`);
  }
  if (url.protocol !== 'http:' && url.protocol !== 'https:')
    throw invalid(`Get "${shownUrl(url)}": unsupported protocol scheme "${url.protocol.slice(0, -1)}"`);
  return url;
}

async function get(url: URL, signal: AbortSignal): Promise<IncomingMessage> {
  const words = (error: unknown): Error =>
    error instanceof BerthError ? error : internal(`Get "${shownUrl(url)}": ${messageOf(error)}`, { cause: error });
  const host = url.hostname.replace(/^\[|\]$/g, '');
  if (isIP(host) !== 0 && isForbidden(host)) throw refusal(url);
  // TLS is loaded when it is first needed, not with the daemon
  const { request: send, Agent } = url.protocol === 'https:' ? (await import('node:https')).default : http;
  const proxy = proxyFor(url, process.env);
  return new Promise((resolve, reject) => {
    const request = send(url, {
      signal,
      headers: { 'User-Agent': 'berth', Accept: '*/*' },
      // a proxy looks up the name itself
      ...(proxy === undefined ? { lookup: lookupFor(url) } : { agent: new Agent(agentOptions(proxy)) }),
    });
    request.setTimeout(IDLE_MS, () => request.destroy(new Error('the server does not answer')));
    request.once('error', (error) => reject(signal.aborted ? signal.reason : words(error)));
    request.once('response', resolve);
    request.end();
  });
}

function refusal(url: URL): BerthError {
  return invalid(`Get "${shownUrl(url)}": link-local addresses are not fetched from`);
}

/** The name is looked up once, and the address that is checked is the one that is used. */
function lookupFor(url: URL): LookupFunction {
  return (host, options, done) =>
    lookup(host, { ...options, all: true }, (error, addresses) => {
      const good = (addresses ?? []).filter(({ address }) => !isForbidden(address));
      const [first] = good;
      if (error) done(error, '', 0);
      else if (!first) done(refusal(url), '', 0);
      else if (options.all === true) done(null, good);
      else done(null, first.address, first.family);
    });
}
