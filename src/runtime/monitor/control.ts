// Orders to a monitor through its fifo: the terminal's size, and "open the log file again".
import { closeSync, constants, openSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { isErrno } from '../../base/errors.ts';

const RESIZE = 1;
const REOPEN_LOG = 2;

/** False when no monitor listens. */
function order(bundle: string, line: string): boolean {
  let fd: number;
  try {
    fd = openSync(join(bundle, 'ctl'), constants.O_WRONLY | constants.O_NONBLOCK);
  } catch (error) {
    if (isErrno(error, 'ENXIO', 'ENOENT')) return false;
    throw error;
  }
  try {
    writeSync(fd, line);
    return true;
  } catch (error) {
    // a full fifo means that nobody reads; sizes may be dropped, the next one counts
    if (isErrno(error, 'EAGAIN', 'EPIPE')) return false;
    throw error;
  } finally {
    closeSync(fd);
  }
}

export function resizeTerminal(bundle: string, height: number, width: number): boolean {
  return order(bundle, `${RESIZE} ${height} ${width}\n`);
}

export function reopenLog(bundle: string): boolean {
  return order(bundle, `${REOPEN_LOG} 0 0\n`);
}
