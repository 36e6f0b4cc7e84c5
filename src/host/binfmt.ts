// What the kernel hands to interpreters (binfmt_misc), also where nobody mounted its file system.
import { closeSync, existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { bind, checked } from './libc.ts';

const FOLDER = '/proc/sys/fs/binfmt_misc';
const CONTROLS = ['register', 'status'];

const fsOpen = bind('long syscall(long number, const char *type, uint flags)');
const fsConfig = bind('long syscall(long number, int fd, uint command, void *key, void *value, int aux)');
const fsMount = bind('long syscall(long number, int fd, uint flags, uint attributes)');
// the same numbers on every architecture
const SYS_FSOPEN = 430;
const SYS_FSCONFIG = 431;
const SYS_FSMOUNT = 432;
const CLOEXEC = 1;
const FSCONFIG_CMD_CREATE = 6;

/** The entries' texts, as the kernel writes them. Throws system errors where the kernel has none or we may not ask. */
export function interpreterEntries(): string[] {
  if (existsSync(join(FOLDER, 'status'))) return entriesIn(FOLDER);
  // a mount that no path leads to, and that ends with its descriptor
  const context = checked(Number(fsOpen(SYS_FSOPEN, 'binfmt_misc', CLOEXEC)), 'fsopen', 'binfmt_misc');
  try {
    checked(Number(fsConfig(SYS_FSCONFIG, context, FSCONFIG_CMD_CREATE, null, null, 0)), 'fsconfig', 'binfmt_misc');
    const mounted = checked(Number(fsMount(SYS_FSMOUNT, context, CLOEXEC, 0)), 'fsmount', 'binfmt_misc');
    try {
      return entriesIn(`/proc/self/fd/${mounted}`);
    } finally {
      closeSync(mounted);
    }
  } finally {
    closeSync(context);
  }
}

function entriesIn(folder: string): string[] {
  return readdirSync(folder)
    .filter((name) => !CONTROLS.includes(name))
    .map((name) => readFileSync(join(folder, name), 'utf8'));
}
