// One file from the web, for whoever may name an address: never from those by which a machine tells its own secrets.
import type { IncomingMessage } from 'node:http';
import { BerthError, internal, invalid, messageOf } from '../../base/errors.ts';
import { ask } from './ask.ts';
import { isDowngrade, isRedirect, MAX_REDIRECTS } from './rules.ts';

const IDLE_MS = 60_000;

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
    if (!isRedirect(status) || location === undefined) return { response, url };
    response.destroy();
    const next = parse(location, url);
    if (isDowngrade(url, next)) throw internal(`Get "${shownUrl(url)}": refused to be led from https to http`);
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
  try {
    return await ask(url, {
      signal,
      headers: { 'User-Agent': 'berth', Accept: '*/*' },
      refusal: () => refusal(url),
      silence: { ms: IDLE_MS, error: () => new Error('the server does not answer') },
      send: (request) => request.end(),
    });
  } catch (error) {
    if (signal.aborted) throw signal.reason;
    throw error instanceof BerthError
      ? error
      : internal(`Get "${shownUrl(url)}": ${messageOf(error)}`, { cause: error });
  }
}

function refusal(url: URL): BerthError {
  return invalid(`Get "${shownUrl(url)}": link-local addresses are not fetched from`);
}
