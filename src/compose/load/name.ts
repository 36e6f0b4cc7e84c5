// What a project is called: the flag, COMPOSE_PROJECT_NAME, `name:` in its files, or the name of its directory.
import { basename } from 'node:path';
import { fail } from '../value/error.ts';

export interface NameSources {
  readonly flag: string;
  readonly env: string;
  /** `name:` of the files, filled in; empty when there is none */
  readonly file: string;
  readonly isNamedInFile: boolean;
  readonly directory: string;
}

/** What is left of a text that a project may be called. */
export function normalizeName(text: string): string {
  return text
    .toLowerCase()
    .replace(/[^a-z0-9_-]/g, '')
    .replace(/^[_-]+/, '');
}

export function checkName(name: string): string {
  return normalizeName(name) === name
    ? name
    : fail(
        `invalid project name ${JSON.stringify(name)}: must consist only of lowercase alphanumeric characters, hyphens, and underscores as well as start with a letter or number`,
      );
}

/** `normalizes` is off for `config --no-normalize`, which leaves a name of a file as it is. */
export function projectName({ flag, env, file, isNamedInFile, directory }: NameSources, normalizes: boolean): string {
  if (flag !== '') return checkName(flag);
  if (env !== '') return checkName(env);
  const own = normalizes ? normalizeName(file) : file;
  if (own !== '') return own;
  return isNamedInFile ? '' : normalizeName(basename(directory));
}
