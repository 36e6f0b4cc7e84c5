// Opens a path as a process would whose root is another directory: no symlink, `..` or magic link leads out of it.
import { closeSync, constants, openSync } from 'node:fs';
import { bind, checked } from './libc.ts';

const SYS_OPENAT2 = 437;
const RESOLVE_NO_MAGICLINKS = 0x02;
const RESOLVE_BENEATH = 0x08;
const RESOLVE_IN_ROOT = 0x10;
/** struct open_how: flags, mode, resolve; 64 bits each. */
const OPEN_HOW_BYTES = 24;

const openat2 = bind('long syscall(long number, int dirfd, const char *path, void *how, size_t size)');

/** A file descriptor, closed on exec; the caller closes it. Linux 5.6 or later. Errors have the errno's name in `code`. */
export function openInRoot(root: string, path: string, flags = constants.O_RDONLY): number {
  return openResolved(root, path, flags, RESOLVE_IN_ROOT);
}

/** The same where nothing may even try to lead out: EXDEV for an absolute link, and for `..` above the root. Opened by its place alone. */
export function openBeneath(root: string, path: string): number {
  return openResolved(root, path, O_PATH, RESOLVE_BENEATH);
}

function openResolved(root: string, path: string, flags: number, resolve: number): number {
  const how = Buffer.alloc(OPEN_HOW_BYTES);
  how.writeBigUInt64LE(BigInt(flags | O_CLOEXEC), 0);
  how.writeBigUInt64LE(BigInt(resolve | RESOLVE_NO_MAGICLINKS), 16);
  const directory = openSync(root, constants.O_RDONLY | constants.O_DIRECTORY);
  try {
    return checked(Number(openat2(SYS_OPENAT2, directory, path, how, OPEN_HOW_BYTES)), 'openat2', path);
  } finally {
    closeSync(directory);
  }
}

/** Node has no names for them. */
const O_CLOEXEC = 0o2000000;
export const O_PATH = 0o10000000;
