// Programs in sealed memory, which nobody can change while they run: what an OCI runtime otherwise makes of itself at every start.
import { closeSync, constants, openSync, writeSync } from 'node:fs';
import { isErrno } from '../base/errors.ts';
import { bind, checked } from './libc.ts';

const memfdCall = bind('int memfd_create(const char *name, unsigned int flags)');
const fcntlCall = bind('int fcntl(int fd, int command, int value)');

const MFD_CLOEXEC = 1;
const MFD_ALLOW_SEALING = 2;
/** Linux 6.3; older kernels know no memory that is not executable. */
const MFD_EXEC = 0x10;
const F_ADD_SEALS = 1033;
/** No more seals, no shrinking, no growing, no writing. */
const ALL_SEALS = 0xf;

/** A path that this process and its children can execute until `close`. Throws where the host allows no programs in memory. */
export function sealProgram(name: string, content: Uint8Array): { readonly path: string; close(): void } {
  const fd = memfd(name);
  try {
    for (let at = 0; at < content.length; ) at += writeSync(fd, content, at);
    checked(fcntlCall(fd, F_ADD_SEALS, ALL_SEALS) as number, 'fcntl', `seals of ${name}`);
    // a file that is open for writing cannot be executed
    const kept = openSync(`/proc/self/fd/${fd}`, constants.O_RDONLY);
    return { path: `/proc/${process.pid}/fd/${kept}`, close: () => closeSync(kept) };
  } finally {
    closeSync(fd);
  }
}

function memfd(name: string): number {
  const flags = MFD_CLOEXEC | MFD_ALLOW_SEALING;
  try {
    return checked(memfdCall(name, flags | MFD_EXEC) as number, 'memfd_create', name);
  } catch (error) {
    if (!isErrno(error, 'EINVAL')) throw error;
    return checked(memfdCall(name, flags) as number, 'memfd_create', name);
  }
}
