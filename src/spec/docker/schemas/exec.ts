// The body of an exec create, field by field.
import type { ExecCreateBody } from '../exec.ts';
import { flag, int, list, pair, pointer, struct, text } from './decode.ts';

export const execOptions = struct<ExecCreateBody>('container.ExecOptions', {
  User: text(),
  Privileged: flag,
  Tty: flag,
  ConsoleSize: pointer(pair(int('uint'))),
  AttachStdin: flag,
  AttachStderr: flag,
  AttachStdout: flag,
  DetachKeys: text(),
  Env: list(text()),
  WorkingDir: text(),
  Cmd: list(text()),
});
