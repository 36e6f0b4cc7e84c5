// Writes to stdout and stderr at once, without process.stdout: no stream is made, and nothing is left to flush at exit.
import { writeSync } from 'node:fs';
import { printable } from '../../base/printable.ts';

const idle = new Int32Array(new SharedArrayBuffer(4));

/** Writes all bytes; waits while a pipe is full. A reader that went away ends the process as SIGPIPE would. */
export function writeAll(fd: number, data: string | Uint8Array): void {
  let rest: Uint8Array = typeof data === 'string' ? Buffer.from(data) : data;
  while (rest.length > 0) {
    try {
      rest = rest.subarray(writeSync(fd, rest));
    } catch (error) {
      const code = error instanceof Error && 'code' in error ? error.code : '';
      if (code === 'EAGAIN') Atomics.wait(idle, 0, 0, 1);
      else if (code === 'EPIPE') process.exit(141);
      else throw error;
    }
  }
}

/** A text is the client's own, with names and messages of others in it, which command no terminal; bytes are what a container wrote, and go as they are. */
function write(fd: 1 | 2, data: string | Uint8Array): void {
  if (typeof data !== 'string') return writeAll(fd, data);
  const shown = printable(data);
  // asked late: the module of terminals is slow to load
  writeAll(fd, shown === data || !process.getBuiltinModule('tty').isatty(fd) ? data : shown);
}

export const out = (data: string | Uint8Array): void => write(1, data);
export const err = (data: string | Uint8Array): void => write(2, data);
/** With commands to the terminal that are ours; what is of others in it is made `printable` before. */
export const draw = (fd: 1 | 2, text: string): void => writeAll(fd, text);
