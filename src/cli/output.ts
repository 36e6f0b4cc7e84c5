// Writes to stdout and stderr at once, without process.stdout: no stream is made, and nothing is left to flush at exit.
import { writeSync } from 'node:fs';

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

export const out = (data: string | Uint8Array): void => writeAll(1, data);
export const err = (data: string | Uint8Array): void => writeAll(2, data);
