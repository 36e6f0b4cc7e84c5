// Makes a log file smaller that nobody writes any more: its end alone, or as gzip.
import {
  closeSync,
  createReadStream,
  createWriteStream,
  existsSync,
  fstatSync,
  openSync,
  readSync,
  renameSync,
  rmSync,
  writeSync,
} from 'node:fs';
import { open } from 'node:fs/promises';
import { pipeline } from 'node:stream/promises';
import { createGzip } from 'node:zlib';

const NEWLINE = 10;
const MODE = 0o600;
const CHUNK = 1024 * 1024;

/** Writes the last `bytes` of a file to another, from a line's beginning on. */
export function keepEnd(from: string, to: string, bytes: number): void {
  const source = openSync(from, 'r');
  try {
    const target = openSync(to, 'w', MODE);
    try {
      copyEnd(source, target, bytes);
    } catch (error) {
      rmSync(to, { force: true });
      throw error;
    } finally {
      closeSync(target);
    }
  } finally {
    closeSync(source);
  }
}

function copyEnd(source: number, target: number, bytes: number): void {
  const { size } = fstatSync(source);
  const buffer = Buffer.allocUnsafe(Math.min(CHUNK, bytes));
  let begun = bytes >= size;
  for (let at = Math.max(0, size - bytes); at < size; ) {
    const length = readSync(source, buffer, 0, buffer.length, at);
    if (length === 0) return;
    at += length;
    const newline = begun ? -1 : buffer.subarray(0, length).indexOf(NEWLINE);
    if (!begun && newline < 0) continue;
    begun = true;
    for (let written = newline + 1; written < length; ) written += writeSync(target, buffer, written, length - written);
  }
}

/** `file` becomes `file.gz`; there is one of the two at any time. A file that goes meanwhile is gone. */
export async function compressFile(file: string, signal: AbortSignal): Promise<void> {
  const packing = `${file}.gz.new`;
  try {
    await pipeline(createReadStream(file), createGzip({ level: 1 }), createWriteStream(packing, { mode: MODE }), {
      signal,
    });
    await using handle = await open(packing, 'r');
    await handle.sync();
    if (existsSync(file)) {
      renameSync(packing, `${file}.gz`);
      rmSync(file, { force: true });
    }
  } finally {
    rmSync(packing, { force: true });
  }
}
