import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { test } from 'node:test';
import { gzipSync, zstdCompressSync } from 'node:zlib';
import { type Compression, decompress, detectCompression } from './compression.ts';

const ONE = Buffer.from('one '.repeat(50_000));
const TWO = Buffer.from(Array.from({ length: 300_000 }, (_, at) => (at * at * 7919) >>> 8));
const NOTHING = Buffer.alloc(0);
const skippable = (length: number, kind = 0): Buffer => {
  const frame = Buffer.alloc(8 + length, 0x28);
  frame.writeUInt32LE(0x184d2a50 + kind, 0);
  frame.writeUInt32LE(length, 4);
  return frame;
};
const program = (input: Buffer, ...options: string[]): Buffer => execFileSync('zstd', ['-qc', ...options], { input });
const hasProgram = ((): boolean => {
  try {
    return program(NOTHING).length > 0;
  } catch {
    return false;
  }
})();

async function undo(bytes: Buffer, compression: Compression, piece: number): Promise<Buffer> {
  async function* source(): AsyncGenerator<Buffer> {
    for (let at = 0; at < bytes.length; at += piece) yield bytes.subarray(at, at + piece);
  }
  const out: Uint8Array[] = [];
  for await (const chunk of decompress(source(), compression)) out.push(chunk);
  return Buffer.concat(out);
}

const FORMS: Readonly<Record<string, readonly [bytes: readonly Buffer[], plain: readonly Buffer[]]>> = {
  'two frames': [
    [zstdCompressSync(ONE), zstdCompressSync(TWO)],
    [ONE, TWO],
  ],
  'a large frame before a small one': [
    [zstdCompressSync(TWO), zstdCompressSync(ONE)],
    [TWO, ONE],
  ],
  'an empty frame first': [[zstdCompressSync(NOTHING), zstdCompressSync(ONE)], [ONE]],
  'a skippable frame first': [[skippable(5, 15), zstdCompressSync(ONE)], [ONE]],
  'skippable frames between and behind': [
    [zstdCompressSync(TWO), skippable(0), skippable(70_000, 3), zstdCompressSync(ONE), skippable(4)],
    [TWO, ONE],
  ],
  'zeros behind': [[zstdCompressSync(ONE), Buffer.alloc(10_000)], [ONE]],
  'many small frames': [
    Array.from({ length: 300 }, () => zstdCompressSync(Buffer.from('x'))),
    [Buffer.from('x'.repeat(300))],
  ],
};

test('users B15: zstd archives of several frames are undone to their end', async () => {
  for (const [name, [frames, plain]] of Object.entries(FORMS)) {
    const bytes = Buffer.concat(frames);
    assert.equal(detectCompression(bytes), 'zstd', name);
    for (const piece of [1 << 20, 4096, 101])
      assert.ok((await undo(bytes, 'zstd', piece)).equals(Buffer.concat(plain)), name);
  }
});

test('users B15: what the zstd program writes is undone', { skip: !hasProgram && 'no zstd program' }, async () => {
  const parts = [ONE, TWO, NOTHING, ONE];
  for (const options of [[], ['--check'], ['--no-check', '-19'], ['--long=24', '--single-thread']]) {
    const bytes = Buffer.concat(parts.map((part) => program(part, ...options)));
    assert.ok((await undo(bytes, 'zstd', 65_536)).equals(Buffer.concat(parts)), options.join(' '));
  }
});

test('users B15: gzip archives of several members, empty ones, and zeros behind them are undone to their end', async () => {
  const members = [
    gzipSync(NOTHING),
    gzipSync(ONE),
    gzipSync(NOTHING),
    gzipSync(TWO),
    gzipSync(NOTHING),
    Buffer.alloc(10_000),
  ];
  for (const piece of [1 << 20, 4096, 501])
    assert.ok((await undo(Buffer.concat(members), 'gzip', piece)).equals(Buffer.concat([ONE, TWO])));
});

test('zstd archives that are broken, cut off or followed by something else are refused', async () => {
  const small = zstdCompressSync(ONE);
  const large = zstdCompressSync(TWO);
  const reserved = Buffer.from([0x28, 0xb5, 0x2f, 0xfd, 0x24, 0x00, 0x07, 0x00, 0x00]);
  const cases = [
    ...[small, large].flatMap((one) => [one.subarray(0, -1), one.subarray(0, 5), one.subarray(0, 3)]),
    Buffer.concat([large, Buffer.from('no frame')]),
    Buffer.concat([small, Buffer.alloc(512), small]),
    Buffer.concat([small, skippable(10).subarray(0, -1)]),
    Buffer.concat([small, reserved]),
    Buffer.concat([small, large.map((byte, at) => (at === 5 || at === 20_000 ? byte ^ 0xff : byte))]),
  ];
  for (const [index, bytes] of cases.entries())
    await assert.rejects(
      undo(bytes, 'zstd', 4096),
      { kind: 'invalid', message: /^broken compressed archive: / },
      String(index),
    );
});
