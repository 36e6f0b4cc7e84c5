// Makes a container's working directory where its image has none, at creation, so that files can be copied there before a start.
import { closeSync, constants, lstatSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { internal, isErrno } from '../../base/errors.ts';
import { O_PATH, openInRoot } from '../../host/open-in-root.ts';
import type { Container } from '../container/container.ts';
import type { EngineContext } from '../container/context.ts';
import { unmountRootfs } from './rootfs.ts';

/** Throws internal in dockerd's words when something else has the name. Nobody else knows the container yet. */
export async function makeWorkingDirectory(context: EngineContext, container: Container): Promise<void> {
  const { lowerDirs, config } = container.record;
  const path = config.WorkingDir;
  if (path === '' || path === '/' || isPlainDirectory(lowerDirs, path)) return;
  const { upper, work, merged } = context.paths.of(container.id);
  context.mounts.overlay({ lowerDirs, upper, work, volatile: false }, merged);
  try {
    makeBelow(merged, path);
  } finally {
    await unmountRootfs(context, container);
  }
}

/** Seen in the layers, without a mount: each part is a directory in the uppermost layer that has it. */
function isPlainDirectory(lowerDirs: readonly string[], path: string): boolean {
  return prefixesOf(path).every((prefix) => {
    for (const layer of lowerDirs) {
      const found = lstatSync(join(layer, prefix), { throwIfNoEntry: false });
      if (found) return found.isDirectory();
    }
    return false;
  });
}

function makeBelow(root: string, path: string): void {
  let parent = openInRoot(root, '/', O_PATH);
  try {
    for (const prefix of prefixesOf(path)) {
      const next = openDirectory(root, prefix) ?? makeIn(parent, root, prefix);
      if (next === undefined) return;
      closeSync(parent);
      parent = next;
    }
  } catch (error) {
    if (isErrno(error, 'ENOTDIR', 'ELOOP')) throw internal(`Cannot mkdir: ${path} is not a directory`);
    throw error;
  } finally {
    closeSync(parent);
  }
}

/** undefined for a link that leads nowhere: what it leads to is the runtime's to make. */
function makeIn(parent: number, root: string, prefix: string): number | undefined {
  try {
    mkdirSync(join(`/proc/self/fd/${parent}`, prefix.slice(prefix.lastIndexOf('/'))), { mode: 0o755 });
  } catch (error) {
    if (!isErrno(error, 'EEXIST')) throw error;
  }
  return openDirectory(root, prefix);
}

function openDirectory(root: string, path: string): number | undefined {
  try {
    return openInRoot(root, path, O_PATH | constants.O_DIRECTORY);
  } catch (error) {
    if (isErrno(error, 'ENOENT')) return undefined;
    throw error;
  }
}

/** `/a/b`: `/a`, `/a/b` */
function prefixesOf(path: string): string[] {
  const parts = path.split('/').filter((part) => part !== '');
  return parts.map((_, index) => `/${parts.slice(0, index + 1).join('/')}`);
}
