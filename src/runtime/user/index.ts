// Who a container's process runs as: the user's text and the files of the image decide.
import { closeSync, constants, fstatSync, readSync } from 'node:fs';
import { invalid, isErrno } from '../../base/errors.ts';
import { openInRoot } from '../../host/open-in-root.ts';
import type { ResolvedUser } from '../spec/index.ts';
import { lookupUser } from './lookup.ts';

export { lookupUser } from './lookup.ts';

/** Far above any real file; what an image has beyond is its own fault. */
const MAX_BYTES = 8 * 1024 * 1024;

/**
 * Reads /etc/passwd and /etc/group below `rootfs` without ever leaving it, and looks the user up. Missing files are empty.
 * Throws invalid as lookupUser, and for files that are no files (a FIFO would block, a device would not end).
 */
export function resolveUser(rootfs: string, user: string, groupAdd: readonly string[]): ResolvedUser {
  return lookupUser(readInRoot(rootfs, '/etc/passwd'), readInRoot(rootfs, '/etc/group'), user, groupAdd);
}

function readInRoot(rootfs: string, path: string): string {
  let fd: number;
  try {
    fd = openInRoot(rootfs, path, constants.O_RDONLY | constants.O_NONBLOCK | constants.O_NOCTTY);
  } catch (error) {
    if (isErrno(error, 'ENOENT', 'ENOTDIR')) return '';
    throw invalid(`unable to read ${path} of the image: ${error instanceof Error ? error.message : ''}`, {
      cause: error,
    });
  }
  try {
    const info = fstatSync(fd);
    if (!info.isFile()) throw invalid(`unable to read ${path} of the image: it is not a regular file`);
    if (info.size > MAX_BYTES)
      throw invalid(`unable to read ${path} of the image: it is larger than ${MAX_BYTES} bytes`);
    const data = Buffer.alloc(Math.min(info.size, MAX_BYTES));
    const length = readSync(fd, data, 0, data.length, 0);
    return data.toString('utf8', 0, length);
  } finally {
    closeSync(fd);
  }
}
