// Header blocks and PAX records to entries: ustar, PAX, GNU long names, base-256 numbers.
import { BLOCK, INVALID, type TarEntry, TarError, type TarType } from './entry.ts';
import { number, text, whole } from './fields.ts';

const TYPES: Readonly<Record<string, TarType>> = {
  '\0': 'file',
  '0': 'file',
  '1': 'link',
  '2': 'symlink',
  '3': 'char',
  '4': 'block',
  '5': 'directory',
  '6': 'fifo',
  '7': 'file',
  S: 'file',
};

/** Meta members change the entry that follows; the others are entries. */
export type Flag = 'entry' | 'pax' | 'global' | 'longname' | 'longlink';

export function flagOf(block: Buffer): Flag {
  const flag = block[156];
  if (flag === 0x78) return 'pax';
  if (flag === 0x67) return 'global';
  if (flag === 0x4c) return 'longname';
  if (flag === 0x4b) return 'longlink';
  return 'entry';
}

/** Throws when the block's checksum is wrong; both the unsigned sum and the signed one of old tars are taken. */
export function verifyChecksum(block: Buffer): void {
  let unsigned = 256;
  let signed = 256;
  for (let i = 0; i < BLOCK; i += 1) {
    if (i === 148) i = 156;
    const byte = block[i] ?? 0;
    unsigned += byte;
    signed += byte > 127 ? byte - 256 : byte;
  }
  const stored = number(block, 148, 8);
  if (stored !== unsigned && stored !== signed) throw new TarError(INVALID);
}

/** Whether an archive may begin like this. */
export function isTarHeader(start: Buffer): boolean {
  if (start.length < BLOCK || start[0] === 0) return false;
  try {
    verifyChecksum(start);
    return true;
  } catch {
    return false;
  }
}

export function sizeOf(block: Buffer): number {
  const size = number(block, 124, 12);
  if (size < 0) throw new TarError(INVALID);
  return size;
}

/** A block and what meta members said before it. */
export function entryOf(block: Buffer, pax: ReadonlyMap<string, string> | undefined): TarEntry {
  const flag = String.fromCharCode(block[156] ?? 0);
  let type = TYPES[flag];
  if (type === undefined) throw new TarError(`unhandled tar header type ${block[156] ?? 0}`);
  const magic = block.toString('latin1', 257, 263);
  let name = text(block, 0, 100);
  // only POSIX ustar has a prefix; GNU tar has other fields there
  if (magic === 'ustar\0') {
    const prefix = text(block, 345, 155);
    if (prefix) name = `${prefix}/${name}`;
  }
  const entry: TarEntry = {
    name,
    type,
    mode: number(block, 100, 8) & 0o7777,
    uid: number(block, 108, 8),
    gid: number(block, 116, 8),
    size: sizeOf(block),
    mtime: number(block, 136, 12),
    linkname: type === 'link' || type === 'symlink' ? text(block, 157, 100) : '',
    major: type === 'char' || type === 'block' ? number(block, 329, 8) : 0,
    minor: type === 'char' || type === 'block' ? number(block, 337, 8) : 0,
    xattrs: undefined,
  };
  if (pax) applyPax(entry, pax);
  // programs before ustar had no type for directories
  if (flag === '\0' && entry.name.endsWith('/')) {
    type = 'directory';
    entry.type = type;
  }
  if (type !== 'file') entry.size = 0;
  if (entry.uid < 0 || entry.gid < 0 || entry.uid > 0xfffffffe || entry.gid > 0xfffffffe) throw new TarError(INVALID);
  if (entry.name.includes('\0') || entry.linkname.includes('\0')) throw new TarError(INVALID);
  return entry;
}

function applyPax(entry: TarEntry, pax: ReadonlyMap<string, string>): void {
  let xattrs: Map<string, string> | undefined;
  for (const [key, value] of pax) {
    // an empty value leaves what the block says; an attribute may be empty
    if (value === '' && !key.startsWith('SCHILY.xattr.')) continue;
    if (key === 'path') entry.name = value;
    else if (key === 'linkpath') entry.linkname = value;
    else if (key === 'size') entry.size = whole(value);
    else if (key === 'uid') entry.uid = whole(value);
    else if (key === 'gid') entry.gid = whole(value);
    else if (key === 'mtime') entry.mtime = seconds(value);
    else if (key.startsWith('SCHILY.xattr.')) (xattrs ??= new Map()).set(key.slice('SCHILY.xattr.'.length), value);
  }
  entry.xattrs = xattrs;
}

function seconds(value: string): number {
  if (!/^-?\d+(?:\.\d*)?$/.test(value)) throw new TarError(INVALID);
  return Number(value);
}

/**
 * `25 path=some/long/name\n` … to a map; throws for anything else. The only records that come more than once are those of a
 * sparse map of version 0.0: they are put together to one of version 0.1.
 */
export function parsePax(body: Buffer): Map<string, string> {
  const records = new Map<string, string>();
  const map: string[] = [];
  for (let at = 0; at < body.length; ) {
    const space = body.indexOf(32, at);
    if (space < 0 || space === at || space - at > 10) throw new TarError(INVALID);
    const digits = body.toString('latin1', at, space);
    const length = Number(digits);
    const end = at + length;
    if (!/^\d+$/.test(digits) || end > body.length || end <= space + 1 || body[end - 1] !== 10)
      throw new TarError(INVALID);
    const equals = body.indexOf(61, space + 1);
    if (equals < 0 || equals >= end) throw new TarError(INVALID);
    const key = body.toString('latin1', space + 1, equals);
    if (key.includes('\0')) throw new TarError(INVALID);
    const value = body.toString('latin1', equals + 1, end - 1);
    if (key === 'GNU.sparse.offset' || key === 'GNU.sparse.numbytes') {
      if (key !== (map.length % 2 === 0 ? 'GNU.sparse.offset' : 'GNU.sparse.numbytes') || value.includes(','))
        throw new TarError(INVALID);
      map.push(value);
    } else records.set(key, value);
    at = end;
  }
  if (map.length > 0) records.set('GNU.sparse.map', map.join(','));
  return records;
}

/** A name or link target of GNU's `@LongLink` members. */
export function parseLong(body: Buffer): string {
  return text(body, 0, body.length);
}
