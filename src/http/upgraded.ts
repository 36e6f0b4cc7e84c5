// The body of a request that asks for an upgrade: the parser leaves it on the socket, before what follows.
import type { IncomingMessage } from 'node:http';
import { type Duplex, Readable } from 'node:stream';

/** The declared body, when it is no longer than `most`; what follows it goes back to the socket. */
export async function upgradedBody(
  request: IncomingMessage,
  taken: { readonly socket: Duplex; head: Buffer },
  most: number,
): Promise<Readable> {
  const length = Number(request.headers['content-length'] ?? 0);
  if (length > 0 && length <= most) {
    const chunks = [taken.head];
    let size = taken.head.length;
    while (size < length) {
      const chunk = await nextChunk(taken.socket);
      if (chunk === undefined) break;
      chunks.push(chunk);
      size += chunk.length;
    }
    const all = Buffer.concat(chunks);
    taken.head = all.subarray(length);
    if (taken.head.length > 0) taken.socket.unshift(taken.head);
    return Readable.from([all.subarray(0, length)], { objectMode: false });
  }
  // HTTP/2 begins behind all of the request; who attaches may send its bytes at once, whatever was declared
  if (request.headers.upgrade === 'h2c' && request.headers['transfer-encoding'] === 'chunked')
    taken.head = await withoutEmptyBody(taken);
  if (taken.head.length > 0) taken.socket.unshift(taken.head);
  return Readable.from([], { objectMode: false });
}

/** What a request without a body sends when it has promised chunks. */
const EMPTY_BODY = Buffer.from('0\r\n\r\n');

async function withoutEmptyBody({ socket, head }: { socket: Duplex; head: Buffer }): Promise<Buffer> {
  let start = head;
  while (start.length < EMPTY_BODY.length) {
    const chunk = await nextChunk(socket);
    if (chunk === undefined) break;
    start = Buffer.concat([start, chunk]);
  }
  const isEmpty = start.subarray(0, EMPTY_BODY.length).equals(EMPTY_BODY);
  return isEmpty ? start.subarray(EMPTY_BODY.length) : start;
}

function nextChunk(socket: Duplex): Promise<Buffer | undefined> {
  return new Promise((resolve) => {
    const read = (): void => {
      const chunk = socket.read() as Buffer | null;
      if (chunk === null) return;
      done(chunk);
    };
    const end = (): void => done(undefined);
    const done = (chunk: Buffer | undefined): void => {
      socket.off('readable', read);
      socket.off('end', end);
      socket.off('close', end);
      resolve(chunk);
    };
    socket.on('readable', read);
    socket.once('end', end);
    socket.once('close', end);
    read();
  });
}
