// Open files of this process: how many there may be, and which of them children inherit.
import { closeSync, openSync, readdirSync, readFileSync } from 'node:fs';
import { isErrno } from '../base/errors.ts';
import { bind } from './libc.ts';

const fcntlCall = bind('int fcntl(int fd, int command, int value)');
const F_SETFD = 2;
const FD_CLOEXEC = 1;
const FIRST_AFTER_STANDARD = 3;

/** What whoever started us left open stays here: no child gets it. */
export function keepFromChildren(): void {
  for (const name of readdirSync('/proc/self/fd')) {
    const fd = Number(name);
    // the descriptor of the listing itself is closed by now, which is no harm
    if (fd >= FIRST_AFTER_STANDARD) fcntlCall(fd, F_SETFD, FD_CLOEXEC);
  }
}

/** RLIMIT_NOFILE; Node has raised the soft limit to the hard one. */
export function openFilesLimit(limits: string = readFileSync('/proc/self/limits', 'latin1')): number {
  const value = /^Max open files\s+(\S+)/m.exec(limits)?.[1];
  return value === undefined || value === 'unlimited' ? Number.MAX_SAFE_INTEGER : Number(value);
}

/** A part of the open files that are allowed, at most `most`. */
export function shareOfOpenFiles(divisor: number, most: number): number {
  return Math.max(1, Math.min(most, Math.floor(openFilesLimit() / divisor)));
}

/** Kept for what is short: to start and to stop, to look, to answer that there are too few. */
const RESERVED = 128;

/** Whether so few may still be opened that nothing should hold one for long. The kernel gives the lowest number that is free. */
export function fewFilesLeft(limit: number): boolean {
  try {
    const fd = openSync('/dev/null', 'r');
    closeSync(fd);
    return fd >= limit - Math.min(RESERVED, Math.floor(limit / 8));
  } catch (error) {
    if (isErrno(error, 'EMFILE', 'ENFILE')) return true;
    throw error;
  }
}
