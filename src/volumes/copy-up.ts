// Fills an empty volume with what the image has at its destination, with owner and mode of the directory itself.
import { closeSync, constants, opendirSync } from 'node:fs';
import { isErrno } from '../base/errors.ts';
import { copyDirectory } from '../host/confined/index.ts';
import { openInRoot } from '../host/open-in-root.ts';

/**
 * `target` is looked up below `rootfs` as a process in the container would see it. It is read by descriptors, and written by a thread
 * that has the volume as its root: whoever changes the volume meanwhile leads nothing elsewhere. A target that is absent or no
 * directory leaves the volume as it is.
 */
export async function copyUp(rootfs: string, target: string, volume: string): Promise<void> {
  if (isFilled(volume)) return;
  let source: number;
  try {
    source = openInRoot(rootfs, target, constants.O_RDONLY | constants.O_DIRECTORY);
  } catch (error) {
    if (isErrno(error, 'ENOENT', 'ENOTDIR', 'ELOOP')) return;
    throw error;
  }
  try {
    await copyDirectory(volume, { source, onlyWhenEmpty: true, asLayer: false });
  } finally {
    closeSync(source);
  }
}

/** A look that costs next to nothing, whatever the volume holds; the thread looks again. Mounted files are no volumes to fill. */
function isFilled(volume: string): boolean {
  try {
    const directory = opendirSync(volume, { bufferSize: 2 });
    try {
      for (let entry = directory.readSync(); entry; entry = directory.readSync())
        if (entry.name !== 'lost+found' || !entry.isDirectory()) return true;
      return false;
    } finally {
      directory.closeSync();
    }
  } catch (error) {
    if (isErrno(error, 'ENOTDIR')) return true;
    throw error;
  }
}
