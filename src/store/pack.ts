// Archives compressed for registries: gzip by the quickest program that the host has, or zstd; what went in is checked against what came out.
import { spawn } from 'node:child_process';
import type { Writable } from 'node:stream';
import { constants, crc32, createGzip, createZstdCompress } from 'node:zlib';
import { internal } from '../base/errors.ts';
import { findProgram } from '../host/find.ts';

/** What registries and clients of every age read, or what is smaller and needs one from 2021 or later. */
export type ArchiveForm = 'gzip' | 'zstd';

/** The quickest first. A low level: a layer is sent once and a local network is quicker than a high one. */
type Program = readonly [name: string, args: readonly string[]];
const GZIP: readonly Program[] = [
  ['igzip', ['-2', '-c']],
  ['pigz', ['-1', '-n', '-c']],
];
const CHUNK = 128 * 1024;
/** CRC-32 and length at the end of a gzip member. */
const TRAILER = 8;

interface Packer {
  readonly input: Writable;
  readonly output: AsyncIterable<Uint8Array>;
  /** Resolves when it has ended well. */
  readonly ended: Promise<unknown>;
  stop(): void;
}

/** Passes bytes on and writes them, compressed, elsewhere as well; ends when both have ended. */
export async function* teePacked(
  source: AsyncIterable<Uint8Array>,
  { form, level }: { readonly form: ArchiveForm; readonly level?: number | undefined },
  write: (chunk: Uint8Array) => Promise<void>,
  programs = GZIP,
): AsyncGenerator<Uint8Array, void, void> {
  const packer = form === 'gzip' ? gzip(level === undefined ? programs : [], level) : zstd(level);
  let tail = Buffer.alloc(0);
  const written = (async () => {
    for await (const chunk of packer.output) {
      tail = Buffer.concat([tail, chunk.subarray(-TRAILER)]).subarray(-TRAILER);
      await write(chunk);
    }
    await packer.ended;
  })();
  written.catch(() => undefined);
  let sum = 0;
  let length = 0;
  try {
    for await (const chunk of source) {
      if (form === 'gzip') sum = crc32(chunk, sum);
      length += chunk.length;
      // the ring and the compressor both copy, so that the chunk may be given to both
      if (!packer.input.write(chunk)) await Promise.race([drained(packer.input), written]);
      yield chunk;
    }
    packer.input.end();
    await written;
    const right = tail.length === TRAILER && tail.readUInt32LE(0) === sum && tail.readUInt32LE(4) === length % 2 ** 32;
    if (form === 'gzip' && !right) throw internal('compressing a layer: what came out is not what went in');
  } finally {
    packer.stop();
  }
}

function drained(stream: Writable): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => {
      stream.off('drain', done);
      stream.off('close', done);
      resolve();
    };
    stream.on('drain', done);
    stream.on('close', done);
  });
}

function zstd(level = 1): Packer {
  const stream = createZstdCompress({ chunkSize: CHUNK, params: { [constants.ZSTD_c_compressionLevel]: level } });
  return { input: stream, output: stream, ended: Promise.resolve(), stop: () => stream.destroy() };
}

function gzip(programs: readonly Program[], level = 1): Packer {
  const found = programs
    .map(([name, args]) => ({ path: findProgram(name), args }))
    .find(({ path }) => path !== undefined);
  if (found?.path === undefined) {
    const stream = createGzip({ chunkSize: CHUNK, level });
    return { input: stream, output: stream, ended: Promise.resolve(), stop: () => stream.destroy() };
  }
  const { path, args } = found;
  const child = spawn(path, args, { stdio: ['pipe', 'pipe', 'pipe'] });
  let complaint = '';
  child.stderr.on('data', (chunk: Buffer) => {
    if (complaint.length < 1000) complaint += chunk.toString();
  });
  // what it does not take any more is told by how it ends
  child.stdin.on('error', () => undefined);
  const ended = new Promise<void>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code) =>
      code === 0 ? resolve() : reject(internal(`compressing a layer with ${path}: ${complaint.trim() || 'it failed'}`)),
    );
  });
  ended.catch(() => undefined);
  return { input: child.stdin, output: child.stdout, ended, stop: () => void child.kill() };
}
