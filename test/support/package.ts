// A Debian package for tests, unpacked into a cache that lives as long as the checkout.
import { join } from 'node:path';
import { unpackedPackage as unpacked } from '../../src/machine/disk/package.ts';

/** Beside what the set-up keeps. */
export const PACKAGES = join(import.meta.dirname, '../../.berth/packages');

/** The folder with the package's files, as they would lie below `/`. Throws when Debian cannot be reached. */
export async function unpackedPackage(name: string): Promise<string> {
  return unpacked(PACKAGES, name);
}
