// One path below the root of a confined thread: what is there, how it is packed, and how an archive is put into it.
import { closeSync, constants, fstatSync, lstatSync, openSync, readSync } from 'node:fs';
import { isErrno } from '../../base/errors.ts';
import type { PackOptions } from './pack.ts';
import { baseOf, fsPath } from './tar/inside-path.ts';
import { resolveInRoot, TooManyLinks } from './resolve.ts';
import { TarError } from './tar/entry.ts';
import type { TarReader } from './tar/read.ts';
import { unpack } from './unpack.ts';

/** All texts are bytes in latin1. */
export interface FileStat {
  /** The last name of the path: `/` for the root, `.` for what ends so. */
  readonly name: string;
  readonly size: number;
  /** As stat(2) gives it, with the kind of file. */
  readonly mode: number;
  /** Nanoseconds since 1970. */
  readonly mtime: bigint;
  /** Where a symbolic link leads in the end, from the root; empty for anything else. */
  readonly target: string;
}

export interface CopyInOptions {
  /** A directory, or a link to one. */
  readonly path: string;
  /** Nothing can be put outside `mounts`. */
  readonly readOnlyRoot: boolean;
  readonly mounts: readonly { readonly target: string; readonly rw: boolean }[];
  readonly keepTypes: boolean;
  readonly owner?: { readonly uid: number; readonly gid: number };
}

const MAX_TEXT_BYTES = 8 * 1024 * 1024;
const DIRECTORY = 0o040000;
const LINK = 0o120000;
const KIND = 0o170000;

/** `a/../b/.` to `/b/.`: clean, from the root, but a last dot or slash stays, since it means what a link leads to. */
function absolute(path: string): string {
  const parts: string[] = [];
  for (const part of path.split('/')) {
    if (part === '..') parts.pop();
    else if (part !== '' && part !== '.') parts.push(part);
  }
  const clean = `/${parts.join('/')}`;
  if (/(^|\/)\.\/*$/.test(path)) return clean === '/' ? '/.' : `${clean}/.`;
  return path.endsWith('/') && clean !== '/' ? `${clean}/` : clean;
}

export function statPath(path: string): FileStat {
  const at = absolute(path);
  const stat = lstat(at);
  const mode = Number(stat.mode);
  return {
    name: at === '/' ? '/' : baseOf(at.replace(/\/$/, '')),
    size: Number(stat.size),
    mode,
    mtime: stat.mtimeNs,
    target: (mode & KIND) === LINK ? targetOf(at) : '',
  };
}

function targetOf(path: string): string {
  try {
    return resolveInRoot(path).path;
  } catch (error) {
    if (error instanceof TooManyLinks) throw failure('ELOOP', `evalSymlinksInScope: ${error.message}`);
    throw error;
  }
}

/** A link is packed itself; with a slash behind it, the directory that it leads to is, under the link's name. */
export function packed(path: string, stat: FileStat): PackOptions {
  const at = absolute(path);
  const isDirectory = (stat.mode & KIND) === DIRECTORY;
  return {
    path: isDirectory ? resolveInRoot(at).path : at,
    as: stat.name === '/' ? '' : stat.name,
    whiteouts: 'literal',
  };
}

export function copyIn(reader: TarReader, options: CopyInOptions): void {
  const real = existing(options.path);
  const at = options.path.endsWith('/') || options.path.endsWith('/.') ? `${real}/` : real;
  if ((Number(lstat(at).mode) & KIND) !== DIRECTORY) throw new TarError('extraction point is not a directory');
  const mounted = options.mounts
    .map((one) => ({ ...one, target: resolveInRoot(one.target).path }))
    .filter(({ target }) => target === '/' || real === target || real.startsWith(`${target}/`))
    .toSorted((a, b) => b.target.length - a.target.length)[0];
  if (mounted?.rw === false) throw new TarError('mounted volume is marked read-only');
  if (!mounted && options.readOnlyRoot) throw new TarError('container rootfs is marked read-only');
  const { keepTypes, owner } = options;
  unpack(reader, { whiteouts: 'literal', into: real, keepTypes, ...(owner ? { owner } : {}) });
}

function existing(path: string): string {
  try {
    const { path: real, missing } = resolveInRoot(absolute(path));
    if (missing !== undefined) throw failure('ENOENT', `lstat ${missing}: no such file or directory`);
    return real;
  } catch (error) {
    if (error instanceof TooManyLinks) throw failure('ELOOP', 'EvalSymlinks: too many links');
    throw error;
  }
}

/** In the words that Go has for the commonest failures. */
const WORDS: Readonly<Record<string, string>> = {
  ENOENT: 'no such file or directory',
  ENOTDIR: 'not a directory',
  ELOOP: 'too many levels of symbolic links',
  ENAMETOOLONG: 'file name too long',
};

function lstat(path: string): ReturnType<typeof lstatBig> {
  try {
    return lstatBig(path);
  } catch (error) {
    const code = error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : '';
    const words = WORDS[code];
    throw words === undefined ? error : failure(code, `lstat ${path}: ${words}`);
  }
}

const lstatBig = (path: string) => lstatSync(fsPath(path), { bigint: true });

function failure(code: string, message: string): Error {
  return Object.assign(new Error(message), { code });
}

/** The text of a small regular file, latin1; empty when there is none. */
export function textOf(path: string): string {
  let fd: number;
  try {
    fd = openSync(fsPath(path), constants.O_RDONLY | constants.O_NONBLOCK | constants.O_NOCTTY);
  } catch (error) {
    // EACCES: a device
    if (isErrno(error, 'ENOENT', 'ENOTDIR', 'ELOOP', 'ENXIO', 'EACCES')) return '';
    throw error;
  }
  try {
    const stat = fstatSync(fd);
    if (!stat.isFile() || stat.size > MAX_TEXT_BYTES) return '';
    const data = Buffer.alloc(stat.size);
    return data.toString('latin1', 0, readSync(fd, data, 0, data.length, 0));
  } finally {
    closeSync(fd);
  }
}
