// A Debian package, fetched by apt, which checks its signature, and unpacked into a cache: nothing of it is installed on this host.
import { execFile } from 'node:child_process';
import { existsSync, globSync, mkdirSync, mkdtempSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** The folder with the package's files, as they would lie below `/`. Throws when Debian cannot be reached. */
export async function unpackedPackage(cache: string, name: string): Promise<string> {
  const folder = join(cache, name);
  if (existsSync(folder)) return folder;
  mkdirSync(cache, { recursive: true });
  const fresh = mkdtempSync(join(cache, 'fetched-'));
  try {
    await run('apt-get', ['-q', '-o', 'APT::Sandbox::User=root', 'download', name], { cwd: fresh });
    const [archive = ''] = globSync('*.deb', { cwd: fresh });
    await run('dpkg-deb', ['-x', archive, 'unpacked'], { cwd: fresh });
    // another one may have been faster, which serves as well
    if (!existsSync(folder)) renameSync(join(fresh, 'unpacked'), folder);
  } finally {
    rmSync(fresh, { recursive: true, force: true });
  }
  return folder;
}
