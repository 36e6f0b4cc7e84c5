// Makes the places where the kernel's file systems are mounted directories of the root itself, whatever an image put there.
import { lstatSync, mkdirSync, unlinkSync } from 'node:fs';
import { join } from 'node:path';
import { internal, messageOf } from '../base/errors.ts';

const PLACES = ['dev', 'proc', 'sys'];

/**
 * dockerd puts directories in a layer between image and container. It is not for looks: runc before 1.2 makes the links and nodes
 * of /dev by joined names, and a link like `/dev -> ../../../../etc` leads it out of the root.
 */
export function makeMountPoints(root: string): void {
  for (const place of PLACES) {
    const path = join(root, place);
    const found = lstatSync(path, { throwIfNoEntry: false });
    if (found === undefined || found.isDirectory()) continue;
    try {
      unlinkSync(path);
      mkdirSync(path, { mode: 0o755 });
    } catch (error) {
      throw internal(`/${place} of the root file system is no directory, and cannot be made one: ${messageOf(error)}`);
    }
  }
}
