// A client's directory with a build cache, which it serves as containerd's content store.
import { createReadStream } from 'node:fs';
import { invalid, notFound } from '../../../base/errors.ts';
import { sha256 } from '../../../base/ids.ts';
import type { CacheBlob, CacheRemote } from '../../model/ports.ts';
import {
  ContentInfoResponse,
  InfoRequest,
  ReadContentRequest,
  ReadContentResponse,
  WriteAction,
  WriteContentRequest,
  WriteContentResponse,
} from '../protocol/messages.ts';
import type { ReadBlob } from '../../model/request.ts';
import type { OpenCall } from '../transport/client.ts';
import { CallError, Code } from '../transport/status.ts';
import type { Session } from './sessions.ts';

const SERVICE = '/containerd.services.content.v1.Content/';
/** Clients take messages of 4 MiB. */
const CHUNK = 1 << 20;

function openStore(session: Session, store: string, method: string, signal: AbortSignal): OpenCall {
  const path = `${SERVICE}${method}`;
  if (!session.serves(path)) throw invalid(`method ${path} not supported by the client`);
  return session.caller.open(path, { 'buildkit-attachable-store-id': store }, signal);
}

/** What a store of the client holds: `local:` and a directory, `oci:` and a name. */
export function sessionBlobs(session: Session, store: string): ReadBlob {
  return async function* read(digest, signal) {
    const call = openStore(session, store, 'Read', signal);
    await call.write(ReadContentRequest.encode({ digest, offset: 0n, size: 0n }));
    call.end();
    for await (const body of call.input) yield ReadContentResponse.decode(Buffer.from(body)).data;
  };
}

/** `store` is the directory as the client named it. */
export function sessionCache(session: Session, store: string): CacheRemote {
  const open = (method: string, signal: AbortSignal): OpenCall => openStore(session, `local:${store}`, method, signal);
  const read = sessionBlobs(session, `local:${store}`);
  const put = async (blob: CacheBlob, signal: AbortSignal): Promise<void> => {
    const call = open('Write', signal);
    try {
      await write(call, blob);
    } catch (error) {
      if (error instanceof CallError && error.code === Code.alreadyExists) return;
      throw error;
    } finally {
      call.cancel();
    }
  };
  return {
    async manifest(digest, signal) {
      if (digest === undefined) throw notFound(`${store} holds no cache: it has no index.json, or none of that tag`);
      return Buffer.concat(await Array.fromAsync(read(digest, signal)));
    },
    blob: read,
    async has(digest, signal) {
      const call = open('Info', signal);
      await call.write(InfoRequest.encode({ digest }));
      call.end();
      try {
        let found = false;
        for await (const body of call.input)
          found = ContentInfoResponse.decode(Buffer.from(body)).info?.digest === digest;
        return found;
      } catch (error) {
        if (error instanceof CallError && error.code === Code.notFound) return false;
        throw error;
      }
    },
    put,
    // the client writes its index itself, from what the build answers
    publish: (manifest, _, signal) =>
      put({ digest: sha256(manifest), size: manifest.length, from: { bytes: manifest } }, signal),
  };
}

async function write(call: OpenCall, { digest, size, from }: CacheBlob): Promise<void> {
  const common = { ref: `berth-${digest}`, total: BigInt(size), expected: digest };
  const answer = async (): Promise<bigint> => {
    const { done, value } = await call.input.next();
    if (done === true) throw invalid('the client ended the transfer early');
    return WriteContentResponse.decode(Buffer.from(value)).offset;
  };
  await call.write(WriteContentRequest.encode({ action: WriteAction.stat, ...common }));
  const there = Number(await answer());
  let offset = there;
  const rest =
    'bytes' in from
      ? [from.bytes.subarray(there)]
      : there < size
        ? createReadStream(from.path, { start: there, highWaterMark: CHUNK })
        : [];
  for await (const part of rest) {
    for (let at = 0; at < (part as Buffer).length; at += CHUNK) {
      const data = (part as Buffer).subarray(at, at + CHUNK);
      await call.write(
        WriteContentRequest.encode({ action: WriteAction.write, ...common, offset: BigInt(offset), data }),
      );
      offset = Number(await answer());
    }
  }
  await call.write(WriteContentRequest.encode({ action: WriteAction.commit, ...common, offset: BigInt(offset) }));
  await answer();
  call.end();
}
