// The text of a file that somebody else may make as large as he likes.
import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import { invalid } from '../base/errors.ts';

/** Throws invalid for a file of more bytes than that. */
export function readBounded(path: string, limit: number): string {
  const fd = openSync(path, 'r');
  try {
    const { size } = fstatSync(fd);
    if (size > limit) throw invalid(`${path} is larger than ${limit} bytes`);
    const data = Buffer.alloc(size);
    return data.toString('utf8', 0, readSync(fd, data, 0, size, 0));
  } finally {
    closeSync(fd);
  }
}
