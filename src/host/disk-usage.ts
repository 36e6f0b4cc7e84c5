// What files take on disk, as du(1) counts: blocks and not lengths, directories too, a file of several names once.
import { spawn } from 'node:child_process';
import { text } from 'node:stream/consumers';
import { lstatSync } from 'node:fs';

/** Far below what a command line may have. */
const AT_ONCE = 1000;

/** Bytes of each path with all below it; nothing for what is not there, and for what vanishes meanwhile. */
export async function diskUsage(paths: readonly string[]): Promise<Map<string, number>> {
  const found = new Map<string, number>();
  for (let first = 0; first < paths.length; first += AT_ONCE)
    for (const line of (await du(paths.slice(first, first + AT_ONCE))).split('\n')) {
      const tab = line.indexOf('\t');
      if (tab > 0) found.set(line.slice(tab + 1), Number(line.slice(0, tab)) * 1024);
    }
  return found;
}

/** The same of one file, or of a directory without what is in it. */
export function diskUsageOf(path: string): number {
  return (lstatSync(path, { throwIfNoEntry: false })?.blocks ?? 0) * 512;
}

async function du(paths: readonly string[]): Promise<string> {
  const child = spawn('du', ['-sk', '--', ...paths], { stdio: ['ignore', 'pipe', 'ignore'] });
  const failed = new Promise<never>((_, reject) => child.once('error', reject));
  // its exit code says only that something was not there
  return Promise.race([text(child.stdout), failed]);
}
