// Fetches one file from the web for ADD, a remote context or a remote Dockerfile: hashed while it is written, and bounded.
import { createHash } from 'node:crypto';
import { open, rm } from 'node:fs/promises';
import type { IncomingMessage } from 'node:http';
import { join } from 'node:path';
import { BerthError, internal, invalid, messageOf } from '../../base/errors.ts';
import { openUrl, shownUrl } from '../../http/outbound/index.ts';
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

const MAX_BYTES = 64 * 1024 ** 3;

/** Writes the file into the directory `into`; after a failure nothing of it is left. Throws in Docker's words. */
export async function fetchHttp(address: string, into: string, options: FetchOptions): Promise<Fetched> {
  const { response, url } = await openUrl(address, options.signal);
  if (response.statusCode !== 200) {
    response.destroy();
    throw internal(`invalid response status ${response.statusCode}`);
  }
  const path = join(into, 'download');
  try {
    const { sha256, size } = await write(response, path, url, options);
    const modified = Date.parse(response.headers['last-modified'] ?? '');
    return {
      path,
      name: fileNameOf(address, response.headers['content-disposition']),
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

async function write(
  response: IncomingMessage,
  path: string,
  url: URL,
  { checksum, report, limit = MAX_BYTES, signal }: FetchOptions,
): Promise<{ sha256: string; size: number }> {
  const length = Number(response.headers['content-length']);
  const total = Number.isSafeInteger(length) ? length : undefined;
  if ((total ?? 0) > limit) throw invalid(`Get "${shownUrl(url)}": more than ${limit} bytes`);
  const hash = createHash('sha256');
  let size = 0;
  await using file = await open(path, 'wx', 0o600);
  try {
    for await (const chunk of response as AsyncIterable<Buffer>) {
      size += chunk.length;
      if (size > limit) throw invalid(`Get "${shownUrl(url)}": more than ${limit} bytes`);
      hash.update(chunk);
      await file.writeFile(chunk);
      report?.(size, total);
    }
  } catch (error) {
    signal.throwIfAborted();
    throw error instanceof BerthError
      ? error
      : internal(`Get "${shownUrl(url)}": ${messageOf(error)}`, { cause: error });
  }
  if (total !== undefined && size !== total) throw internal(`Get "${shownUrl(url)}": unexpected EOF`);
  const sha256 = hash.digest('hex');
  if (checksum !== undefined && checksum !== `sha256:${sha256}`)
    throw invalid(`digest mismatch for ${shownUrl(url)}: sha256:${sha256} (expected: ${checksum})`);
  return { sha256, size };
}
