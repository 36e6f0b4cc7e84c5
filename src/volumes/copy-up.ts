// Fills an empty volume with what the image has at its destination, with owner and mode of the directory itself.
import { closeSync, constants, opendirSync } from 'node:fs';
import { isErrno } from '../base/errors.ts';
import { faultPoint } from '../host/fault.ts';
import { copyDirectory } from '../host/sandbox/index.ts';
import { openInRoot } from '../host/open-in-root.ts';

/** Whether a copy has begun and not ended, as the volume's record says it. */
export interface Filling {
  readonly begun: boolean;
  set(begun: boolean): void;
}

/**
 * `target` is looked up below `rootfs` as a process in the container would see it. It is read by descriptors, and written by a thread
 * that has the volume as its root: whoever changes the volume meanwhile leads nothing elsewhere. A target that is absent or no
 * directory leaves the volume as it is. `filling` keeps what an earlier daemon died in: the volume is not empty then, nor whole.
 */
export async function copyUp(
  rootfs: string,
  target: string,
  volume: string,
  filling: Filling = { begun: false, set: () => undefined },
): Promise<void> {
  if (!filling.begun && isFilled(volume)) return;
  let source: number;
  try {
    source = openInRoot(rootfs, target, constants.O_RDONLY | constants.O_DIRECTORY);
  } catch (error) {
    if (isErrno(error, 'ENOENT', 'ENOTDIR', 'ELOOP')) return;
    throw error;
  }
  try {
    if (!isFilled(`/proc/self/fd/${source}`)) {
      // only owner and mode: nothing that could be half done
      await copyDirectory(volume, { source, onlyWhenEmpty: !filling.begun, asLayer: false });
    } else {
      if (!filling.begun) filling.set(true);
      await copyDirectory(volume, { source, onlyWhenEmpty: !filling.begun, resume: filling.begun, asLayer: false });
      faultPoint('copyup.end');
    }
    filling.set(false);
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
