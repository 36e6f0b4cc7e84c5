// The kernel calls that Node lacks, through koffi. Synchronous and short; every failure is an Error with the errno's name in `code`.
import { constants } from 'node:os';
import koffi from 'koffi';

const libc = koffi.load('libc.so.6');

const names = new Map<number, string>(Object.entries(constants.errno).map(([name, number]) => [number, name]));

const strerror = libc.func('const char *strerror(int number)');

/** What the C library says of an errno, as Go's programs say it: in lower case. */
function wordsOf(errno: number): string {
  const text = strerror(errno) as string;
  return /^[A-Z][a-z]/.test(text) ? text.charAt(0).toLowerCase() + text.slice(1) : text;
}

/** A failed system call, shaped like Node's own (`code`, `errno`, `syscall`). */
export class SystemCallError extends Error {
  readonly code: string;
  readonly errno: number;
  readonly syscall: string;

  constructor(syscall: string, errno: number, detail: string) {
    const code = names.get(errno) ?? `E${errno}`;
    super(`${syscall} ${detail}: ${wordsOf(errno)}`);
    this.name = 'SystemCallError';
    this.code = code;
    this.errno = errno;
    this.syscall = syscall;
  }
}

/** Throws when a call returned -1. Must run before any other libc call of this thread. */
export function checked(result: number, syscall: string, detail: string): number {
  if (result < 0) throw new SystemCallError(syscall, koffi.errno(), detail);
  return result;
}

/** A libc function by its C prototype. */
export function bind(prototype: string): ReturnType<typeof libc.func> {
  return libc.func(prototype);
}
