// One small file of a context; no link leads out of it.
import { closeSync, constants, fstatSync, readSync } from 'node:fs';
import { invalid, isErrno } from '../../base/errors.ts';
import { openInRoot } from '../../host/open-in-root.ts';

/** undefined when there is none. Throws invalid for what is no file, or larger than `limit`. */
export function readBelow(directory: string, path: string, limit: number): Uint8Array | undefined {
  let fd: number;
  try {
    fd = openInRoot(directory, path, constants.O_RDONLY | constants.O_NONBLOCK);
  } catch (error) {
    if (isErrno(error, 'ENOENT', 'ENOTDIR', 'ELOOP')) return undefined;
    throw error;
  }
  try {
    const stat = fstatSync(fd);
    if (!stat.isFile()) throw invalid(`${path} is not a regular file`);
    if (stat.size > limit) throw invalid(`${path} is larger than ${limit} bytes`);
    const data = Buffer.alloc(stat.size);
    return data.subarray(0, readSync(fd, data, 0, data.length, 0));
  } finally {
    closeSync(fd);
  }
}
