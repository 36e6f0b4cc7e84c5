// Files by an open directory and a name, and what belongs to an open file: kernel calls that Node has by path only, where a path may
// lead elsewhere by the time it is used. Names are bytes in latin1.
import { closeSync, constants, openSync } from 'node:fs';
import type { Directory, Door, Name } from '../../files/index.ts';
import { bind, checked } from '../libc.ts';

const openatCall = bind('int openat(int directory, const uint8_t *name, int flags)');
const linkatCall = bind('int linkat(int from, const uint8_t *name, int to, const uint8_t *newName, int flags)');
const readlinkatCall = bind('intptr_t readlinkat(int file, const uint8_t *name, uint8_t *target, size_t size)');
const mknodCall = bind('int mknod(const uint8_t *name, uint mode, uint64_t device)');
const closeCall = bind('int close(int file)');
const fchdirCall = bind('int fchdir(int directory)');
const copyCall = bind(
  'intptr_t copy_file_range(int from, void *fromAt, int to, void *toAt, size_t length, uint flags)',
);
const lseekCall = bind('int64_t lseek(int file, int64_t offset, int whence)');
const flistxattrCall = bind('intptr_t flistxattr(int file, uint8_t *names, size_t size)');
const fgetxattrCall = bind('intptr_t fgetxattr(int file, const uint8_t *name, uint8_t *value, size_t size)');
const fsetxattrCall = bind(
  'int fsetxattr(int file, const uint8_t *name, const uint8_t *value, size_t size, int flags)',
);

const O_CLOEXEC = 0o2000000;
const MAX_LINK = 4096;
const MAX_XATTR = 65536;
const SEEK_SET = 0;
const SEEK_DATA = 3;
const SEEK_HOLE = 4;

const room = Buffer.alloc(MAX_XATTR);

function fsPath(name: string): string | Buffer {
  return /[^\p{ASCII}]/u.test(name) ? Buffer.from(name, 'latin1') : name;
}

function cstring(name: Name): Buffer {
  return typeof name === 'string' ? Buffer.from(`${name}\0`, 'latin1') : Buffer.concat([name, Buffer.alloc(1)]);
}

/** The entry itself, never what a link leads to. */
export function openAt(directory: Directory, name: Name, flags: number): number {
  const all = flags | constants.O_NOFOLLOW | O_CLOEXEC;
  return checked(openatCall(directory, cstring(name), all) as number, 'openat', String(name));
}

/** Of what `openAt` opened: Node would warn of a descriptor that it did not open. */
export function closeAt(file: number): void {
  closeCall(file);
}

/** Of a link that was opened with O_PATH. */
export function linkTarget(link: number): Buffer {
  const size = checked(Number(readlinkatCall(link, cstring(''), room, MAX_LINK)), 'readlinkat', '');
  return Buffer.from(room.subarray(0, size));
}

/** Bytes that were copied, by the kernel, sharing them where the file system can; 0 at the end. */
export function copyRange(from: number, to: number, length: number): number {
  return checked(Number(copyCall(from, null, to, null, length, 0)), 'copy_file_range', '');
}

/** Where the next data begins and ends, from `offset` on; undefined when only a hole is left. */
export function nextData(file: number, offset: number): { readonly from: number; readonly to: number } | undefined {
  const from = Number(lseekCall(file, offset, SEEK_DATA));
  if (from < 0) return undefined;
  return { from, to: checked(Number(lseekCall(file, from, SEEK_HOLE)), 'lseek', '') };
}

export function seek(file: number, offset: number): void {
  checked(Number(lseekCall(file, offset, SEEK_SET)), 'lseek', '');
}

/** A FIFO or device, with the number as stat(2) gives it; the name as a door gave it last. */
export function makeNode(name: string | Buffer, mode: number, device: number): void {
  checked(mknodCall(cstring(name), mode, device) as number, 'mknod', String(name));
}

/** Names of extended attributes of an open file; none where the file system has none. */
export function xattrsOf(file: number): string[] {
  const size = Number(flistxattrCall(file, room, room.length));
  return size <= 0 ? [] : room.toString('latin1', 0, size).split('\0').filter(Boolean);
}

export function copyXattr(from: number, to: number, name: string): void {
  const attribute = cstring(name);
  const size = Number(fgetxattrCall(from, attribute, room, room.length));
  if (size < 0) return;
  checked(fsetxattrCall(to, attribute, room, size, 0) as number, 'fsetxattr', name);
}

/**
 * The thread's own working directory is the directory in question, so that a name is all that is left to look up. Only for a thread
 * that shares its working directory with no other.
 */
export class WorkingDoor implements Door {
  #current: Directory | undefined;

  open(directory: Directory, name: Name): Directory {
    return openSync(this.at(directory, name), constants.O_RDONLY | constants.O_DIRECTORY | constants.O_NOFOLLOW);
  }

  openRoot(path: string): Directory {
    return openSync(fsPath(path), constants.O_RDONLY | constants.O_DIRECTORY);
  }

  close(directory: Directory): void {
    this.forget(directory);
    closeSync(directory);
  }

  at(directory: Directory, name: Name): string | Buffer {
    this.#go(directory);
    return typeof name === 'string' ? fsPath(name) : name;
  }

  self(directory: Directory): string {
    this.#go(directory);
    return '.';
  }

  link(from: Directory, name: string, to: Directory, newName: string): void {
    checked(linkatCall(from, cstring(name), to, cstring(newName), 0) as number, 'linkat', newName);
  }

  /** The thread is to go elsewhere the next time, since this number will be another directory's. */
  forget(directory: Directory): void {
    if (this.#current === directory) this.#current = undefined;
  }

  #go(directory: Directory): void {
    if (this.#current === directory) return;
    checked(fchdirCall(directory) as number, 'fchdir', String(directory));
    this.#current = directory;
  }
}
