// How much disk a container takes: its own writable layer, and with its image.
import { lstat, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { isErrno } from '../../base/errors.ts';
import { diskUsage } from '../../host/disk-usage.ts';
import type { Container } from '../container.ts';
import type { EngineContext } from '../context.ts';

/** Bytes of the files below a folder, each inode once; what vanishes meanwhile counts nothing. */
export async function folderSize(folder: string): Promise<number> {
  const seen = new Set<string>();
  const walk = async (at: string): Promise<number> => {
    let total = 0;
    let names: string[];
    try {
      names = await readdir(at);
    } catch (error) {
      if (isErrno(error, 'ENOENT', 'ENOTDIR')) return 0;
      throw error;
    }
    for (const name of names) {
      const path = join(at, name);
      try {
        const info = await lstat(path);
        if (info.isDirectory()) total += await walk(path);
        else if (info.isFile() || info.isSymbolicLink()) {
          const key = `${info.dev}:${info.ino}`;
          if (info.nlink > 1 && seen.has(key)) continue;
          seen.add(key);
          total += info.size;
        }
      } catch (error) {
        if (!isErrno(error, 'ENOENT')) throw error;
      }
    }
    return total;
  };
  return walk(folder);
}

/** Of each container its own layer, and with all below it. `files`: as `folderSize`; `disk`: as du counts. */
export async function sizesOf(
  context: EngineContext,
  containers: readonly Container[],
  by: 'files' | 'disk',
): Promise<Map<Container, { SizeRw: number; SizeRootFs: number }>> {
  const own = (container: Container): string => context.paths.of(container.id).upper;
  const folders = new Set(containers.flatMap((container) => [own(container), ...container.record.lowerDirs]));
  const sizes = by === 'disk' ? await diskUsage([...folders]) : new Map<string, number>();
  if (by === 'files') for (const folder of folders) sizes.set(folder, await folderSize(folder));
  return new Map(
    containers.map((container) => {
      const SizeRw = sizes.get(own(container)) ?? 0;
      const below = container.record.lowerDirs.reduce((sum, folder) => sum + (sizes.get(folder) ?? 0), 0);
      return [container, { SizeRw, SizeRootFs: SizeRw + below }];
    }),
  );
}
