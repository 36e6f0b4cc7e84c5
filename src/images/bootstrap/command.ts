// Runs a program of the host and answers its output; never through a shell.
import { spawn } from 'node:child_process';
import { isErrno, unavailable } from '../../base/errors.ts';

export interface Ran {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

const MAX_OUTPUT = 1024 * 1024;

/** Throws unavailable, naming the package to install, when the program is missing. */
export async function run(
  program: string,
  args: readonly string[],
  options: {
    readonly cwd?: string;
    readonly env?: NodeJS.ProcessEnv;
    readonly package: string;
    readonly onLine?: (line: string) => void;
    readonly signal?: AbortSignal;
  },
): Promise<Ran> {
  const child = spawn(program, args, {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, LC_ALL: 'C.UTF-8', ...options.env },
    ...(options.cwd ? { cwd: options.cwd } : {}),
    ...(options.signal ? { signal: options.signal } : {}),
  });
  let stdout = '';
  let stderr = '';
  let open = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    if (stdout.length < MAX_OUTPUT) stdout += text;
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr = (stderr + text).slice(-MAX_OUTPUT);
    const lines = (open + text).split('\n');
    open = lines.pop() ?? '';
    for (const line of lines) options.onLine?.(line);
  });
  const code = await new Promise<number>((resolve, reject) => {
    child.on('error', (error) =>
      reject(
        isErrno(error, 'ENOENT')
          ? unavailable(`${program} is not installed on this host`, { hint: `Install the package ${options.package}.` })
          : error,
      ),
    );
    child.on('close', (status) => resolve(status ?? -1));
  });
  return { code, stdout, stderr };
}
