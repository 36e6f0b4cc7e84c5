// Results that a client takes as files: an archive as a stream of bytes, a directory as files that it fetches one by one.
import type { Readable } from 'node:stream';
import { extract, type Header } from 'tar-stream';
import { cancelled, invalid } from '../../../base/errors.ts';
import type { OutputTarget } from '../../model/request.ts';
import { BytesMessage, Packet, PacketType } from '../protocol/messages.ts';
import type { OpenCall } from '../transport/client.ts';
import type { Session } from './sessions.ts';

const METHOD = '/moby.filesync.v1.FileSend/DiffCopy';
/** BuildKit's clients take messages of 4 MiB. */
const MAX_CHUNK = 1024 * 1024;
const DATA_CHUNK = 32 * 1024;

export interface OutputRequest {
  /** Which of the client's outputs. */
  readonly index: number;
  readonly kind: 'archive' | 'directory';
  /** What the client may want to know of an archive. */
  readonly metadata?: Readonly<Record<string, string>>;
}

export function sessionOutput(session: Session, { index, kind, metadata = {} }: OutputRequest): OutputTarget {
  const open = (signal: AbortSignal): OpenCall => {
    if (!session.serves(METHOD)) throw invalid(`method ${METHOD} not supported by the client`);
    const extra = Object.entries(metadata).map(([key, value]) => [`exporter-md-${key}`, value]);
    return session.caller.open(
      METHOD,
      { ...Object.fromEntries(extra), 'buildkit-attachable-exporter-id': String(index) },
      signal,
    );
  };
  if (kind === 'archive')
    return {
      kind,
      async write(chunks, signal) {
        const call = open(signal);
        for await (const chunk of chunks)
          for (let at = 0; at < chunk.length; at += MAX_CHUNK)
            await call.write(BytesMessage.encode({ data: chunk.subarray(at, at + MAX_CHUNK) }));
        call.end();
        // the end comes when the client has written all of it
        for await (const _ of call.input);
      },
    };
  return { kind, write: (tar, signal) => sendDirectory(open(signal), tar, signal) };
}

const GO_TYPE: Readonly<Record<string, number>> = {
  directory: 2 ** 31,
  symlink: 2 ** 27,
  'block-device': 2 ** 26,
  'character-device': 2 ** 26 + 2 ** 21,
  fifo: 2 ** 25,
};

/** The client asks for the content of each regular file as it is told of; so one pass over the archive is enough. */
async function sendDirectory(call: OpenCall, tar: AsyncIterable<Uint8Array>, signal: AbortSignal): Promise<void> {
  const requests = new Set<number>();
  let wake = (): void => undefined;
  let over: unknown;
  let isOver = false;
  const receiving = (async () => {
    for await (const body of call.input) {
      const packet = Packet.decode(body);
      if (packet.type === PacketType.err)
        throw invalid(`error from receiver: ${Buffer.from(packet.data).toString('utf8')}`);
      if (packet.type === PacketType.req) requests.add(packet.id);
      if (packet.type === PacketType.fin) {
        await call.write(Packet.encode({ type: PacketType.fin }));
        call.end();
      }
      wake();
    }
  })()
    .catch((error: unknown) => {
      over = error;
    })
    .finally(() => {
      isOver = true;
      wake();
    });
  const asked = async (id: number): Promise<void> => {
    while (!requests.delete(id)) {
      if (over !== undefined) throw over;
      if (isOver || signal.aborted) throw cancelled('the client ended the transfer early');
      await new Promise<void>((resolve) => {
        wake = resolve;
      });
    }
  };
  const parser = extract();
  const feeding = (async () => {
    for await (const chunk of tar)
      if (!parser.write(Buffer.from(chunk))) await new Promise<void>((resolve) => void parser.once('drain', resolve));
    parser.end(Buffer.alloc(0));
  })().catch((error: unknown) => parser.destroy(error instanceof Error ? error : new Error(String(error))));
  let id = 0;
  for await (const entry of parser as AsyncIterable<Readable & { readonly header: Header }>) {
    const { header } = entry;
    const path = header.name.replace(/^\.?\//, '').replace(/\/$/, '');
    if (path === '' || path === '.') {
      entry.resume();
      continue;
    }
    const type = header.type ?? 'file';
    const mode = header.mode ?? 0;
    const special = (mode & 0o4000 ? 2 ** 23 : 0) + (mode & 0o2000 ? 2 ** 22 : 0) + (mode & 0o1000 ? 2 ** 20 : 0);
    await call.write(
      Packet.encode({
        type: PacketType.stat,
        stat: {
          path: latin1(path),
          mode: (GO_TYPE[type] ?? 0) + special + (mode & 0o777),
          uid: header.uid ?? 0,
          gid: header.gid ?? 0,
          size: type === 'directory' ? 0 : (header.size ?? 0),
          modTime: BigInt(Math.round((header.mtime?.getTime() ?? 0) * 1e6)),
          linkname: latin1(header.linkname ?? ''),
          devmajor: header.devmajor ?? 0,
          devminor: header.devminor ?? 0,
          xattrs: new Map(),
        },
      }),
    );
    const number = id++;
    // a hard link is no type of its own in the protocol, and a client asks for its content only when it has none
    if (type === 'file' || type === 'contiguous-file') {
      await asked(number);
      for await (const chunk of entry)
        for (let at = 0; at < (chunk as Buffer).length; at += DATA_CHUNK)
          await call.write(
            Packet.encode({
              type: PacketType.data,
              id: number,
              data: (chunk as Buffer).subarray(at, at + DATA_CHUNK),
            }),
          );
      await call.write(Packet.encode({ type: PacketType.data, id: number }));
    } else entry.resume();
  }
  await feeding;
  await call.write(Packet.encode({ type: PacketType.stat }));
  await receiving;
  if (over !== undefined) throw over;
}

/** Names of an archive are text here, and bytes in the protocol's tables. */
function latin1(name: string): string {
  return Buffer.from(name, 'utf8').toString('latin1');
}
