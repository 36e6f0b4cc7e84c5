// Writes the members of an archive into numbered files, and those that are archives themselves into numbered directories, unpacked:
// whatever names it holds, none of them ever becomes a path.
import { createHash } from 'node:crypto';
import { closeSync, mkdirSync, openSync, rmSync, writeSync } from 'node:fs';
import { NODE_BYTES, Room } from '../room.ts';
import { within } from './kernel.ts';
import { insidePath, parentOf } from './tar/inside-path.ts';
import { SeamWriter } from './tar-split/write.ts';
import { BLOCK, type TarEntry, TarError } from './tar/entry.ts';
import { isTarHeader } from './tar/header.ts';
import { TarReader } from './tar/read.ts';
import { unpack } from './unpack.ts';

/** A plain archive that was unpacked into the directory of this number while it came. Its tar-split metadata is in `<number>.tar-split`. */
export interface SpooledLayer {
  readonly layer: number;
  readonly sha256: string;
  readonly length: number;
  /** Sum of the sizes of its files. */
  readonly size: number;
}

/** A member by its name in the archive (`a/b`, without a leading slash); `link` names another member. */
export type Spooled =
  | { readonly file: number; readonly size: number }
  | { readonly link: string }
  | SpooledLayer
  /** It begins as an archive and is none. */
  | { readonly broken: string }
  /** It was passed over, since its name is the digest of a layer that is known. */
  | { readonly known: string };

export interface SpoolOptions {
  /** Digests of layers (64 hex digits) that need not be unpacked: members that have such a name are passed over. */
  readonly known: ReadonlySet<string>;
}

const MAX_MEMBERS = 100_000;
/** Nothing smaller is an archive. */
const SMALLEST = 2 * BLOCK;

/** The last member of a name counts. */
export function spool(reader: TarReader, options: SpoolOptions): Map<string, Spooled> {
  const members = new Map<string, Spooled>();
  const room = Room.of('/');
  let count = 0;
  for (let entry = reader.next(); entry; entry = reader.next()) {
    count += 1;
    if (count > MAX_MEMBERS) throw new TarError(`the archive has more than ${MAX_MEMBERS} members`);
    const path = insidePath(entry.name);
    const name = path.slice(1);
    if (entry.type === 'file') members.set(name, content(reader, count, name, entry, options, room));
    else if (entry.type === 'symlink') {
      const target = entry.linkname.startsWith('/') ? entry.linkname : `${parentOf(path)}/${entry.linkname}`;
      members.set(name, { link: insidePath(target).slice(1) });
    } else if (entry.type === 'link') members.set(name, { link: insidePath(entry.linkname).slice(1) });
  }
  return members;
}

function content(
  reader: TarReader,
  number: number,
  name: string,
  { size, stored }: TarEntry,
  options: SpoolOptions,
  room: Room,
): Spooled {
  const digest = /^blobs\/sha256\/([a-f0-9]{64})$/.exec(name)?.[1];
  if (digest !== undefined && options.known.has(digest)) return { known: digest };
  // its holes are read as zeros
  if (stored !== undefined) room.allocate(size);
  const head = size >= SMALLEST && size % BLOCK === 0 ? firstBlock(reader) : Buffer.alloc(0);
  return isTarHeader(head) ? layer(reader, number, head) : file(reader, number, size, head, room);
}

/** At least one block; what it is in may be more. A copy, since the reader's bytes last until the next only. */
function firstBlock(reader: TarReader): Buffer {
  let head = Buffer.alloc(0);
  while (head.length < BLOCK) {
    const chunk = reader.data();
    if (!chunk) break;
    head = Buffer.concat([head, chunk]);
  }
  return head;
}

function file(reader: TarReader, number: number, size: number, head: Buffer, room: Room): Spooled {
  room.take(NODE_BYTES);
  room.ahead(size);
  const fd = openSync(`/${number}`, 'wx', 0o600);
  try {
    for (let chunk: Buffer | undefined = head; chunk; chunk = reader.data()) {
      room.take(chunk.length);
      for (let at = 0; at < chunk.length; ) at += writeSync(fd, chunk, at, chunk.length - at);
    }
  } finally {
    closeSync(fd);
  }
  return { file: number, size };
}

function layer(reader: TarReader, number: number, head: Buffer): Spooled {
  const hash = createHash('sha256');
  let length = 0;
  let pending: Buffer | undefined = head;
  const next = (): Buffer | undefined => {
    const chunk = pending ?? reader.data();
    pending = undefined;
    if (!chunk) return undefined;
    hash.update(chunk);
    length += chunk.length;
    return chunk;
  };
  mkdirSync(`/${number}`, 0o755);
  const fd = openSync(`/${number}.tar-split`, 'wx', 0o600);
  try {
    const tarSplit = new SeamWriter(fd);
    const { size } = within(`/${number}`, () => {
      const inner = new TarReader({ next }, (bytes) => tarSplit.raw(bytes));
      const unpacked = unpack(inner, { whiteouts: 'overlay' }, tarSplit);
      inner.drain();
      return unpacked;
    });
    tarSplit.end();
    return { layer: number, sha256: hash.digest('hex'), length, size };
  } catch (error) {
    if (!(error instanceof TarError)) throw error;
    rmSync(`/${number}`, { recursive: true });
    return { broken: error.message };
  } finally {
    closeSync(fd);
  }
}
