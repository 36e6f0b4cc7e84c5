// Files that people name beside a container's flags: environment, labels, seccomp profiles. Errors have Docker's wording.
import { readFileSync } from 'node:fs';
import { isErrno } from '../../base/errors.ts';
import { cut } from '../../base/go-text.ts';
import { profilePath } from '../../spec/docker/shorthand/index.ts';

/** The words of Go's os.Open for a file that can't be read. */
export function openError(path: string, error: unknown): string {
  if (isErrno(error, 'ENOENT')) return `open ${path}: no such file or directory`;
  if (isErrno(error, 'EACCES')) return `open ${path}: permission denied`;
  if (isErrno(error, 'EISDIR')) return `read ${path}: is a directory`;
  return `open ${path}: ${error instanceof Error ? error.message : String(error)}`;
}

/** The lines `KEY=value` of an env or label file; a bare key takes its value from `lookup`, or is left out. */
export function readKeyValueFile(path: string, lookup?: (key: string) => string | undefined): string[] {
  let content: string;
  try {
    content = readFileSync(path, 'utf8');
  } catch (error) {
    throw new Error(openError(path, error), { cause: error });
  }
  const bad = (what: string): Error => new Error(`invalid env file (${path}): ${what}`);
  const lines: string[] = [];
  for (const raw of content.replace(/^\ufeff/, '').split(/\r?\n/)) {
    const line = raw.trimStart();
    if (line === '' || line.startsWith('#')) continue;
    const [key] = cut(line, '=');
    if (key === '') throw bad(`no variable name on line '${line}'`);
    if (/[ \t]/.test(key)) throw bad(`variable '${key}' contains whitespaces`);
    if (line.includes('=')) lines.push(line);
    else {
      const value = lookup?.(line);
      if (value !== undefined) lines.push(`${key}=${value}`);
    }
  }
  return lines;
}

/** A `--security-opt` with the content of the seccomp profile in place of its path. */
export function withProfile(option: string): string {
  const path = profilePath(option);
  return path === undefined ? option : `seccomp=${profile(path)}`;
}

function profile(path: string): string {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    throw new Error(`opening seccomp profile (${path}) failed: ${openError(path, error)}`, { cause: error });
  }
  try {
    return JSON.stringify(JSON.parse(text));
  } catch (error) {
    throw new Error(`compacting json for seccomp profile (${path}) failed: ${(error as Error).message}`, {
      cause: error,
    });
  }
}
