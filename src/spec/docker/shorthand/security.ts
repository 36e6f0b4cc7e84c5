// Reads --security-opt, --storage-opt and --log-opt.
import { cut } from '../../../base/go-text.ts';
import { toMap } from './text.ts';

export interface Security {
  /** A seccomp profile still as the path of its file. */
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
    return key === 'seccomp' && isProfilePath(value) ? `seccomp=${value}` : text;
  });
  const open = options.includes('systempaths=unconfined');
  return {
    options: options.filter((option) => option !== 'systempaths=unconfined'),
    maskedPaths: open ? [] : null,
    readonlyPaths: open ? [] : null,
  };
}

const isProfilePath = (value: string): boolean => value !== 'builtin' && value !== 'unconfined';

/** The file of the seccomp profile that a security option names. */
export function profilePath(option: string): string | undefined {
  const [key, value] = cut(option, '=');
  return key === 'seccomp' && isProfilePath(value) ? value : undefined;
}

export function parseStorage(options: readonly string[]): Record<string, string> {
  if (options.some((option) => !option.includes('='))) throw new Error('invalid storage option');
  return toMap(options);
}

export function parseLogging(driver: string, options: readonly string[]): Record<string, string> {
  if (driver === 'none' && options.length > 0) throw new Error(`invalid logging opts for driver ${driver}`);
  return toMap(options);
}
