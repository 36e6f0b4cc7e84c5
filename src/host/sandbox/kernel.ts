// Kernel calls that Node lacks, for threads that confine themselves and for what tar archives hold.
import { closeSync, constants, openSync } from 'node:fs';
import koffi from 'koffi';

const libc = koffi.load('libc.so.6');
const unshareCall = libc.func('int unshare(int flags)') as (flags: number) => number;
const chrootCall = libc.func('int chroot(const char *path)') as (path: string) => number;
const chdirCall = libc.func('int chdir(const char *path)') as (path: string) => number;
const fchdirCall = libc.func('int fchdir(int fd)') as (fd: number) => number;
const umaskCall = libc.func('int umask(int mask)') as (mask: number) => number;
const mknodCall = libc.func('int mknod(const uint8_t *path, uint mode, uint64_t dev)') as (
  path: Buffer,
  mode: number,
  dev: number | bigint,
) => number;
const lsetxattrCall = libc.func(
  'int lsetxattr(const uint8_t *path, const uint8_t *name, const uint8_t *value, size_t size, int flags)',
) as (path: Buffer, name: Buffer, value: Buffer, size: number, flags: number) => number;
const lgetxattrCall = libc.func(
  'intptr_t lgetxattr(const uint8_t *path, const uint8_t *name, uint8_t *value, size_t size)',
) as (path: Buffer, name: Buffer, value: Buffer, size: number) => number;
const llistxattrCall = libc.func('intptr_t llistxattr(const uint8_t *path, uint8_t *list, size_t size)') as (
  path: Buffer,
  list: Buffer,
  size: number,
) => number;
const syncfsCall = libc.func('int syncfs(int fd)') as {
  async(fd: number, done: (error: unknown, result: number) => void): void;
};

const CLONE_FS = 0x200;
export const S_IFCHR = 0o020000;
export const S_IFBLK = 0o060000;
export const S_IFIFO = 0o010000;

const NAMES = new Map(Object.entries(koffi.os.errno).map(([name, value]) => [value, name]));

/** A failed call as Node's own fs reports one. */
class KernelError extends Error {
  readonly code: string;
  constructor(call: string, path: string) {
    const code = NAMES.get(koffi.errno()) ?? `errno ${koffi.errno()}`;
    super(`${code}: ${call} '${path}'`);
    this.code = code;
  }
}

/** A path in latin1 as a C string. */
function cstring(latin1: string): Buffer {
  return Buffer.from(`${latin1}\0`, 'latin1');
}

/** Only for a worker thread: from now on this thread alone has another root directory, and creates files with the mode it asks for. */
export function confineThread(root: string): void {
  if (unshareCall(CLONE_FS) !== 0) throw new KernelError('unshare', root);
  if (chrootCall(root) !== 0) throw new KernelError('chroot', root);
  if (chdirCall('/') !== 0) throw new KernelError('chdir', '/');
  umaskCall(0);
}

/**
 * Does work with a directory as the root, and comes back. The descriptor of the root before is in no table that a path could
 * reach: a root that a thread is confined to has no /proc.
 */
export function within<T>(path: string, work: () => T): T {
  const before = openSync('/', constants.O_RDONLY | constants.O_DIRECTORY);
  try {
    if (chrootCall(path) !== 0 || chdirCall('/') !== 0) throw new KernelError('chroot', path);
    const result = attempt(work);
    if (fchdirCall(before) !== 0 || chrootCall('.') !== 0) throw new KernelError('chroot', 'back');
    if ('error' in result) throw result.error;
    return result.value;
  } finally {
    closeSync(before);
  }
}

function attempt<T>(work: () => T): { readonly value: T } | { readonly error: unknown } {
  try {
    return { value: work() };
  } catch (error) {
    return { error };
  }
}

export function mknod(path: string, mode: number, major = 0, minor = 0): void {
  // glibc's makedev: the low 8 bits of the minor and 12 of the major are where they always were
  const device =
    (BigInt(major & 0xfffff000) << 32n) |
    (BigInt(major & 0xfff) << 8n) |
    (BigInt(minor & 0xffffff00) << 12n) |
    BigInt(minor & 0xff);
  if (mknodCall(cstring(path), mode, device) !== 0) throw new KernelError('mknod', path);
}

export function setXattr(path: string, name: string, value: string): void {
  const bytes = Buffer.from(value, 'latin1');
  if (lsetxattrCall(cstring(path), cstring(name), bytes, bytes.length, 0) !== 0)
    throw new KernelError(`setxattr ${name}`, path);
}

const room = Buffer.alloc(65536);

/** The value, bytes in latin1; undefined when the file has no such attribute. */
export function getXattr(path: string, name: string): string | undefined {
  const size = lgetxattrCall(cstring(path), cstring(name), room, room.length);
  return size < 0 ? undefined : room.toString('latin1', 0, size);
}

/** Names of the extended attributes; none where the file system has none. */
export function listXattrs(path: string): string[] {
  const size = llistxattrCall(cstring(path), room, room.length);
  return size <= 0 ? [] : room.toString('latin1', 0, size).split('\0').filter(Boolean);
}

/** Writes everything of the file system that an open file is on to the disk, on another thread. */
export async function syncFileSystem(fd: number): Promise<void> {
  await new Promise<void>((resolve, reject) =>
    syncfsCall.async(fd, (error, result) => {
      if (error) reject(error instanceof Error ? error : new Error('syncfs failed'));
      else if (result !== 0) reject(new Error('syncfs failed'));
      else resolve();
    }),
  );
}
