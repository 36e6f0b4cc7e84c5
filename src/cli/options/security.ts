// Reads --security-opt, --storage-opt and --log-opt; a seccomp profile is read from its file.
import { readFileSync } from 'node:fs';
import { cut } from '../grammar/index.ts';
import { openError, toMap } from './text.ts';

export interface Security {
  readonly options: string[];
  /** empty lists when `systempaths=unconfined` was given */
  readonly maskedPaths: string[] | null;
  readonly readonlyPaths: string[] | null;
}

/** Throws Error with Docker's text. */
export function parseSecurity(given: readonly string[]): Security {
  const options = given.map((text) => {
    const separator = text.includes('=') || text === 'no-new-privileges' ? '=' : ':';
    const [key, value] = cut(text, separator);
    if (value === '' && key !== 'no-new-privileges') throw new Error(`Invalid --security-opt: ${JSON.stringify(text)}`);
    return key === 'seccomp' && value !== 'builtin' && value !== 'unconfined' ? `seccomp=${profile(value)}` : text;
  });
  const open = options.includes('systempaths=unconfined');
  return {
    options: options.filter((option) => option !== 'systempaths=unconfined'),
    maskedPaths: open ? [] : null,
    readonlyPaths: open ? [] : null,
  };
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

export function parseStorage(options: readonly string[]): Record<string, string> {
  if (options.some((option) => !option.includes('='))) throw new Error('invalid storage option');
  return toMap(options);
}

export function parseLogging(driver: string, options: readonly string[]): Record<string, string> {
  if (driver === 'none' && options.length > 0) throw new Error(`invalid logging opts for driver ${driver}`);
  return toMap(options);
}
