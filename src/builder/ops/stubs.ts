// What the runtime makes in a step's tree to mount on: found before, and taken away behind it.
import { chmodSync, closeSync, constants, lstatSync, rmdirSync, unlinkSync } from 'node:fs';
import { posix } from 'node:path';
import { isErrno } from '../../base/errors.ts';
import { O_PATH, openInRoot } from '../../host/open-in-root.ts';

/** Paths that are not in the tree yet, each before what is below it: the runtime makes them to mount something there. */
export function missingPaths(root: string, targets: readonly string[]): string[] {
  const missing = new Set<string>();
  for (const target of targets) {
    const parts = target.split('/').filter(Boolean);
    for (let count = 1; count <= parts.length; count += 1) {
      const path = `/${parts.slice(0, count).join('/')}`;
      if (!missing.has(path) && !isThere(root, path)) missing.add(path);
    }
  }
  return [...missing];
}

function isThere(root: string, path: string): boolean {
  try {
    closeSync(openInRoot(root, path, O_PATH | constants.O_NOFOLLOW));
    return true;
  } catch (error) {
    if (isErrno(error, 'ENOENT', 'ENOTDIR', 'ELOOP')) return false;
    throw error;
  }
}

export function isDirectoryIn(root: string, path: string): boolean {
  try {
    closeSync(openInRoot(root, path, O_PATH | constants.O_DIRECTORY));
    return true;
  } catch (error) {
    if (isErrno(error, 'ENOENT', 'ENOTDIR', 'ELOOP')) return false;
    throw error;
  }
}

/** What the runtime made to mount on is no change of the step, as long as it is empty. The step may have put links anywhere: none is followed out. */
export function removeStubs(upper: string, stubs: readonly string[], kept: readonly string[]): void {
  for (const path of stubs.toReversed()) {
    let parent: number;
    try {
      parent = openInRoot(upper, posix.dirname(path), O_PATH | constants.O_DIRECTORY);
    } catch (error) {
      if (isErrno(error, 'ENOENT', 'ENOTDIR', 'ELOOP')) continue;
      throw error;
    }
    const at = `/proc/self/fd/${parent}/${posix.basename(path)}`;
    try {
      if (kept.some((one) => one === path || one.startsWith(`${path}/`))) plainMode(at);
      else removeEmpty(at);
    } finally {
      closeSync(parent);
    }
  }
}

function removeEmpty(path: string): void {
  try {
    rmdirSync(path);
    return;
  } catch (error) {
    if (isErrno(error, 'ENOENT')) return;
    if (isErrno(error, 'ENOTEMPTY')) {
      plainMode(path);
      return;
    }
    if (!isErrno(error, 'ENOTDIR')) throw error;
  }
  if (isEmptyFile(path)) unlinkSync(path);
}

/** A directory that crun makes is sticky. */
function plainMode(path: string): void {
  if ((lstatSync(path).mode & 0o7777) === 0o1755) chmodSync(path, 0o755);
}

function isEmptyFile(path: string): boolean {
  const stat = lstatSync(path, { throwIfNoEntry: false });
  return stat?.isFile() === true && stat.size === 0;
}
