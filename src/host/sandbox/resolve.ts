// Where a path leads when its links are followed: for a thread whose root cannot be left. Paths are latin1 strings of bytes.
import { lstatSync, readlinkSync } from 'node:fs';
import { isErrno } from '../../base/errors.ts';
import { fsPath } from './tar/inside-path.ts';

const MAX_LINKS = 255;

export interface Resolved {
  /** Absolute, without links in what exists of it. */
  readonly path: string;
  /** The first part that does not exist; undefined when all of it does. */
  readonly missing: string | undefined;
}

/** More links than that are a loop. */
export class TooManyLinks extends Error {}

/** Parts that do not exist stay as they are. Throws TooManyLinks, and ENOTDIR for a part below a file. */
export function resolveInRoot(path: string): Resolved {
  return resolveBelow('', path);
}

/** As `resolveInRoot`, for a tree at `base` below the root; paths are those of the tree. Nobody else may change it meanwhile. */
export function resolveBelow(base: string, path: string): Resolved {
  const todo = path.split('/').reverse();
  let at = '';
  let links = 0;
  let missing: string | undefined;
  for (let part = todo.pop(); part !== undefined; part = todo.pop()) {
    if (part === '' || part === '.') continue;
    if (part === '..') {
      at = at.slice(0, Math.max(0, at.lastIndexOf('/')));
      continue;
    }
    const next = `${at}/${part}`;
    const target = missing === undefined ? linkAt(base + next) : undefined;
    if (target === 'none') missing = next;
    if (typeof target !== 'object') {
      at = next;
      continue;
    }
    links += 1;
    if (links > MAX_LINKS) throw new TooManyLinks(`too many links in ${path}`);
    if (target.link.startsWith('/')) at = '';
    todo.push(...target.link.split('/').reverse());
  }
  return { path: at === '' ? '/' : at, missing };
}

function linkAt(path: string): { readonly link: string } | 'none' | undefined {
  const stat = lstatSync(fsPath(path), { throwIfNoEntry: false });
  if (stat === undefined) return 'none';
  if (!stat.isSymbolicLink()) return undefined;
  try {
    return { link: readlinkSync(fsPath(path), { encoding: 'latin1' }) };
  } catch (error) {
    // it was a link a moment ago
    if (isErrno(error, 'EINVAL', 'ENOENT')) return undefined;
    throw error;
  }
}
