// flock(2): a lock that ends with the process, however it ends.
import koffi from 'koffi';
import { bind } from './libc.ts';

const flockCall = bind('int flock(int fd, int operation)');
const LOCK_EX = 2;
const LOCK_NB = 4;
const EWOULDBLOCK = 11;

/** False when another process holds it. */
export function tryLock(fd: number): boolean {
  if ((flockCall(fd, LOCK_EX | LOCK_NB) as number) === 0) return true;
  if (koffi.errno() === EWOULDBLOCK) return false;
  throw new Error(`flock failed with errno ${koffi.errno()}`);
}
