// Files that people name beside a container's flags: environment, labels, seccomp profiles. Errors have Docker's wording.
import { isUtf8 } from 'node:buffer';
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
  let content: Buffer;
  try {
    content = readFileSync(path);
  } catch (error) {
    throw new Error(openError(path, error), { cause: error });
  }
  const bad = (what: string): Error => new Error(`invalid env file (${path}): ${what}`);
  const lines: string[] = [];
  const text = content.toString('utf8').replace(/^\ufeff/, '');
  if (!isUtf8(content)) throw bad(notUtf8(content));
  for (const raw of text.split(/\r?\n/)) {
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

/** What Docker says of the first line that is no UTF-8. */
function notUtf8(content: Buffer): string {
  let number = 1;
  for (let at = 0; at <= content.length; number++) {
    const end = content.indexOf(0x0a, at);
    const line = content.subarray(at, end < 0 ? content.length : end);
    if (!isUtf8(line)) return `invalid utf8 bytes at line ${number}: [${[...line].join(' ')}]`;
    at += line.length + 1;
  }
  return 'invalid utf8 bytes';
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
