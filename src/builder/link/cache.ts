// A directory of the client that holds a build cache: its blobs are read and written over the connection.
import { createReadStream } from 'node:fs';
import { sha256 } from '../../base/ids.ts';
import { FRAME } from '../../spec/berth/build.ts';
import type { CacheBlob, CacheRemote } from '../model/ports.ts';
import type { Link } from './link.ts';

const CHUNK = 1 << 20;

export function linkCache(link: Link, cache: string): CacheRemote {
  async function* read(digest: string, signal: AbortSignal): AsyncGenerator<Buffer, void, undefined> {
    await using channel = await link.ask({ kind: 'cache-read', cache, digest });
    yield* channel.data(signal);
  }
  const put = async ({ digest, size, from }: CacheBlob, signal: AbortSignal): Promise<void> => {
    await using channel = await link.ask({ kind: 'cache-put', cache, digest, size });
    const chunks = 'bytes' in from ? piecesOf(from.bytes) : createReadStream(from.path, { highWaterMark: CHUNK });
    for await (const chunk of chunks) {
      signal.throwIfAborted();
      await channel.send(FRAME.data, chunk as Buffer);
    }
    await channel.send(FRAME.end);
    // the end comes back when it is written
    await channel.next(signal);
  };
  return {
    manifest: async (digest, signal) => Buffer.concat(await Array.fromAsync(read(digest ?? '', signal))),
    blob: read,
    async has(digest, signal) {
      await using channel = await link.ask({ kind: 'cache-has', cache, digest });
      return (await channel.json<{ found: boolean }>(signal)).found;
    },
    put,
    async publish(manifest, mediaType, signal) {
      const descriptor = { mediaType, digest: sha256(manifest), size: manifest.length };
      await put({ ...descriptor, from: { bytes: manifest } }, signal);
      await using channel = await link.ask({ kind: 'cache-publish', cache, descriptor });
      await channel.next(signal);
    },
  };
}

function* piecesOf(bytes: Buffer): Generator<Buffer, void, undefined> {
  for (let at = 0; at < bytes.length; at += CHUNK) yield bytes.subarray(at, at + CHUNK);
}
