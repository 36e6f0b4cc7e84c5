// Takes the bytes of a request into an upload: whatever comes, or the chunk that Content-Range says.
import { type Algorithm, RegistryError } from '../model/index.ts';
import type { UploadState } from '../storage/index.ts';
import type { Call } from './registry.ts';
import { uploadHeaders } from './upload-headers.ts';

export async function receive(
  { registry, exchange }: Call,
  name: string,
  id: string,
  algorithm?: Algorithm,
): Promise<UploadState> {
  const { uploads } = registry.storage;
  const before = await uploads.state(name, id);
  const range = contentRange(exchange.header('content-range'));
  const declared = exchange.header('content-length');
  const bytes = declared === undefined ? undefined : Number(declared);
  if (range && bytes !== undefined && range.end - range.start + 1 !== bytes)
    throw new RegistryError('SIZE_INVALID', { detail: { range: range.end - range.start + 1, length: bytes } });
  registry.rules.checkSize(name, before.size + (bytes ?? 0));
  try {
    return await uploads.append(name, id, {
      source: exchange.request,
      start: range?.start,
      length: range ? range.end - range.start + 1 : undefined,
      algorithm,
      most: registry.limits.blobBytes,
    });
  } catch (error) {
    if (!(error instanceof RegistryError) || error.status !== 416) throw error;
    // a chunk in the wrong place is told where the next one begins
    throw new RegistryError('RANGE_INVALID', {
      message: error.message,
      headers: uploadHeaders(name, await uploads.state(name, id)),
    });
  }
}

/** `0-1023`, both inclusive; some clients write it as HTTP does. */
function contentRange(header: string | undefined): { readonly start: number; readonly end: number } | undefined {
  if (header === undefined) return undefined;
  const match = /^(?:bytes[ =])?(\d{1,15})-(\d{1,15})(?:\/(?:\d{1,16}|\*))?$/.exec(header.trim());
  const start = Number(match?.[1]);
  const end = Number(match?.[2]);
  if (!match || end < start) throw new RegistryError('RANGE_INVALID', { detail: header });
  return { start, end };
}
