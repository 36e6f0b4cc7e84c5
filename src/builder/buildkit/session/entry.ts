// One file of a client as the protocol tells it, as it is kept, and whether the two are the same.
import { invalid } from '../../../base/errors.ts';
import type { Made } from '../../../host/sandbox/index.ts';
import type { KeptEntry } from '../../context/trees.ts';
import type { Stat } from '../protocol/messages.ts';

/** Go's bits of a file's mode. */
const GO = {
  directory: 2 ** 31,
  symlink: 2 ** 27,
  device: 2 ** 26,
  fifo: 2 ** 25,
  socket: 2 ** 24,
  setuid: 2 ** 23,
  setgid: 2 ** 22,
  char: 2 ** 21,
  sticky: 2 ** 20,
} as const;

const has = (mode: number, bit: number): boolean => Math.floor(mode / bit) % 2 === 1;

const MAX_PATH = 4096;

/** Throws for a path that a sender who keeps to the protocol would not send. Paths are bytes in latin1. */
export function checkPath(path: string): void {
  const bad = (why: string): never => {
    throw invalid(`${why} in the files of the client: ${JSON.stringify(path)}`);
  };
  if (path === '' || path.length > MAX_PATH) bad('invalid path');
  if (path.includes('\0')) bad('invalid path');
  for (const part of path.split('/')) {
    if (part === '') bad(path.startsWith('/') ? 'absolute path' : 'unclean path');
    if (part === '..') bad('path that leads outside');
    if (part === '.') bad('unclean path');
  }
}

/** The entry that a stat tells of, content not yet known; undefined for a socket, which is not sent. */
export function entryOf(stat: Stat): KeptEntry | undefined {
  const { mode } = stat;
  if (has(mode, GO.socket)) return undefined;
  const type = has(mode, GO.directory)
    ? 'directory'
    : has(mode, GO.symlink)
      ? 'symlink'
      : has(mode, GO.fifo)
        ? 'fifo'
        : has(mode, GO.device)
          ? has(mode, GO.char)
            ? 'char'
            : 'block'
          : 'file';
  const special =
    (has(mode, GO.setuid) ? 0o4000 : 0) + (has(mode, GO.setgid) ? 0o2000 : 0) + (has(mode, GO.sticky) ? 0o1000 : 0);
  return {
    type,
    mode: (mode % 0o1000) + special,
    size: type === 'directory' ? 0 : stat.size,
    sha256: '',
    linkname: type === 'symlink' ? stat.linkname : '',
    hardlink: type === 'file' ? stat.linkname : '',
    uid: stat.uid,
    gid: stat.gid,
    modTime: String(stat.modTime),
    major: stat.devmajor,
    minor: stat.devminor,
    ...(stat.xattrs.size > 0
      ? { xattrs: new Map([...stat.xattrs].map(([key, value]) => [key, Buffer.from(value).toString('latin1')])) }
      : {}),
  };
}

/** As BuildKit compares: what a directory says of its size and time does not count. */
export function isSame(kept: KeptEntry, sent: KeptEntry): boolean {
  return (
    kept.type === sent.type &&
    kept.mode === sent.mode &&
    kept.uid === sent.uid &&
    kept.gid === sent.gid &&
    kept.linkname === sent.linkname &&
    kept.hardlink === sent.hardlink &&
    kept.major === sent.major &&
    kept.minor === sent.minor &&
    (kept.type === 'directory' || (kept.size === sent.size && kept.modTime === sent.modTime)) &&
    sameAttributes(kept.xattrs, sent.xattrs)
  );
}

function sameAttributes(
  one: ReadonlyMap<string, string> | undefined,
  other: ReadonlyMap<string, string> | undefined,
): boolean {
  if (one === undefined || other === undefined) return one === other;
  return one.size === other.size && [...one].every(([key, value]) => other.get(key) === value);
}

export function madeOf(path: string, entry: KeptEntry, id: number): Made {
  return {
    type: entry.hardlink === '' ? entry.type : 'link',
    path,
    id,
    mode: entry.mode,
    uid: entry.uid,
    gid: entry.gid,
    time: Number(entry.modTime) / 1e9,
    linkname: entry.hardlink || entry.linkname,
    major: entry.major,
    minor: entry.minor,
    ...(entry.xattrs ? { xattrs: Object.fromEntries(entry.xattrs) } : {}),
  };
}
