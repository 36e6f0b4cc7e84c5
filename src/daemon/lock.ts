// One daemon for one data root: a lock that the kernel takes back when the daemon dies, and a file with its pid for people.
import { closeSync, mkdirSync, openSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { conflict, isErrno } from '../base/errors.ts';
import { tryLock } from '../host/lock.ts';
import { secureDataRoot } from './directories.ts';

/** Throws when another daemon has the root. Hold the result until the end. */
export function lockRoot(dataRoot: string, pidfile: string): Disposable {
  secureDataRoot(dataRoot);
  const fd = openSync(join(dataRoot, 'lock'), 'a', 0o600);
  if (!tryLock(fd)) {
    closeSync(fd);
    throw conflict(`another daemon uses ${dataRoot}; every daemon needs a --data-root of its own`);
  }
  mkdirSync(dirname(pidfile), { recursive: true, mode: 0o711 });
  writeFileSync(pidfile, `${process.pid}\n`, { mode: 0o644 });
  return {
    [Symbol.dispose]: () => {
      try {
        rmSync(pidfile);
      } catch (error) {
        if (!isErrno(error, 'ENOENT')) throw error;
      }
      closeSync(fd);
    },
  };
}
