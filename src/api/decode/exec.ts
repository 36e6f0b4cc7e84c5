// The body of an exec create as the engine knows it. Pure.
import { invalid } from '../../base/errors.ts';
import type { ExecSpec } from '../../engine/create/index.ts';
import { decode, execOptions } from '../../spec/docker/schemas/index.ts';

/** Throws invalid `No exec command specified`. `minor` is that of the API version. */
export function execSpec(body: unknown, minor: number): ExecSpec {
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
