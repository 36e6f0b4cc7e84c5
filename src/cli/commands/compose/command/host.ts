// The machine as the loader of Compose files sees it, and warnings as docker compose writes them.
import { readFileSync, realpathSync, statSync } from 'node:fs';
import type { Host } from '../../../../compose/index.ts';
import { isErrno } from '../../../../base/errors.ts';
import type { Context } from '../../../session/context.ts';

export function hostOf({ cwd, env }: Pick<Context, 'cwd' | 'env'>): Host {
  return {
    cwd,
    env,
    stdin: () => readFileSync(0, 'utf8'),
    files: {
      read: (path) => readFileSync(path, 'utf8'),
      kind: (path) => {
        try {
          const stat = statSync(path, { throwIfNoEntry: false });
          return stat === undefined ? undefined : stat.isDirectory() ? 'directory' : 'file';
        } catch (error) {
          if (isErrno(error, 'ENOTDIR', 'ENAMETOOLONG', 'ELOOP', 'EACCES')) return undefined;
          throw error;
        }
      },
      real: (path) => {
        try {
          return realpathSync(path);
        } catch {
          return path;
        }
      },
    },
  };
}

/** A line of logrus; JSON where progress is. */
export function warningLine(message: string, now: Date, json: boolean): string {
  const time = timestamp(now);
  if (json) return `${JSON.stringify({ level: 'warning', msg: message, time })}\n`;
  const isPlain = /^[\w\-./@^+]+$/.test(message);
  return `time=${JSON.stringify(time)} level=warning msg=${isPlain ? message : JSON.stringify(message)}\n`;
}

/** RFC 3339 to the second, in local time. */
function timestamp(now: Date): string {
  const offset = -now.getTimezoneOffset();
  const local = new Date(now.getTime() + offset * 60_000).toISOString().slice(0, 19);
  if (offset === 0) return `${local}Z`;
  const size = Math.abs(offset);
  const two = (number: number): string => String(number).padStart(2, '0');
  return `${local}${offset < 0 ? '-' : '+'}${two(Math.floor(size / 60))}:${two(size % 60)}`;
}
