// Where a running container's short-lived files are, below the exec root (a tmpfs: all of it is gone after a reboot).
//
//   <exec-root>/
//     exits/<id>              exit code of a container, written by its monitor by rename
//     runtime/<id>/           the OCI runtime's own state
//     c/<id>/                 the bundle: config.json, pid, monitor.pid, attach (socket), ctl and winsz (fifos), oom
//     c/<id>/x/<exec id>/     the same for one exec: process.json, pid, attach, <id> (exit code)
import { join } from 'node:path';

export interface ExecRoot {
  readonly root: string;
  readonly exits: string;
  readonly runtime: string;
  bundle(id: string): string;
  execBundle(id: string, execId: string): string;
}

export function execRoot(root: string): ExecRoot {
  return {
    root,
    exits: join(root, 'exits'),
    runtime: join(root, 'runtime'),
    bundle: (id) => join(root, 'c', id),
    execBundle: (id, execId) => join(root, 'c', id, 'x', execId),
  };
}
