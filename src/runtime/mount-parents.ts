// What a mount finds in the root file system, made and read before the runtime is called: crun gives directories that it makes a
// sticky bit, and a tmpfs mode 1777 wherever it is; runc gives 0755, and the mode of the directory that is there.
import { closeSync, constants, fstatSync, mkdirSync } from 'node:fs';
import { posix } from 'node:path';
import { isErrno } from '../base/errors.ts';
import { O_PATH, openInRoot } from '../host/open-in-root.ts';
import type { OciSpec } from './spec/index.ts';

/** The runtime makes these itself, and what it mounts there covers them. */
const KERNEL = /^\/(proc|sys|dev)(\/|$)/;

/** Makes the directories above mounts; the answer is the spec with modes of tmpfs mounts. Links are followed inside the root. */
export function prepareMounts(spec: OciSpec): OciSpec {
  const binds = spec.mounts.filter(({ type }) => type === 'bind');
  const mounts = spec.mounts.map((one) => {
    const { destination } = one;
    if (KERNEL.test(destination)) return one;
    // what is mounted above it is not in the root
    const above = binds
      .filter((other) => destination.startsWith(`${other.destination}/`))
      .toSorted((a, b) => b.destination.length - a.destination.length)[0];
    if (above?.options.some((option) => option === 'ro' || option === 'rro')) return one;
    const root = above?.source ?? spec.root.path;
    const path = above === undefined ? destination : destination.slice(above.destination.length);
    makeDirectories(root, posix.dirname(path));
    if (one.type !== 'tmpfs' || one.options.some((option) => option.startsWith('mode='))) return one;
    const mode = modeOf(root, path);
    return mode === undefined ? one : { ...one, options: [...one.options, `mode=${mode.toString(8)}`] };
  });
  return { ...spec, mounts };
}

/** What is there, or cannot be made, is left to the runtime, which says why. */
function makeDirectories(root: string, path: string): void {
  if (path === '/' || modeOf(root, path) !== undefined) return;
  makeDirectories(root, posix.dirname(path));
  let parent: number;
  try {
    parent = openInRoot(root, posix.dirname(path), O_PATH | constants.O_DIRECTORY);
  } catch (error) {
    if (isErrno(error, 'ENOENT', 'ENOTDIR', 'ELOOP')) return;
    throw error;
  }
  try {
    mkdirSync(`/proc/self/fd/${parent}/${posix.basename(path)}`, { mode: 0o755 });
  } catch (error) {
    if (!isErrno(error, 'EEXIST', 'EROFS', 'EACCES', 'EPERM', 'ENOENT')) throw error;
  } finally {
    closeSync(parent);
  }
}

/** Permissions of a directory; undefined where there is none. */
function modeOf(root: string, path: string): number | undefined {
  try {
    const fd = openInRoot(root, path, O_PATH | constants.O_DIRECTORY);
    try {
      return fstatSync(fd).mode & 0o7777;
    } finally {
      closeSync(fd);
    }
  } catch (error) {
    if (isErrno(error, 'ENOENT', 'ENOTDIR', 'ELOOP')) return undefined;
    throw error;
  }
}
