// Work done inside another network namespace: this thread enters it, works synchronously, and comes back.
import { closeSync, openSync } from 'node:fs';
import { bind, checked } from '../libc.ts';

const setnsCall = bind('int setns(int fd, int type)');
const unshareCall = bind('int unshare(int flags)');
const CLONE_NEWNET = 0x40000000;

let home: number | undefined;

/** An open namespace; whoever opens it closes it. Throws ENOENT when the process is gone. */
export function openNamespace(path: string): number {
  return openSync(path, 'r');
}

/** Runs `work` inside; it must not wait for anything, since everything else on this thread would be inside as well. */
export function inNamespace<T>(namespace: number, work: () => T): T {
  home ??= openSync('/proc/thread-self/ns/net', 'r');
  checked(setnsCall(namespace, CLONE_NEWNET) as number, 'setns', 'network namespace');
  try {
    return work();
  } finally {
    // A daemon that is lost in a container's namespace would do everything else in there.
    if ((setnsCall(home, CLONE_NEWNET) as number) !== 0) process.abort();
  }
}

/** As `inNamespace`, by path. */
export function inNamespaceAt<T>(path: string, work: () => T): T {
  const namespace = openNamespace(path);
  try {
    return inNamespace(namespace, work);
  } finally {
    closeSync(namespace);
  }
}

/** A new namespace, held by the descriptor that is given; half a millisecond. `work` runs inside before anything else is there. */
export function makeNamespace(work: () => void): number {
  home ??= openSync('/proc/thread-self/ns/net', 'r');
  checked(unshareCall(CLONE_NEWNET) as number, 'unshare', 'network namespace');
  try {
    work();
    return openSync('/proc/thread-self/ns/net', 'r');
  } finally {
    if ((setnsCall(home, CLONE_NEWNET) as number) !== 0) process.abort();
  }
}
