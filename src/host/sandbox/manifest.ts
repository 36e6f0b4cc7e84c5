// What is below a directory, each file with the digest of its content: read by a confined thread.
import { createHash } from 'node:crypto';
import { closeSync, constants, lstatSync, openSync, readdirSync, readlinkSync, readSync, type Stats } from 'node:fs';
import { isErrno } from '../../base/errors.ts';
import { getXattr } from './kernel.ts';
import { baseOf, fsPath, parentOf } from './tar/inside-path.ts';
import { resolveBelow } from './resolve.ts';

/** One file. Its times are not here: they do not say what it is. */
export interface ManifestEntry {
  readonly type: 'file' | 'directory' | 'symlink' | 'fifo' | 'char' | 'block';
  /** Permission bits, with setuid, setgid and sticky: 0o7777. */
  readonly mode: number;
  readonly size: number;
  /** SHA-256 of the content of a file, 64 hex digits; '' for the others, and where it was not asked for. */
  readonly sha256: string;
  /** Target of a symbolic link. */
  readonly linkname: string;
  /** Owner, numbers of a device and capabilities as one text, where they are not root's and none; of what was scanned. */
  readonly attributes?: string;
}

/** Path without a leading slash (bytes in latin1) to what is there, in the order of a walk. */
export type Manifest = ReadonlyMap<string, ManifestEntry>;

export interface ScanOptions {
  /** Where the tree is below the thread's root; '' for the root itself. */
  readonly base?: string;
  /** Absolute in the tree; links on the way are followed within it; what is there is not followed when it is a link. */
  readonly paths: readonly string[];
  readonly digests: boolean;
}

const CHUNK = 256 * 1024;
const buffer = Buffer.allocUnsafe(CHUNK);

/** Everything at and below some paths, under their whole paths. Paths where nothing is are left out. */
export function scan({ base = '', paths, digests }: ScanOptions): Map<string, ManifestEntry> {
  const found = new Map<string, ManifestEntry>();
  const visit = (path: string): void => {
    const entry = entryOf(base + path, digests);
    if (!entry) return;
    if (path !== '/' && path !== '') found.set(path.slice(1), entry);
    if (entry.type !== 'directory') return;
    for (const name of readdirSync(fsPath(base + path), { encoding: 'latin1' }).sort())
      visit(path === '/' ? `/${name}` : `${path}/${name}`);
  };
  for (const path of paths) {
    // links on the way and where they lead belong to it
    for (const part of waysTo(base, path)) {
      const entry = entryOf(base + part, digests);
      if (entry && part !== '/') found.set(part.slice(1), entry);
    }
    visit(resolveBelow(base, path).path);
  }
  return found;
}

function entryOf(path: string, digests: boolean): ManifestEntry | undefined {
  let stat: Stats | undefined;
  try {
    stat = lstatSync(fsPath(path), { throwIfNoEntry: false });
  } catch (error) {
    if (isErrno(error, 'ENOTDIR')) return undefined;
    throw error;
  }
  if (!stat || stat.isSocket()) return undefined;
  const attributes = attributesOf(path, stat);
  const base = { mode: stat.mode & 0o7777, size: 0, sha256: '', linkname: '', ...(attributes ? { attributes } : {}) };
  if (stat.isDirectory()) return { ...base, type: 'directory' };
  if (stat.isSymbolicLink())
    return { ...base, mode: 0o777, type: 'symlink', linkname: readlinkSync(fsPath(path), { encoding: 'latin1' }) };
  if (stat.isFile()) return { ...base, type: 'file', size: stat.size, sha256: digests ? digestOf(path) : '' };
  return { ...base, type: stat.isFIFO() ? 'fifo' : stat.isBlockDevice() ? 'block' : 'char' };
}

function attributesOf(path: string, stat: Stats): string {
  const owner = stat.uid === 0 && stat.gid === 0 ? '' : `${stat.uid}:${stat.gid}`;
  if (stat.isBlockDevice() || stat.isCharacterDevice()) return `${owner} device ${stat.rdev}`;
  const capabilities = stat.isFile() ? getXattr(path, 'security.capability') : undefined;
  return capabilities === undefined ? owner : `${owner} ${Buffer.from(capabilities, 'latin1').toString('hex')}`;
}

function digestOf(path: string): string {
  const fd = openSync(fsPath(path), constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  try {
    const hash = createHash('sha256');
    for (let count = readSync(fd, buffer, 0, CHUNK, null); count > 0; count = readSync(fd, buffer, 0, CHUNK, null))
      hash.update(buffer.subarray(0, count));
    return hash.digest('hex');
  } finally {
    closeSync(fd);
  }
}

/** A path and each one above it, as written and as links lead. */
function waysTo(base: string, path: string): string[] {
  const ways: string[] = [];
  const parts = path.split('/').filter((part) => part !== '' && part !== '.');
  for (let count = 1; count <= parts.length; count += 1) {
    const above = resolveBelow(base, parts.slice(0, count - 1).join('/')).path;
    const own = `${above === '/' ? '' : above}/${parts[count - 1]}`;
    ways.push(
      own,
      ...above.split('/').map((_, index, all) => all.slice(0, index + 1).join('/')),
      ...linksFrom(base, own),
    );
  }
  return ways.filter((way) => way !== '');
}

/** The links that a link leads over, as far as they are links themselves. */
function linksFrom(base: string, path: string): string[] {
  const found: string[] = [];
  let at = path;
  for (let count = 0; count < MAX_LINKS; count += 1) {
    const entry = entryOf(base + at, false);
    if (entry?.type !== 'symlink') break;
    const next = entry.linkname.startsWith('/') ? entry.linkname : `${parentOf(at)}/${entry.linkname}`;
    const parent = resolveBelow(base, parentOf(next)).path;
    at = `${parent === '/' ? '' : parent}/${baseOf(next)}`;
    found.push(...at.split('/').map((_, index, all) => all.slice(0, index + 1).join('/')));
  }
  return found;
}

const MAX_LINKS = 40;
