// Lets a created process go. runc waits with a fifo open for writing: reading its byte is all that `runc start` does; crun waits
// for a byte to read. So no program has to be run for them. Other runtimes are asked by their own command.
import { execFile } from 'node:child_process';
import { close, closeSync, constants, open, openSync, read, unlinkSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { isErrno } from '../../base/errors.ts';
import { type OciRuntime, runtimeCall } from '../choice/choose.ts';
import { LaunchError } from './launch.ts';

const run = promisify(execFile);
const openFile = promisify(open);
const readFile = promisify(read);
const closeFile = promisify(close);

/** Throws `LaunchError` when the process is gone, or does not answer within 10 s. */
export async function startProcess(
  runtime: OciRuntime,
  runtimeRoot: string,
  id: string,
  alive: () => boolean,
): Promise<void> {
  if (runtime.startBy === 'command') {
    try {
      await run(...runtimeCall(runtime, runtimeRoot, 'start', id));
    } catch (error) {
      const stderr =
        error instanceof Error && 'stderr' in error && typeof error.stderr === 'string' ? error.stderr : String(error);
      throw new LaunchError(stderr.trim());
    }
    return;
  }
  const fifo = join(runtimeRoot, id, 'exec.fifo');
  if (runtime.startBy === 'fifo-write') {
    writeByte(fifo);
    return;
  }
  let fd: number;
  try {
    fd = await openFile(fifo, constants.O_RDONLY | constants.O_NONBLOCK | constants.O_NOFOLLOW);
  } catch (error) {
    throw new LaunchError(
      isErrno(error, 'ENOENT') ? 'cannot start a process that is not waiting to be started' : String(error),
    );
  }
  try {
    const byte = Buffer.alloc(1);
    for (let attempt = 0; (await readByte(fd, byte)) === 0; attempt += 1) {
      // a process that is gone may have run and ended since the last look: its byte is then in the pipe
      if (!alive()) {
        if ((await readByte(fd, byte)) > 0) break;
        throw new LaunchError('the process ended before it was started');
      }
      if (attempt > 2000) throw new LaunchError('the process did not start within 10 s');
      await new Promise((resolve) => (attempt < 20 ? setImmediate(resolve) : setTimeout(resolve, 5)));
    }
    unlinkSync(fifo);
  } finally {
    await closeFile(fd);
  }
}

/** The process holds the fifo open for reading: when it is gone, opening fails with ENXIO. */
function writeByte(fifo: string): void {
  let fd: number;
  try {
    fd = openSync(fifo, constants.O_WRONLY | constants.O_NONBLOCK | constants.O_NOFOLLOW);
  } catch (error) {
    throw new LaunchError(
      isErrno(error, 'ENOENT', 'ENXIO') ? 'cannot start a process that is not waiting to be started' : String(error),
    );
  }
  try {
    unlinkSync(fifo);
    writeSync(fd, Buffer.alloc(1));
  } finally {
    closeSync(fd);
  }
}

/** 0 while there is nothing to read, whether or not the writer has come yet. */
async function readByte(fd: number, byte: Buffer): Promise<number> {
  try {
    return (await readFile(fd, byte, 0, 1, null)).bytesRead;
  } catch (error) {
    if (isErrno(error, 'EAGAIN')) return 0;
    throw error;
  }
}
