// Changes the credentials in config.json; the file is replaced at once and only its owner reads it.
import { mkdirSync, renameSync, writeFileSync } from 'node:fs';
import type { Context } from '../../context.ts';

type Auths = Readonly<Record<string, object>>;

/** Gives the path of the file. */
export function editAuths(context: Context, change: (auths: Auths) => Auths): string {
  const { config: directory } = context.globals;
  const path = `${directory}/config.json`;
  const config = context.config();
  const next = { ...config, auths: change((config['auths'] ?? {}) as Auths) };
  mkdirSync(directory, { recursive: true, mode: 0o700 });
  const temporary = `${path}.${process.pid}.tmp`;
  writeFileSync(temporary, JSON.stringify(next, undefined, '\t'), { mode: 0o600 });
  renameSync(temporary, path);
  return path;
}
