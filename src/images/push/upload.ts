// One blob to a registry: found there, taken over from another repository, or sent; what broke off goes on where it broke.
import { createReadStream } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { cancelled } from '../../base/errors.ts';
import type { Digest } from '../../base/ids.ts';
import {
  NetworkError,
  RefusedError,
  type RegistrySettings,
  type Remote,
  retrying,
  type Upload,
  waitBefore,
} from '../../registry/client/index.ts';

export interface UploadRequest {
  readonly digest: Digest;
  readonly size: number;
  readonly path: string;
  readonly remote: Remote;
  /** Repositories of the same registry that may have it, the likeliest first. */
  readonly sources: readonly string[];
  readonly settings: RegistrySettings;
  readonly onProgress: (bytes: number) => void;
  readonly signal: AbortSignal;
}

export type UploadEnd =
  | { readonly kind: 'exists' }
  | { readonly kind: 'mounted'; readonly from: string }
  | { readonly kind: 'pushed' };

const MAX_SOURCES = 3;
const READ_BYTES = 1024 * 1024;
/** For registries that do not take a blob at once. */
const PIECE_BYTES = 16 * 1024 * 1024;
const LEAST_PIECE_BYTES = 1024 * 1024;

export async function uploadBlob(request: UploadRequest): Promise<UploadEnd> {
  const { digest, remote, settings, signal, size } = request;
  if ((await retrying(() => remote.blobSize(digest, signal), settings, signal)) !== undefined)
    return { kind: 'exists' };
  let started: Upload | undefined;
  for (const from of request.sources.filter((name) => name !== remote.path).slice(0, MAX_SOURCES)) {
    try {
      started = await remote.mount(digest, from, signal);
      if (!started) return { kind: 'mounted', from };
    } catch (error) {
      if (signal.aborted) throw error;
      // not allowed to read there: the blob is sent
    }
  }
  const limits = { attempts: settings.attempts, ...settings.timing };
  let upload = started;
  let sent = 0;
  let pieces = PIECE_BYTES;
  let whole = true;
  for (let attempt = 1; ; attempt += 1) {
    try {
      upload ??= await remote.startUpload(signal);
      pieces = Math.max(pieces, upload.minimum);
      while (!whole && size - sent > pieces) {
        upload = await remote.uploadPiece(upload, sent, body(request, sent, sent + pieces), signal);
        sent += pieces;
      }
      await remote.finishUpload(upload, digest, sent === size ? undefined : body(request, sent, size), signal);
      return { kind: 'pushed' };
    } catch (error) {
      if (signal.aborted) throw cancelled('context canceled', { cause: error });
      const tooLarge = error instanceof RefusedError && (error.status === 413 || error.status === 416);
      if (tooLarge && (whole || pieces > Math.max(LEAST_PIECE_BYTES, upload?.minimum ?? 0))) {
        // a proxy before the registry may allow bodies of a megabyte and no more
        if (!whole) pieces = smaller(pieces);
        whole = false;
        upload = undefined;
        sent = 0;
        continue;
      }
      const wait = waitBefore(error, attempt, limits);
      if (wait === undefined) throw error;
      await sleep(wait, undefined, { signal });
      const state = upload && error instanceof NetworkError ? await reached(request, upload) : undefined;
      upload = state?.upload;
      sent = state?.size ?? 0;
      // whoever has lost a connection once may lose it again
      if (!whole) pieces = smaller(pieces);
      whole = false;
    }
  }
}

function smaller(pieces: number): number {
  return Math.max(LEAST_PIECE_BYTES, pieces / 4);
}

async function reached(request: UploadRequest, upload: Upload): Promise<{ upload: Upload; size: number } | undefined> {
  const { remote, signal } = request;
  try {
    const state = await remote.uploadedBytes(upload, signal);
    // one that has more than there is has something else
    return state && state.size <= request.size ? state : undefined;
  } catch (error) {
    if (signal.aborted) throw error;
    return undefined;
  }
}

function body(
  request: UploadRequest,
  start: number,
  end: number,
): { stream: AsyncIterable<Uint8Array>; length: number } {
  async function* stream(): AsyncGenerator<Uint8Array, void, void> {
    let at = start;
    for await (const chunk of createReadStream(request.path, { start, end: end - 1, highWaterMark: READ_BYTES })) {
      yield chunk as Buffer;
      at += (chunk as Buffer).length;
      request.onProgress(at);
    }
  }
  return { stream: stream(), length: end - start };
}
