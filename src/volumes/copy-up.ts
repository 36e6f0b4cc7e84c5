// Fills an empty volume with what the image has at its destination, with owner and mode of the directory itself.
import { spawn } from 'node:child_process';
import { closeSync, constants, readdirSync, statSync } from 'node:fs';
import { internal, isErrno } from '../base/errors.ts';
import { openInRoot } from '../host/open-in-root.ts';

/**
 * `target` is looked up below `rootfs` as a process in the container would see it; symlinks inside are copied, never
 * followed. A target that is absent or no directory leaves the volume as it is.
 */
export async function copyUp(rootfs: string, target: string, volume: string): Promise<void> {
  if (!statSync(volume).isDirectory() || readdirSync(volume).some((name) => name !== 'lost+found')) return;
  let source: number;
  try {
    source = openInRoot(rootfs, target, constants.O_RDONLY | constants.O_DIRECTORY);
  } catch (error) {
    if (isErrno(error, 'ENOENT', 'ENOTDIR', 'ELOOP')) return;
    throw error;
  }
  try {
    await copyTree(source, volume);
  } finally {
    closeSync(source);
  }
}

/** The open directory is handed down, so that no path can lead the copy elsewhere. */
async function copyTree(source: number, target: string): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    const child = spawn('cp', ['-a', '--reflink=auto', '--no-target-directory', '/proc/self/fd/3/.', target], {
      stdio: ['ignore', 'ignore', 'pipe', source],
    });
    let complaint = '';
    child.stderr?.on('data', (data: Buffer) => {
      if (complaint.length < 4096) complaint += data.toString();
    });
    child.once('error', reject);
    child.once('close', (code) => {
      if (code === 0) resolve();
      else reject(internal(`failed to populate volume: ${complaint.trim()}`));
    });
  });
}
