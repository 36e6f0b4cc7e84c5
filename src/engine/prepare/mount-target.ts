// Where the target of a mount is once the links of the root file system are followed, and whether it may be mounted there.
import { closeSync, readlinkSync, realpathSync, statfsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { isErrno } from '../../base/errors.ts';
import { O_PATH, openInRoot } from '../../host/open-in-root.ts';
import { checkProcTarget } from '../../runtime/spec/index.ts';

const PROC_MAGIC = 0x9fa0;

/** Throws internal in the runtime's words. `rootfs` is mounted. */
export function checkTarget(rootfs: string, target: string, source: string): void {
  const real = realTarget(realpathSync(rootfs), target);
  const isProc = real === '/proc' && source.startsWith('/') && statfsSync(source).type === PROC_MAGIC;
  checkProcTarget(real, { path: source, isProc });
}

/** What does not exist yet is where the runtime will make it: below the last directory that does. */
function realTarget(rootfs: string, target: string): string {
  let missing = '';
  for (let path = target; path !== '/'; path = dirname(path)) {
    const there = placeOf(rootfs, path);
    if (there !== undefined) return join(there, missing);
    missing = join(path.slice(path.lastIndexOf('/')), missing);
  }
  return join('/', missing);
}

function placeOf(rootfs: string, path: string): string | undefined {
  try {
    const fd = openInRoot(rootfs, path, O_PATH);
    try {
      return readlinkSync(`/proc/self/fd/${fd}`).slice(rootfs.length) || '/';
    } finally {
      closeSync(fd);
    }
  } catch (error) {
    if (isErrno(error, 'ENOENT', 'ENOTDIR', 'ELOOP')) return undefined;
    throw error;
  }
}
