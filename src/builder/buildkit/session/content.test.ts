import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { sha256 } from '../../../base/ids.ts';
import {
  ContentInfoResponse,
  InfoRequest,
  ReadContentRequest,
  ReadContentResponse,
  WriteAction,
  WriteContentRequest,
  WriteContentResponse,
} from '../protocol/messages.ts';
import type { OpenCall } from '../transport/client.ts';
import { CallError, Code } from '../transport/status.ts';
import { sessionCache } from './content.ts';
import type { Session } from './sessions.ts';

/** A content store as containerd's service serves one, in memory. `begun` is what an earlier transfer left, by digest. */
function storeOf(blobs: Map<string, Buffer>, begun = new Map<string, Buffer>()): { session: Session; named: string[] } {
  const named: string[] = [];
  const answer = (method: string, message: Buffer): Buffer[] => {
    if (method === 'Info') {
      const { digest } = InfoRequest.decode(message);
      if (!blobs.has(digest)) throw new CallError(Code.notFound, `${digest}: not found`);
      return [ContentInfoResponse.encode({ info: { digest, size: 1n } })];
    }
    if (method === 'Read') {
      const content = blobs.get(ReadContentRequest.decode(message).digest);
      if (!content) throw new CallError(Code.notFound, 'not found');
      return [content.subarray(0, 3), content.subarray(3)].map((data) => ReadContentResponse.encode({ data }));
    }
    const { action, expected, offset, data, total } = WriteContentRequest.decode(message);
    if (blobs.has(expected)) throw new CallError(Code.alreadyExists, `${expected}: already exists`);
    const there = begun.get(expected) ?? Buffer.alloc(0);
    if (action !== WriteAction.stat && Number(offset) !== there.length) throw new CallError(Code.unknown, 'offset');
    const now = Buffer.concat([there, data]);
    begun.set(expected, now);
    if (action === WriteAction.commit) {
      assert.equal(now.length, Number(total));
      assert.equal(sha256(now), expected);
      blobs.set(expected, now);
    }
    return [WriteContentResponse.encode({ action, offset: BigInt(now.length) })];
  };
  const open = (path: string, metadata: Readonly<Record<string, string | readonly string[]>>): OpenCall => {
    named.push(String(metadata['buildkit-attachable-store-id']));
    const waiting: (Buffer[] | Error)[] = [];
    return {
      input: (async function* () {
        for (let next = waiting.shift(); next; next = waiting.shift()) {
          if (next instanceof Error) throw next;
          yield* next;
        }
      })(),
      async write(message) {
        try {
          waiting.push(answer(path.split('/').at(-1) ?? '', Buffer.from(message)));
        } catch (error) {
          waiting.push(error as Error);
        }
      },
      end: () => undefined,
      cancel: () => undefined,
    };
  };
  return { session: { caller: { open }, serves: () => true } as unknown as Session, named };
}

const { signal } = new AbortController();
const blobOf = (text: string) => ({ digest: sha256(text), size: text.length });

test('blobs go to the directory and come back, under the name that the client gave', async () => {
  const blobs = new Map<string, Buffer>();
  const { session, named } = storeOf(blobs);
  const cache = sessionCache(session, '/some/where');
  const one = blobOf('hello world');
  assert.equal(await cache.has(one.digest, signal), false);
  await cache.put({ ...one, from: { bytes: Buffer.from('hello world') } }, signal);
  assert.equal(await cache.has(one.digest, signal), true);
  assert.equal((await cache.manifest(one.digest, signal)).toString(), 'hello world');
  assert.deepEqual([...new Set(named)], ['local:/some/where']);
  // it may come from another build at the same time
  await cache.put({ ...one, from: { bytes: Buffer.from('hello world') } }, signal);
  await assert.rejects(cache.manifest(undefined, signal), { kind: 'notFound' });
});

test('a transfer that broke off goes on where it was, and a large one goes in pieces', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'berth-content-'));
  try {
    const text = 'abcdefgh'.repeat(300_000);
    writeFileSync(join(folder, 'blob'), text);
    const one = blobOf(text);
    const blobs = new Map<string, Buffer>();
    const { session } = storeOf(blobs, new Map([[one.digest, Buffer.from(text.slice(0, 1_500_001))]]));
    await sessionCache(session, 'x').put({ ...one, from: { path: join(folder, 'blob') } }, signal);
    assert.equal(blobs.get(one.digest)?.length, text.length);
  } finally {
    rmSync(folder, { recursive: true });
  }
});
