// Starts a program that is to outlive us, by posix_spawn(3). Node's own spawn forks, which copies the page tables of a large
// process and blocks the event loop for several milliseconds; posix_spawn shares memory with the child until its exec.
import { closeSync } from 'node:fs';
import { Socket } from 'node:net';
import { basename } from 'node:path';
import koffi from 'koffi';
import { faultPoint } from './fault.ts';
import { bind, SystemCallError } from './libc.ts';

const actionsInit = bind('int posix_spawn_file_actions_init(void *actions)');
const actionsDestroy = bind('int posix_spawn_file_actions_destroy(void *actions)');
const actionsDup = bind('int posix_spawn_file_actions_adddup2(void *actions, int from, int to)');
const actionsOpen = bind(
  'int posix_spawn_file_actions_addopen(void *actions, int fd, const char *path, int flags, unsigned int mode)',
);
const actionsClose = bind('int posix_spawn_file_actions_addclose(void *actions, int fd)');
const actionsChdir = bind('int posix_spawn_file_actions_addchdir_np(void *actions, const char *path)');
const attrInit = bind('int posix_spawnattr_init(void *attr)');
const attrDestroy = bind('int posix_spawnattr_destroy(void *attr)');
const attrFlags = bind('int posix_spawnattr_setflags(void *attr, short flags)');
const attrDefaults = bind('int posix_spawnattr_setsigdefault(void *attr, const void *set)');
const attrMask = bind('int posix_spawnattr_setsigmask(void *attr, const void *set)');
const spawnCall = bind(
  'int posix_spawn(_Out_ int *pid, const char *path, const void *actions, const void *attr, const char **argv, const char **envp)',
);
const waitCall = bind('int waitpid(int pid, void *status, int options)');
const pipeCall = bind('int pipe2(_Out_ int *ends, int flags)');
const socketpairCall = bind('int socketpair(int domain, int type, int protocol, _Out_ int *pair)');

const SETSIGDEF = 0x04;
const SETSIGMASK = 0x08;
const SETSID = 0x80;
const WNOHANG = 1;
const O_RDWR = 2;
const AF_UNIX = 1;
const SOCK_STREAM = 1;
const SOCK_CLOEXEC = 0o2000000;
/** Larger than glibc's structures of any architecture (336 and 80 bytes on 64 bits). */
const STRUCT_BYTES = 512;
const SIGSET_BYTES = 128;

const allSignals = Buffer.alloc(SIGSET_BYTES, 0xff);
const noSignals = Buffer.alloc(SIGSET_BYTES);

/** A connection to the child: our end as a stream, and the descriptor to hand over. */
export interface ChildPipe extends Disposable {
  readonly socket: Socket;
  readonly fd: number;
}

/** A two-way pipe; disposing closes the child's end on our side, which must be done once the child has it. */
export function childPipe(): ChildPipe {
  const pair = [0, 0];
  if ((socketpairCall(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) as number) < 0)
    throw new SystemCallError('socketpair', koffi.errno(), '');
  const [mine, theirs] = pair as [number, number];
  return {
    socket: new Socket({ fd: mine, readable: true, writable: true }),
    fd: theirs,
    [Symbol.dispose]: () => closeSync(theirs),
  };
}

/** A pipe from the child to us; disposing closes the child's end on our side, which must be done once the child has it. */
export function outputPipe(): ChildPipe {
  const ends = [0, 0];
  if ((pipeCall(ends, SOCK_CLOEXEC) as number) < 0) throw new SystemCallError('pipe2', koffi.errno(), '');
  const [mine, theirs] = ends as [number, number];
  return {
    socket: new Socket({ fd: mine, readable: true, writable: false }),
    fd: theirs,
    [Symbol.dispose]: () => closeSync(theirs),
  };
}

export interface SpawnOptions {
  readonly file: string;
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  readonly cwd: string;
  /** Descriptors of ours that the child gets as 3, 4, 5 …; everything else is closed. Standard streams are /dev/null but for `stdout` and `stderr`. */
  readonly fds: readonly number[];
  readonly stdout?: number;
  readonly stderr: number;
}

/** The child's pid. It leads a session of its own, and its signals are as a shell would give them. */
export function spawnDetached(request: SpawnOptions): number {
  faultPoint(`spawn.${basename(request.file)}`);
  const actions = Buffer.alloc(STRUCT_BYTES);
  const attr = Buffer.alloc(STRUCT_BYTES);
  checkCode(actionsInit(actions) as number, request.file);
  checkCode(attrInit(attr) as number, request.file);
  try {
    // first out of the way of the numbers that are given out below
    const parked = [...(request.stdout === undefined ? [] : [request.stdout]), request.stderr, ...request.fds].map(
      (fd, index) => {
        checkCode(actionsDup(actions, fd, PARK + index) as number, request.file);
        return PARK + index;
      },
    );
    const first = request.stdout === undefined ? 2 : 1;
    for (const standard of request.stdout === undefined ? [0, 1] : [0])
      checkCode(actionsOpen(actions, standard, '/dev/null', O_RDWR, 0) as number, request.file);
    parked.forEach((fd, index) => checkCode(actionsDup(actions, fd, first + index) as number, request.file));
    for (const fd of parked) checkCode(actionsClose(actions, fd) as number, request.file);
    checkCode(actionsChdir(actions, request.cwd) as number, request.cwd);
    checkCode(attrFlags(attr, SETSIGDEF | SETSIGMASK | SETSID) as number, request.file);
    checkCode(attrDefaults(attr, allSignals) as number, request.file);
    checkCode(attrMask(attr, noSignals) as number, request.file);
    const pid = [0];
    const environment = Object.entries(request.env).map(([name, value]) => `${name}=${value}`);
    checkCode(
      spawnCall(
        pid,
        request.file,
        actions,
        attr,
        [request.file, ...request.args, null],
        [...environment, null],
      ) as number,
      request.file,
    );
    return pid[0] ?? 0;
  } finally {
    actionsDestroy(actions);
    attrDestroy(attr);
  }
}

/** Numbers far above those that a child is given, and below the usual limit of open files. */
const PARK = 900;

/** posix_spawn and its kin return the error itself. */
function checkCode(code: number, detail: string): void {
  if (code !== 0) throw new SystemCallError('posix_spawn', code, detail);
}

/** Takes the exit of a child of `spawnDetached`, so that it does not stay as a zombie; false while it runs. */
export function reap(pid: number): boolean {
  return (waitCall(pid, null, WNOHANG) as number) !== 0;
}

/** As `reap`, with the exit code as a shell has it: 128 and the signal for one that was killed. undefined while it runs. */
export function reapCode(pid: number): number | undefined {
  const status = Buffer.alloc(4);
  const found = waitCall(pid, status, WNOHANG) as number;
  if (found === 0) return undefined;
  if (found < 0) return 255;
  const value = status.readInt32LE(0);
  const signal = value & 0x7f;
  return signal === 0 ? (value >> 8) & 0xff : 128 + signal;
}
