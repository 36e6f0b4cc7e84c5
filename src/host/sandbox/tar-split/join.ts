// Seams and the unpacked directory (the root of a confined thread) to the archive that they came from.
import { closeSync, constants, openSync, readSync } from 'node:fs';
import { zstdDecompressSync } from 'node:zlib';
import { isErrno } from '../../../base/errors.ts';
import { fsPath } from '../tar/inside-path.ts';
import { CONTENT, FRAME_BYTES, LOST, MAGIC, PIECE, RAW } from './write.ts';

type SeamRecord =
  | { readonly kind: 'raw' | 'piece'; readonly bytes: Buffer }
  | { readonly kind: 'content' | 'lost'; readonly path: string; readonly size: number };

/** A record that can be come back to. */
interface Position {
  readonly frame: number;
  readonly at: number;
}

/** The file of the content with this number (counted from 0) was replaced; its bytes follow the position. */
interface Replaced {
  readonly content: number;
  readonly position: Position;
}

const COPY = 256 * 1024;
const DAMAGED = 'the layer is damaged';

/** `fd` holds seams. Throws when these or the directory are not what they were. */
export function joinTarSplit(fd: number, write: (chunk: Uint8Array) => void): void {
  const replaced = findReplaced(fd);
  const copy = Buffer.allocUnsafe(COPY);
  let content = 0;
  for (const { record } of records(fd, START)) {
    if (record.kind === 'raw') write(record.bytes);
    else if (record.kind === 'content') {
      const gone = replaced.get(record.path)?.find((one) => one.content === content);
      if (gone) writePieces(fd, gone.position, record.size, write);
      else copyFile(record.path, record.size, copy, write);
      content += 1;
    }
  }
}

const START: Position = { frame: MAGIC.length, at: 0 };

function findReplaced(fd: number): Map<string, Replaced[]> {
  const magic = Buffer.alloc(MAGIC.length);
  readSync(fd, magic, 0, magic.length, 0);
  if (!magic.equals(MAGIC)) throw new Error(DAMAGED);
  const found: { readonly path: string; readonly before: number; readonly position: Position }[] = [];
  let content = 0;
  for (const { record, next } of records(fd, START)) {
    if (record.kind === 'content') content += 1;
    else if (record.kind === 'lost') found.push({ path: record.path, before: content, position: next });
  }
  const byPath = new Map<string, Replaced[]>(found.map(({ path }) => [path, []]));
  if (found.length === 0) return byPath;
  // the last content of the path before the loss is the one that was lost
  const last = new Map<string, number>();
  let lost = 0;
  content = 0;
  for (const { record } of records(fd, START)) {
    if (record.kind === 'content') {
      if (byPath.has(record.path)) last.set(record.path, content);
      content += 1;
    } else if (record.kind === 'lost') {
      const number = last.get(record.path);
      const position = found[lost]?.position;
      if (number !== undefined && position) byPath.get(record.path)?.push({ content: number, position });
      lost += 1;
    }
  }
  return byPath;
}

function* records(fd: number, from: Position): Generator<{ record: SeamRecord; next: Position }, void, void> {
  const head = Buffer.alloc(4);
  for (let frame = from.frame, at = from.at; ; at = 0) {
    const got = readSync(fd, head, 0, 4, frame);
    if (got === 0) return;
    const length = head.readUInt32LE();
    const packed = Buffer.allocUnsafe(length > 2 * FRAME_BYTES ? 0 : length);
    if (got < 4 || length !== packed.length || readSync(fd, packed, 0, length, frame + 4) !== length)
      throw new Error(DAMAGED);
    const payload = zstdDecompressSync(packed, { maxOutputLength: FRAME_BYTES });
    while (at < payload.length) {
      const kind = payload[at];
      if (kind === RAW || kind === PIECE) {
        const size = payload.readUInt32LE(at + 1);
        const bytes = payload.subarray(at + 5, at + 5 + size);
        at += 5 + size;
        yield { record: { kind: kind === RAW ? 'raw' : 'piece', bytes }, next: { frame, at } };
      } else if (kind === CONTENT || kind === LOST) {
        const size = payload.readUIntLE(at + 1, 6);
        const end = at + 9 + payload.readUInt16LE(at + 7);
        const path = payload.toString('latin1', at + 9, end);
        at = end;
        yield { record: { kind: kind === CONTENT ? 'content' : 'lost', path, size }, next: { frame, at } };
      } else throw new Error(DAMAGED);
    }
    frame += 4 + length;
  }
}

function writePieces(fd: number, from: Position, size: number, write: (chunk: Uint8Array) => void): void {
  let left = size;
  if (left === 0) return;
  for (const { record } of records(fd, from)) {
    if (record.kind !== 'piece') break;
    write(record.bytes);
    left -= record.bytes.length;
    if (left <= 0) return;
  }
  throw new Error(DAMAGED);
}

function copyFile(path: string, size: number, copy: Buffer, write: (chunk: Uint8Array) => void): void {
  let fd: number;
  try {
    fd = openSync(fsPath(path), constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  } catch (error) {
    if (isErrno(error, 'ENOENT', 'ENOTDIR', 'ELOOP', 'ENXIO')) throw new Error(DAMAGED, { cause: error });
    throw error;
  }
  try {
    for (let left = size; left > 0; ) {
      const count = readSync(fd, copy, 0, Math.min(copy.length, left), null);
      if (count === 0) throw new Error(DAMAGED);
      write(copy.subarray(0, count));
      left -= count;
    }
  } finally {
    closeSync(fd);
  }
}
