// What a request line asks for, made unambiguous before anything looks at it.
import { posix } from 'node:path';
import { invalid } from '../base/errors.ts';

/** The path and query of `http://host/path?query`, which a server has to take too; anything else as it is. */
export function originForm(target: string): string {
  return target.replace(/^https?:\/\/[^/?]*/i, '');
}

/**
 * Where a path with `//`, `.` or `..` in it really leads, however they are written; undefined for a path that is clean. The
 * client is sent there, as Go's router does, so that no check ever sees one path and the handler another. Throws when an
 * escape is broken.
 */
export function cleanPath(path: string): string | undefined {
  if (!/%|\/\/|\/\./.test(path)) return undefined;
  let plain: string;
  try {
    plain = decodeURIComponent(path);
  } catch {
    throw invalid('400 Bad Request');
  }
  const clean = posix.normalize(plain);
  return clean === plain ? undefined : clean.split('/').map(encodeURIComponent).join('/');
}
