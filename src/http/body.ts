// A request's body as a whole, bounded in size.
import type { IncomingMessage } from 'node:http';
import type { Readable } from 'node:stream';
import { tooLarge } from '../base/errors.ts';

/** Throws tooLarge above `most` bytes, before they are all here. `body`: where it comes from, when not with the request. */
export async function readBody(request: IncomingMessage, most: number, body: Readable = request): Promise<Buffer> {
  const refuse = (): never => {
    throw tooLarge(`request body is larger than ${most} bytes`);
  };
  if (Number(request.headers['content-length'] ?? 0) > most) refuse();
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of body as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > most) refuse();
    chunks.push(chunk);
  }
  return Buffer.concat(chunks, size);
}

/** `application/x-www-form-urlencoded`. */
export async function readForm(request: IncomingMessage, most: number): Promise<URLSearchParams> {
  return new URLSearchParams((await readBody(request, most)).toString('utf8'));
}
