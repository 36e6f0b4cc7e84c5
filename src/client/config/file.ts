// The client's config.json: read as it is, replaced at once, and only its owner reads it.
import { readFileSync } from 'node:fs';
import { isErrno, messageOf } from '../../base/errors.ts';
import { parseJson } from '../../base/json.ts';
import { replaceFile } from '../../files/index.ts';

export type ConfigFile = Readonly<Record<string, unknown>>;

/** Empty when there is none, and, with a warning, when it cannot be read. */
export function readConfig(directory: string, warn: (message: string) => void): ConfigFile {
  const path = `${directory}/config.json`;
  try {
    const value: unknown = parseJson(readFileSync(path, 'utf8'));
    return typeof value === 'object' && value !== null ? (value as ConfigFile) : {};
  } catch (error) {
    if (!isErrno(error, 'ENOENT')) warn(`Error parsing config file (${path}): ${messageOf(error)}`);
    return {};
  }
}

/** Fields that are undefined go. Gives the path of the file. */
export function editConfig(directory: string, before: ConfigFile, change: ConfigFile): string {
  const path = `${directory}/config.json`;
  replaceFile(path, JSON.stringify({ auths: {}, ...before, ...change }, undefined, '\t'), 0o600);
  return path;
}
