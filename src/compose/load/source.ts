// What loading needs from the machine, as a port: files, the environment and where warnings go.

export interface Files {
  /** throws a system error */
  readonly read: (path: string) => string;
  readonly kind: (path: string) => 'file' | 'directory' | undefined;
  /** the target of symbolic links, or the path where there is none */
  readonly real: (path: string) => string;
}

export interface Host {
  readonly files: Files;
  readonly cwd: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly stdin: () => string;
}

/** What Go says of a system error: `open /x: no such file or directory`. */
export function systemError(error: unknown, verb: string, path: string): Error {
  const code = error instanceof Error && 'code' in error ? String(error.code) : '';
  const reason = REASONS[code];
  if (reason === undefined) return error instanceof Error ? error : new Error(String(error));
  return new Error(`${code === 'EISDIR' ? 'read' : verb} ${path}: ${reason}`, { cause: error });
}

const REASONS: Readonly<Record<string, string>> = {
  ENOENT: 'no such file or directory',
  EISDIR: 'is a directory',
  EACCES: 'permission denied',
  ENOTDIR: 'not a directory',
  ELOOP: 'too many levels of symbolic links',
  ENAMETOOLONG: 'file name too long',
};
