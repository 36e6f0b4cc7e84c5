// Mounts: overlay root file systems, binds and tmpfs, made and taken away.
import { readFileSync } from 'node:fs';
import { isErrno } from '../base/errors.ts';
import { faultPoint } from './fault.ts';
import { bind, checked, SystemCallError } from './libc.ts';

const mountCall = bind(
  'int mount(const char *source, const char *target, const char *type, unsigned long flags, const char *data)',
);
const setattrCall = bind(
  'long syscall(long number, int dirfd, const char *path, unsigned int flags, void *attr, size_t size)',
);
const umountCall = bind('int umount2(const char *target, int flags)');

export const MS = {
  RDONLY: 1,
  NOSUID: 2,
  NODEV: 4,
  NOEXEC: 8,
  REMOUNT: 32,
  BIND: 4096,
  REC: 16384,
  PRIVATE: 1 << 18,
  SLAVE: 1 << 19,
  SHARED: 1 << 20,
} as const;
const MNT_DETACH = 2;
const SYS_MOUNT_SETATTR = 442;
const MOUNT_ATTR_NOSUID = 2;
const MOUNT_ATTR_NODEV = 4;
const AT_FDCWD = -100;
const AT_RECURSIVE = 0x8000;

/** One mount(2). `data` is limited by the kernel to a page. */
export function mount(source: string, target: string, type: string, flags: number, data: string): void {
  faultPoint('mount');
  checked(mountCall(source, target, type, flags, data) as number, 'mount', `${source} on ${target}`);
}

/** Detaches a mount; one that is not there is no error. Runs on a pool thread, since the kernel may write back dirty data first. */
export async function unmount(target: string): Promise<void> {
  faultPoint('unmount');
  await new Promise<void>((resolve, reject) => {
    umountCall.async(target, MNT_DETACH, (error: unknown, result: number) => {
      if (error) reject(error instanceof Error ? error : new Error('umount2 cannot be called', { cause: error }));
      else if (result === 0) resolve();
      else if (isMountPoint(target)) reject(new SystemCallError('umount2', 16, target));
      else resolve();
    });
  });
}

/** Detaches a mount on this thread; one that is not there is no error. */
export function unmountSync(target: string): void {
  try {
    checked(umountCall(target, MNT_DETACH) as number, 'umount2', target);
  } catch (error) {
    if (!isErrno(error, 'EINVAL', 'ENOENT')) throw error;
  }
}

/** Whether mount_setattr(2) is there: Linux 5.12. The size of 0 is refused before anything is done. */
export function canChangeMountsBelow(): boolean {
  try {
    checked(Number(setattrCall(SYS_MOUNT_SETATTR, -1, '/', 0, null, 0)), 'mount_setattr', '/');
    return true;
  } catch (error) {
    return isErrno(error, 'EINVAL');
  }
}

/** From here on nothing below this mount point is opened as a device or counts as setuid. Left out where the kernel is older than 5.12. */
export function withoutDevices(target: string): void {
  const attributes = Buffer.alloc(32);
  attributes.writeBigUInt64LE(BigInt(MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV));
  const result = setattrCall(SYS_MOUNT_SETATTR, AT_FDCWD, target, AT_RECURSIVE, attributes, attributes.length);
  try {
    checked(Number(result), 'mount_setattr', target);
  } catch (error) {
    if (!isErrno(error, 'ENOSYS')) throw error;
  }
}

/** Every mount point at or below a folder, deepest first, as the kernel lists them. */
export function mountsBelow(folder: string): string[] {
  return mountPoints()
    .filter((target) => target === folder || target.startsWith(`${folder}/`))
    .reverse();
}

/** What a process sees mounted, in the order in which it was. Empty when there is no such process. */
export function mountsSeenBy(pid: number): { readonly target: string; readonly type: string }[] {
  let text: string;
  try {
    text = readFileSync(`/proc/${pid}/mountinfo`, 'utf8');
  } catch (error) {
    if (isErrno(error, 'ENOENT', 'ESRCH', 'EINVAL')) return [];
    throw error;
  }
  return text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => ({
      target: unescape(line.split(' ')[4] ?? ''),
      type: line.split(' - ')[1]?.split(' ')[0] ?? '',
    }));
}

function isMountPoint(target: string): boolean {
  return mountPoints().includes(target);
}

function mountPoints(): string[] {
  return readFileSync('/proc/self/mountinfo', 'utf8')
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => unescape(line.split(' ')[4] ?? ''));
}

/** mountinfo writes blank, tab, newline and backslash as octal. */
function unescape(text: string): string {
  return text.replace(/\\(\d{3})/g, (_, octal: string) => String.fromCharCode(Number.parseInt(octal, 8)));
}
