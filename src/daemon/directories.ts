// The daemon's own directories: their modes are set at each start, whoever made them. A directory that others share is refused.
import { createHash } from 'node:crypto';
import { chmodSync, chownSync, lstatSync, mkdirSync, realpathSync, statSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { invalid } from '../base/errors.ts';

/** What a directory lets others do at most; the owner is always root. */
const DATA_ROOT_MODE = 0o710;
/** Only root and the containers, which need no path to them, use volumes. */
const VOLUMES_MODE = 0o700;
/** Members of the socket's group pass through it. */
const EXEC_ROOT_MODE = 0o711;

const STICKY = 0o1000;

/** Where a root really is, made where it is not there yet: the kernel names mounts so, whatever links lead to them. */
export function realRoot(path: string): string {
  mkdirSync(path, { recursive: true, mode: EXEC_ROOT_MODE });
  return realpathSync(path);
}

/**
 * What somebody who is not root may put something else in the place of, on the way to a root and to where its links lead: with
 * that they choose what the daemon owns at its next start, or move its files under it. Undefined where nobody can.
 */
export function replaceableOnTheWay(given: string): string | undefined {
  for (const path of [resolve(given), realpathSync(given)])
    for (let at = path; at !== '/'; at = dirname(at)) {
      const { uid: owner } = lstatSync(at);
      const { mode, uid } = lstatSync(dirname(at));
      const anybody = (mode & 0o022) !== 0;
      // in a sticky directory names belong to who made them
      if (uid !== 0 || (anybody && ((mode & STICKY) === 0 || owner !== 0))) return at;
    }
  return undefined;
}

/** What tells the control groups, links and tables of the daemon of this (real) data root from those of others. */
export function instanceOf(dataRoot: string): string {
  return createHash('sha256').update(dataRoot).digest('hex').slice(0, 8);
}

/** Throws when a root is a directory of the system, whose mode must not change. */
export function secureDataRoot(dataRoot: string): void {
  secure(dataRoot, DATA_ROOT_MODE, 'data root');
  secure(join(dataRoot, 'volumes'), VOLUMES_MODE, 'data root');
}

/** As `secureDataRoot`. */
export function secureExecRoot(execRoot: string): void {
  secure(execRoot, EXEC_ROOT_MODE, 'exec root');
}

function secure(path: string, most: number, what: string): void {
  mkdirSync(path, { recursive: true, mode: most });
  const { mode, uid, gid } = statSync(path);
  if (path === '/' || (mode & STICKY) !== 0)
    throw invalid(`the ${what} ${path} is shared with others; it needs to be a directory of the daemon's own`);
  if (uid !== 0 || gid !== 0) chownSync(path, 0, 0);
  // what an administrator has made stricter stays so
  const right = (mode & most) | 0o700;
  if ((mode & 0o7777) !== right) chmodSync(path, right);
}
