// What is compressed for registries is what went in, whatever compresses it; a program that fails or lies is found out.
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { test } from 'node:test';
import { gunzipSync, zstdDecompressSync } from 'node:zlib';
import { type ArchiveForm, teePacked } from './pack.ts';

const content = Buffer.concat([randomBytes(300_000), Buffer.alloc(3_000_000, 'text ')]);

async function pack(form: ArchiveForm, programs?: [string, string[]][], size = 65_536): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  const passed: Uint8Array[] = [];
  async function* source(): AsyncGenerator<Uint8Array> {
    for (let at = 0; at < content.length; at += size) yield content.subarray(at, at + size);
  }
  const write = (chunk: Uint8Array): Promise<void> => {
    chunks.push(chunk);
    return Promise.resolve();
  };
  for await (const chunk of teePacked(source(), { form }, write, programs)) passed.push(chunk);
  assert.ok(Buffer.concat(passed).equals(content));
  return Buffer.concat(chunks);
}

test('gzip of the host, of Node, and zstd give back what went in', async () => {
  assert.ok(gunzipSync(await pack('gzip')).equals(content));
  assert.ok(gunzipSync(await pack('gzip', [])).equals(content));
  assert.ok(
    gunzipSync(
      await pack('gzip', [
        ['no-such-program', []],
        ['gzip', ['-1', '-n']],
      ]),
    ).equals(content),
  );
  assert.ok(zstdDecompressSync(await pack('zstd')).equals(content));
});

test('a program that fails, ends early or gives something else makes no archive', async () => {
  for (const script of [
    'exit 3',
    'exec head -c 100000',
    'head -c 1000000 | gzip',
    'cat >/dev/null',
    'echo out of order >&2; exit 1',
  ])
    await assert.rejects(pack('gzip', [['sh', ['-c', script]]]), /compressing a layer/, script);
});
