// Shares a host folder with a machine by virtiofsd, one process for each: faster than what QEMU does itself, and closer to a real file system.
import { spawn } from 'node:child_process';
import { closeSync, existsSync, openSync, rmSync } from 'node:fs';
import { unavailable } from '../base/errors.ts';
import { isRunning, waitUntil } from './wait.ts';

/** Where distributions put it: it is no program for people. The second is QEMU's older one, in C. */
const PROGRAMS = ['/usr/libexec/virtiofsd', '/usr/lib/virtiofsd', '/usr/lib/qemu/virtiofsd'] as const;
const PATIENCE_MS = 5000;

/** Undefined where QEMU has to share folders itself. Without root it would see the files of others as its own. */
export function findVirtiofsd(): string | undefined {
  if (process.platform !== 'linux' || process.getuid?.() !== 0) return undefined;
  return PROGRAMS.find((file) => existsSync(file));
}

/** Arguments of either program. */
export function virtiofsdArguments(program: string, socket: string, folder: string): readonly string[] {
  // a limit of open files is not raised: where root lacks the right to, the older one would end
  return program.includes('/qemu/')
    ? [
        '-f',
        `--socket-path=${socket}`,
        '--rlimit-nofile=0',
        '-o',
        `source=${folder}`,
        '-o',
        'cache=auto',
        '-o',
        'xattr',
      ]
    : [`--socket-path=${socket}`, `--shared-dir=${folder}`, '--cache=auto', '--xattr', '--sandbox=chroot'];
}

/** Ends by itself with the machine. Throws unavailable when it does not come up. */
export async function startVirtiofsd(program: string, socket: string, folder: string, log: string): Promise<void> {
  rmSync(socket, { force: true });
  const out = openSync(log, 'a', 0o600);
  const child = spawn(program, virtiofsdArguments(program, socket, folder), {
    detached: true,
    stdio: ['ignore', out, out],
  });
  closeSync(out);
  child.on('error', () => undefined);
  child.unref();
  const isUp = await waitUntil(() => existsSync(socket) || !isRunning(child), PATIENCE_MS);
  if (!isUp || !isRunning(child)) throw unavailable(`virtiofsd cannot share ${folder} (its log: ${log})`);
}
