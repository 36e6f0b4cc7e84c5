// A container's root file system: its layers and its own writable directory, mounted while there is a process.
import {
  chmodSync,
  chownSync,
  closeSync,
  constants,
  existsSync,
  lstatSync,
  mkdirSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { isErrno, messageOf } from '../../base/errors.ts';
import { mountsBelow, unmountSync } from '../../host/mount.ts';
import { openInRoot } from '../../host/open-in-root.ts';
import { removeTree } from '../../host/remove-tree.ts';
import type { Container } from '../container/container.ts';
import type { EngineContext } from '../container/context.ts';

/** The shared layer between image and container, with Docker's mark in it. */
export function makeInitLayer(context: EngineContext): void {
  mkdirSync(context.paths.init, { recursive: true, mode: 0o755 });
  writeFileSync(join(context.paths.init, '.dockerenv'), '', { mode: 0o755 });
}

/** Makes the container's directories. The top directory has the owner and mode of the image's. */
export function makeLayer(context: EngineContext, id: string, lowerDirs: readonly string[]): void {
  const paths = context.paths.of(id);
  mkdirSync(paths.own, { recursive: true, mode: 0o710 });
  for (const folder of [paths.upper, paths.work, paths.merged]) mkdirSync(folder, { mode: 0o755 });
  const top = lowerDirs[0];
  if (top === undefined) return;
  const { mode, uid, gid } = statSync(top);
  chmodSync(paths.upper, mode & 0o7777);
  chownSync(paths.upper, uid, gid);
}

/** Gone at once by one rename; the files themselves are deleted beside other work. */
export function removeLayer(context: EngineContext, id: string): void {
  mkdirSync(context.paths.trash, { recursive: true, mode: 0o700 });
  const doomed = join(context.paths.trash, id);
  try {
    renameSync(context.paths.of(id).own, doomed);
  } catch (error) {
    if (isErrno(error, 'ENOENT')) return;
    throw error;
  }
  removeTree(doomed).catch((error: unknown) => context.log.warn(`${doomed} could not be deleted: ${messageOf(error)}`));
}

/** What a dead daemon had begun to delete. */
export function emptyTrash(context: EngineContext): void {
  rmSync(context.paths.trash, { recursive: true, force: true });
}

export function mountRootfs(context: EngineContext, container: Container): string {
  const paths = context.paths.of(container.id);
  // the kernel leaves a mark on a volatile layer and would not mount it again; this one was unmounted in order
  if (container.record.hostConfig.AutoRemove)
    rmSync(join(paths.work, 'work', 'incompat'), { recursive: true, force: true });
  context.mounts.overlay(
    {
      lowerDirs: container.record.lowerDirs,
      upper: paths.upper,
      work: paths.work,
      volatile: container.record.hostConfig.AutoRemove,
    },
    paths.merged,
  );
  linkMountTable(paths.merged);
  return paths.merged;
}

/** /etc/mtab, which programs of old read and dockerd makes too; what the image has there stays. */
function linkMountTable(root: string): void {
  let etc: number;
  try {
    etc = openInRoot(root, '/etc', constants.O_RDONLY | constants.O_DIRECTORY);
  } catch (error) {
    if (isErrno(error, 'ENOENT', 'ENOTDIR', 'ELOOP')) return;
    throw error;
  }
  try {
    symlinkSync('/proc/mounts', `/proc/self/fd/${etc}/mtab`);
  } catch (error) {
    if (!isErrno(error, 'EEXIST')) throw error;
  } finally {
    closeSync(etc);
  }
}

/** Takes away every mount in the container's directory; none is no error. */
export async function unmountRootfs(context: EngineContext, container: Container): Promise<void> {
  const paths = context.paths.of(container.id);
  await context.mounts.unmount(paths.merged);
  if (container.record.hostConfig.IpcMode === 'shareable') await context.mounts.unmount(paths.shm);
}

/** What a container that was settled in order may still have mounted; asks the kernel for its whole list only where it may be needed. */
export function unmountOwn(context: EngineContext, id: string): void {
  const { own, merged, shm, mounts } = context.paths.of(id);
  const home = deviceOf(own);
  for (const point of [merged, shm]) if ((deviceOf(point) ?? home) !== home) unmountSync(point);
  // binds have the device of what they show
  if (existsSync(mounts)) unmountLeftovers(context, id);
}

function deviceOf(path: string): number | undefined {
  return lstatSync(path, { throwIfNoEntry: false })?.dev;
}

/** At the daemon's start: whatever a dead daemon left mounted for a container that has no process. */
export function unmountLeftovers(context: EngineContext, id: string): void {
  for (const point of mountsBelow(context.paths.of(id).own)) unmountSync(point);
}
