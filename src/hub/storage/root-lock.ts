// One process at a time works on a hub's directory; the lock ends with it, however it ends.
import { closeSync, mkdirSync, openSync } from 'node:fs';
import { join } from 'node:path';
import { conflict } from '../../base/errors.ts';
import { tryLock } from '../../host/lock.ts';

export function lockRoot(root: string): Disposable {
  mkdirSync(join(root, 'hub'), { recursive: true, mode: 0o700 });
  const file = openSync(join(root, 'hub', 'lock'), 'a', 0o600);
  if (!tryLock(file)) {
    closeSync(file);
    throw conflict(
      `another process works on ${root}: a hub that serves collects by itself, and must end before a check`,
    );
  }
  return { [Symbol.dispose]: () => closeSync(file) };
}
