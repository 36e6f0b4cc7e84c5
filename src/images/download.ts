// Fetches an archive for `docker import URL`.
import { internal, invalid } from '../base/errors.ts';
import { networkError } from '../registry/client/index.ts';

export interface Download {
  readonly url: string;
  /** Bytes, when the server says. */
  readonly size: number | undefined;
  readonly body: AsyncIterable<Uint8Array>;
}

/** `example.com/x.tar` is taken as http. Throws invalid for no URL, internal when the server cannot be reached or refuses. */
export async function download(source: string, signal: AbortSignal): Promise<Download> {
  const text = source.includes('://') ? source : `http://${source}`;
  let url: URL;
  try {
    url = new URL(text);
  } catch {
    throw invalid(`parse "${text}": invalid URL`);
  }
  if (url.protocol !== 'http:' && url.protocol !== 'https:') {
    throw internal(`Get "${text}": unsupported protocol scheme "${url.protocol.slice(0, -1)}"`);
  }
  let response: Response;
  try {
    response = await fetch(url, { signal });
  } catch (error) {
    const cause = error instanceof Error && error.cause !== undefined ? error.cause : error;
    throw internal(networkError('GET', url, cause).message, { cause: error });
  }
  if (!response.ok || !response.body)
    throw internal(`failed to GET ${text} with status ${response.status} ${response.statusText}: `);
  const length = Number(response.headers.get('content-length'));
  return { url: text, size: length > 0 ? length : undefined, body: response.body };
}
