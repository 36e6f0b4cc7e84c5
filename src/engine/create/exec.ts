// The body of an exec create, made complete and checked.
import { invalid } from '../../base/errors.ts';
import { decode, execOptions } from '../../spec/docker/schemas/index.ts';

export interface NormalisedExec {
  readonly cmd: readonly string[];
  readonly user: string;
  readonly env: readonly string[];
  readonly workingDir: string;
  readonly tty: boolean;
  readonly privileged: boolean;
  readonly attachStdin: boolean;
  readonly attachStdout: boolean;
  readonly attachStderr: boolean;
  readonly detachKeys: string;
  /** Height, width; undefined when not given. */
  readonly consoleSize: readonly [number, number] | undefined;
}

/** Throws invalid `No exec command specified`. `minor` is that of the API version. */
export function normaliseExec(body: unknown, minor = Number.POSITIVE_INFINITY): NormalisedExec {
  const exec = decode(execOptions, body, 'ExecOptions');
  const cmd = exec.Cmd ?? [];
  if (cmd.length === 0) throw invalid('No exec command specified');
  return {
    cmd,
    user: exec.User ?? '',
    env: exec.Env ?? [],
    workingDir: exec.WorkingDir ?? '',
    tty: exec.Tty ?? false,
    privileged: exec.Privileged ?? false,
    attachStdin: exec.AttachStdin ?? false,
    attachStdout: exec.AttachStdout ?? false,
    attachStderr: exec.AttachStderr ?? false,
    detachKeys: exec.DetachKeys ?? '',
    consoleSize: minor < 42 ? undefined : (exec.ConsoleSize ?? undefined),
  };
}
