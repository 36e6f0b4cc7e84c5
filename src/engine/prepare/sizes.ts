// How much disk a container takes: its own writable layer, and with its image.
import { lstat, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { isErrno } from '../../base/errors.ts';
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

export async function layerSizes(
  context: EngineContext,
  container: Container,
): Promise<{ SizeRw: number; SizeRootFs: number }> {
  const own = await folderSize(context.paths.of(container.id).upper);
  let shared = 0;
  for (const folder of container.record.lowerDirs) shared += await folderSize(folder);
  return { SizeRw: own, SizeRootFs: own + shared };
}
