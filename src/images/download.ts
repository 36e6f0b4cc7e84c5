// Fetches an archive for `docker import URL`.
import { internal } from '../base/errors.ts';
import { openUrl } from '../http/outbound/index.ts';
import { networkError } from '../registry/client/index.ts';

export interface Download {
  readonly url: string;
  /** Bytes, when the server says. */
  readonly size: number | undefined;
  readonly body: AsyncIterable<Uint8Array>;
}

const MAX_WORDS = 1024;

async function firstWords(response: AsyncIterable<Buffer>): Promise<string> {
  let text = '';
  try {
    for await (const chunk of response) {
      text += chunk.toString();
      if (text.length > MAX_WORDS) break;
    }
  } catch {
    // the status is all there is
  }
  return text.slice(0, MAX_WORDS).trim();
}

/** `example.com/x.tar` is taken as http. Throws invalid for no URL, internal when the server cannot be reached or refuses. */
export async function download(source: string, signal: AbortSignal): Promise<Download> {
  const text = source.includes('://') ? source : `http://${source}`;
  const { response } = await openUrl(text, signal).catch((error: unknown) => {
    const cause = error instanceof Error ? error.cause : undefined;
    throw cause === undefined ? error : internal(networkError('GET', new URL(text), cause).message, { cause });
  });
  const { statusCode = 0, statusMessage } = response;
  if (statusCode < 200 || statusCode > 299) {
    throw internal(`failed to GET ${text} with status ${statusCode} ${statusMessage}: ${await firstWords(response)}`);
  }
  const length = Number(response.headers['content-length']);
  return { url: text, size: length > 0 ? length : undefined, body: response };
}
