// Fetches one file from the web for ADD, a remote context or a remote Dockerfile: hashed while it is written, bounded, and
// never from the addresses by which a machine tells its own secrets.
import { createHash } from 'node:crypto';
import { lookup } from 'node:dns';
import { open, rm } from 'node:fs/promises';
import { request as plainRequest, type IncomingMessage } from 'node:http';
import { request as secureRequest } from 'node:https';
import { BlockList, isIP, type LookupFunction } from 'node:net';
import { join } from 'node:path';
import { BerthError, internal, invalid, messageOf } from '../../base/errors.ts';
import { fileNameOf } from './file-name.ts';

export interface Fetched {
  /** Where it is now. */
  readonly path: string;
  /** What it is to be called: one name, no path. */
  readonly name: string;
  /** 64 hex digits. */
  readonly sha256: string;
  readonly size: number;
  readonly contentType: string;
  /** Seconds since 1970, when the server says so. */
  readonly modified?: number;
}

export interface FetchOptions {
  readonly signal: AbortSignal;
  /** `sha256:…` that the content must have. */
  readonly checksum?: string;
  readonly report?: (done: number, total: number | undefined) => void;
  /** Bytes. */
  readonly limit?: number;
}

const MAX_REDIRECTS = 10;
const IDLE_MS = 60_000;
const MAX_BYTES = 64 * 1024 ** 3;

/** Link-local: there clouds hand out the credentials of the machine itself. */
const forbidden = new BlockList();
forbidden.addSubnet('169.254.0.0', 16, 'ipv4');
forbidden.addSubnet('fe80::', 10, 'ipv6');
forbidden.addSubnet('::ffff:169.254.0.0', 112, 'ipv6');

const isForbidden = (address: string): boolean => forbidden.check(address, isIP(address) === 6 ? 'ipv6' : 'ipv4');

/** Writes the file into the directory `into`; after a failure nothing of it is left. Throws in Docker's words. */
export async function fetchHttp(address: string, into: string, options: FetchOptions): Promise<Fetched> {
  const { response, url } = await follow(parse(address), options.signal);
  const path = join(into, 'download');
  try {
    const { sha256, size } = await write(response, path, url, options);
    const modified = Date.parse(response.headers['last-modified'] ?? '');
    return {
      path,
      name: fileNameOf(url.href, response.headers['content-disposition']),
      sha256,
      size,
      contentType: response.headers['content-type'] ?? '',
      ...(Number.isNaN(modified) ? {} : { modified: Math.floor(modified / 1000) }),
    };
  } catch (error) {
    response.destroy();
    await rm(path, { force: true });
    throw error;
  }
}

function parse(address: string, base?: URL): URL {
  let url: URL;
  try {
    url = new URL(address, base);
  } catch {
    throw invalid(`parse "${address}": invalid URL`);
  }
  if (url.protocol !== 'http:' && url.protocol !== 'https:')
    throw invalid(`Get "${url.href}": unsupported protocol scheme "${url.protocol.slice(0, -1)}"`);
  return url;
}

async function follow(first: URL, signal: AbortSignal): Promise<{ response: IncomingMessage; url: URL }> {
  let url = first;
  for (let count = 0; count <= MAX_REDIRECTS; count += 1) {
    const response = await get(url, signal);
    const status = response.statusCode ?? 0;
    const { location } = response.headers;
    if (status === 200) return { response, url };
    response.destroy();
    if (![301, 302, 303, 307, 308].includes(status) || location === undefined)
      throw internal(`invalid response status ${status}`);
    const next = parse(location, url);
    if (url.protocol === 'https:' && next.protocol === 'http:')
      throw internal(`Get "${url.href}": refused to be led from https to http`);
    url = next;
  }
  throw internal(`Get "${first.href}": stopped after ${MAX_REDIRECTS} redirects`);
}

function get(url: URL, signal: AbortSignal): Promise<IncomingMessage> {
  const words = (error: unknown): Error =>
    error instanceof BerthError ? error : internal(`Get "${url.href}": ${messageOf(error)}`, { cause: error });
  const host = url.hostname.replace(/^\[|\]$/g, '');
  if (isIP(host) !== 0 && isForbidden(host)) return Promise.reject(refusal(url));
  return new Promise((resolve, reject) => {
    const request = (url.protocol === 'https:' ? secureRequest : plainRequest)(url, {
      signal,
      headers: { 'User-Agent': 'berth', Accept: '*/*' },
      lookup: lookupFor(url),
    });
    request.setTimeout(IDLE_MS, () => request.destroy(new Error('the server does not answer')));
    request.once('error', (error) => reject(signal.aborted ? signal.reason : words(error)));
    request.once('response', resolve);
    request.end();
  });
}

function refusal(url: URL): BerthError {
  return invalid(`Get "${url.href}": link-local addresses are not fetched from`);
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

async function write(
  response: IncomingMessage,
  path: string,
  url: URL,
  { checksum, report, limit = MAX_BYTES, signal }: FetchOptions,
): Promise<{ sha256: string; size: number }> {
  const length = Number(response.headers['content-length']);
  const total = Number.isSafeInteger(length) ? length : undefined;
  if ((total ?? 0) > limit) throw invalid(`Get "${url.href}": more than ${limit} bytes`);
  const hash = createHash('sha256');
  let size = 0;
  await using file = await open(path, 'wx', 0o600);
  try {
    for await (const chunk of response as AsyncIterable<Buffer>) {
      size += chunk.length;
      if (size > limit) throw invalid(`Get "${url.href}": more than ${limit} bytes`);
      hash.update(chunk);
      await file.writeFile(chunk);
      report?.(size, total);
    }
  } catch (error) {
    signal.throwIfAborted();
    throw error instanceof BerthError ? error : internal(`Get "${url.href}": ${messageOf(error)}`, { cause: error });
  }
  if (total !== undefined && size !== total) throw internal(`Get "${url.href}": unexpected EOF`);
  const sha256 = hash.digest('hex');
  if (checksum !== undefined && checksum !== `sha256:${sha256}`)
    throw invalid(`digest mismatch for ${url.href}: sha256:${sha256} (expected: ${checksum})`);
  return { sha256, size };
}
