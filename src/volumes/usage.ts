// How many bytes a directory's files have, hard links once.
import { lstat, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { isErrno } from '../base/errors.ts';

/** Files that vanish meanwhile count nothing. */
export async function directorySize(path: string): Promise<number> {
  const seen = new Set<string>();
  let total = 0;
  const walk = async (folder: string): Promise<void> => {
    for (const entry of await readdir(folder, { withFileTypes: true }).catch(gone([]))) {
      const full = join(folder, entry.name);
      if (entry.isDirectory()) await walk(full);
      const info = await lstat(full).catch(gone(undefined));
      const key = info && info.nlink > 1 && !entry.isDirectory() ? `${info.dev}:${info.ino}` : undefined;
      if (!info || (key !== undefined && seen.has(key))) continue;
      if (key !== undefined) seen.add(key);
      total += info.size;
    }
  };
  await walk(path);
  return total;
}

function gone<T>(instead: T): (error: unknown) => T {
  return (error) => {
    if (isErrno(error, 'ENOENT', 'ENOTDIR', 'EACCES', 'ESTALE')) return instead;
    throw error;
  };
}
