// One command at a time on a machine: a file with the process that holds it. Whoever was killed holds nothing.
import { closeSync, mkdirSync, openSync, readFileSync, renameSync, rmSync, writeSync } from 'node:fs';
import { dirname } from 'node:path';
import { conflict, isErrno } from '../base/errors.ts';
import { parseJson } from '../base/json.ts';
import { isSame, markOf, type ProcessMark } from './process.ts';

/** Throws conflict when another command has it. */
export function takeLock(file: string, what: string): Disposable {
  mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
  for (let tries = 0; tries < 5; tries++) {
    try {
      const own = openSync(file, 'wx', 0o600);
      writeSync(own, JSON.stringify(markOf(process.pid)));
      closeSync(own);
      return { [Symbol.dispose]: () => rmSync(file, { force: true }) };
    } catch (error) {
      if (!isErrno(error, 'EEXIST')) throw error;
    }
    const holder = holderOf(file);
    if (holder === 'unknown') {
      // it is being written, or its writer was killed in the middle of it
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 50);
      if (tries < 3) continue;
    } else if (isSame(holder))
      throw conflict(`another command works on ${what} (process ${holder.pid})`, {
        hint: 'Try again when it has ended.',
      });
    // by rename, so that of two who find it only one takes it away
    const away = `${file}.${process.pid}.stale`;
    try {
      renameSync(file, away);
      rmSync(away, { force: true });
    } catch (error) {
      if (!isErrno(error, 'ENOENT')) throw error;
    }
  }
  throw conflict(`another command works on ${what}`, { hint: 'Try again when it has ended.' });
}

function holderOf(file: string): ProcessMark | 'unknown' | undefined {
  try {
    const value = parseJson(readFileSync(file, 'utf8')) as Partial<ProcessMark> | null;
    return typeof value?.pid === 'number' && typeof value.began === 'string'
      ? { pid: value.pid, began: value.began }
      : 'unknown';
  } catch (error) {
    return isErrno(error, 'ENOENT') ? undefined : 'unknown';
  }
}
