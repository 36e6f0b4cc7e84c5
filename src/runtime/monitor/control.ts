// Orders to a monitor through its fifos: the terminal's size, and "open the log file again".
import { closeSync, constants, openSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { isErrno } from '../../base/errors.ts';
import { unreadBytes } from '../../host/pipe.ts';

const REOPEN_LOG = '2 0 0\n';
const LOOK_MS = 2;
const MAX_WAIT_MS = 5000;

/** Sizes that are not written yet, by bundle: the last one counts. */
const sizes = new Map<string, string>();

/**
 * Tells the monitor its terminal's size. Conmon before 2.2 takes the first of several lines that it reads at once for each of
 * them, so a size is written when the one before has been read; and not to `ctl`, from where conmon passes it on without waiting.
 */
export function resizeTerminal(bundle: string, height: number, width: number): void {
  const waiting = sizes.has(bundle);
  sizes.set(bundle, `${height} ${width}\n`);
  if (!waiting) write(bundle, MAX_WAIT_MS);
}

function write(bundle: string, waitMs: number): void {
  const taken = send(join(bundle, 'winsz'), sizes.get(bundle) ?? '');
  // nobody reads a size for a program without a terminal
  if (taken !== 'full' || waitMs <= 0) sizes.delete(bundle);
  else setTimeout(write, LOOK_MS, bundle, waitMs - LOOK_MS);
}

/** False when no monitor listens. */
export function reopenLog(bundle: string): boolean {
  return send(join(bundle, 'ctl'), REOPEN_LOG) !== 'gone';
}

/** Full: the line before has not been read, or no file can be opened now. */
function send(fifo: string, line: string): 'sent' | 'full' | 'gone' {
  let fd: number | undefined;
  try {
    fd = openSync(fifo, constants.O_WRONLY | constants.O_NONBLOCK);
    if (unreadBytes(fd) > 0) return 'full';
    writeSync(fd, line);
    return 'sent';
  } catch (error) {
    if (isErrno(error, 'ENXIO', 'ENOENT', 'EPIPE')) return 'gone';
    if (isErrno(error, 'EMFILE', 'ENFILE')) return 'full';
    throw error;
  } finally {
    if (fd !== undefined) closeSync(fd);
  }
}
