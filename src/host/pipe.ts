// What waits in a pipe or fifo, which Node cannot ask.
import { bind, checked } from './libc.ts';

const ioctl = bind('int ioctl(int fd, unsigned long request, _Out_ int *value)');
const FIONREAD = 0x541b;

/** Bytes that nobody has read yet; either end may ask. */
export function unreadBytes(fd: number): number {
  const value = [0];
  checked(ioctl(fd, FIONREAD, value) as number, 'ioctl', 'FIONREAD');
  return value[0] ?? 0;
}
