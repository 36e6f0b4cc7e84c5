// What makes a change of the file system last through a power loss.
import { open } from 'node:fs/promises';

/** Makes new names in a directory last. */
export async function syncDirectory(path: string): Promise<void> {
  const directory = await open(path, 'r');
  try {
    await directory.sync();
  } finally {
    await directory.close();
  }
}
