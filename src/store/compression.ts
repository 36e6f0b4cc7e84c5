// What an archive is compressed with, told by its first bytes, and streams to undo that.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createGunzip } from 'node:zlib';
import { invalid } from '../base/errors.ts';
import { findProgram } from '../host/find.ts';
import { through } from './through.ts';
import { unzstd } from './zstd.ts';

export type Compression = 'none' | 'gzip' | 'zstd' | 'xz' | 'bzip2';

const MAGIC: readonly [Compression, readonly number[]][] = [
  ['gzip', [0x1f, 0x8b, 0x08]],
  ['zstd', [0x28, 0xb5, 0x2f, 0xfd]],
  ['xz', [0xfd, 0x37, 0x7a, 0x58, 0x5a, 0x00]],
  ['bzip2', [0x42, 0x5a, 0x68]],
];
const SKIPPABLE = [0x50, 0x2a, 0x4d, 0x18];
const LONGEST = 6;
const CHUNK = 128 * 1024;

export function detectCompression(start: Uint8Array): Compression {
  // a skippable frame of zstd, of which there are sixteen kinds
  if (SKIPPABLE.every((byte, at) => byte === (at === 0 ? (start[at] ?? 0) & 0xf0 : start[at]))) return 'zstd';
  return MAGIC.find(([, magic]) => magic.every((byte, at) => start[at] === byte))?.[0] ?? 'none';
}

/** Looks at the first bytes of a stream without taking them away. Who does not read the stream afterwards has to end it. */
export async function peekCompression(
  source: AsyncIterable<Uint8Array>,
): Promise<{ compression: Compression; stream: AsyncIterable<Uint8Array>; end: () => Promise<void> }> {
  const iterator = source[Symbol.asyncIterator]();
  const first: Uint8Array[] = [];
  let length = 0;
  while (length < LONGEST) {
    const next = await iterator.next();
    if (next.done) break;
    first.push(next.value);
    length += next.value.length;
  }
  const compression = detectCompression(Buffer.concat(first.map((chunk) => chunk.subarray(0, LONGEST))));
  const end = async (): Promise<void> => {
    await iterator.return?.();
  };
  async function* stream(): AsyncGenerator<Uint8Array, void, void> {
    try {
      yield* first;
      for (;;) {
        const next = await iterator.next();
        if (next.done) return;
        yield next.value;
      }
    } finally {
      await end();
    }
  }
  return { compression, stream: stream(), end };
}

/** The plain bytes. A broken stream throws invalid. */
export function decompress(source: AsyncIterable<Uint8Array>, compression: Compression): AsyncIterable<Uint8Array> {
  return UNDO[compression](source);
}

const UNDO: Readonly<Record<Compression, (source: AsyncIterable<Uint8Array>) => AsyncIterable<Uint8Array>>> = {
  none: (source) => source,
  gzip: (source) => through(createGunzip({ chunkSize: CHUNK }), source),
  zstd: unzstd,
  xz: (source) => throughProgram('xz', ['-dc', '--memlimit=256MiB'], source),
  bzip2: (source) => throughProgram('bzip2', ['-dc'], source),
};

/** Passes bytes on and gives them to `write` first. */
export async function* tee(
  source: AsyncIterable<Uint8Array>,
  write: (chunk: Uint8Array) => Promise<void>,
): AsyncGenerator<Uint8Array, void, void> {
  for await (const chunk of source) {
    await write(chunk);
    yield chunk;
  }
}

/** The host's own, by its whole path: only bytes come from elsewhere. */
function programPath(program: string): string {
  const path = findProgram(program);
  if (path !== undefined) return path;
  throw invalid(`${program} is needed for this archive and is not installed`, {
    hint: `Install the package ${program === 'xz' ? 'xz-utils' : program}.`,
  });
}

async function* throughProgram(
  program: string,
  args: string[],
  source: AsyncIterable<Uint8Array>,
): AsyncGenerator<Uint8Array, void, void> {
  const child = spawn(programPath(program), args, { stdio: ['pipe', 'pipe', 'pipe'] });
  let complaint = '';
  child.stderr.on('data', (chunk: Buffer) => {
    if (complaint.length < 1000) complaint += chunk.toString();
  });
  child.stdin.on('error', () => undefined);
  const ended = new Promise<number>((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code) => resolve(code ?? -1));
  });
  ended.catch(() => undefined);
  const fed = (async () => {
    for await (const chunk of source) {
      if (!child.stdin.writable) return;
      if (!child.stdin.write(chunk)) await Promise.race([once(child.stdin, 'drain'), ended]);
    }
    child.stdin.end();
  })();
  fed.catch(() => child.kill());
  try {
    for await (const chunk of child.stdout) yield chunk as Buffer;
    await fed;
    if ((await ended) !== 0) throw invalid(`broken compressed archive: ${complaint.trim() || `${program} failed`}`);
  } finally {
    child.kill();
  }
}
