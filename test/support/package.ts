// A Debian package, fetched and unpacked into a cache: nothing of it is installed on this host.
import { execFile } from 'node:child_process';
import { existsSync, globSync, mkdirSync, mkdtempSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** Beside what the set-up keeps: it lives as long as the checkout. */
const CACHE = join(import.meta.dirname, '../../.berth/packages');

/** The folder with the package's files, as they would lie below `/`. Throws when Debian cannot be reached. */
export async function unpackedPackage(name: string): Promise<string> {
  const folder = join(CACHE, name);
  if (existsSync(folder)) return folder;
  mkdirSync(CACHE, { recursive: true });
  const fresh = mkdtempSync(join(CACHE, 'fetched-'));
  try {
    await run('apt-get', ['-q', '-o', 'APT::Sandbox::User=root', 'download', name], { cwd: fresh });
    const [archive = ''] = globSync('*.deb', { cwd: fresh });
    await run('dpkg-deb', ['-x', archive, 'unpacked'], { cwd: fresh });
    // another test may have been faster, which serves as well
    if (!existsSync(folder)) renameSync(join(fresh, 'unpacked'), folder);
  } finally {
    rmSync(fresh, { recursive: true, force: true });
  }
  return folder;
}
