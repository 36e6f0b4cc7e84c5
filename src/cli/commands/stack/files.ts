// The Compose files of a stack, read as `compose` reads them.
import { readFileSync } from 'node:fs';
import { isAbsolute, join } from 'node:path';
import { type Loaded, loadProject, type Stack, stackOf } from '../../../compose/index.ts';
import type { Context } from '../../session/context.ts';
import { Failure, flag } from '../../grammar/index.ts';
import { hostOf, warningLine } from '../compose/command/host.ts';

export const composeFile = {
  'compose-file': flag.list('c', 'Path to a Compose file, or "-" to read from stdin'),
} as const;

/** Without a file the one of this directory is taken, as by `compose`. */
export function loadFiles(context: Context, name: string, files: readonly string[], interpolates = true): Loaded {
  if (name !== '') checkName(name);
  return loadProject(
    { files, ...(name === '' ? {} : { projectName: name }), interpolates },
    hostOf(context),
    (message) => {
      // files for stacks had to have one
      if (!message.includes('`version` is obsolete')) context.err(warningLine(message, new Date(), false));
    },
  );
}

export function loadStack(context: Context, name: string, files: readonly string[]): Stack {
  const loaded = loadFiles(context, name, files);
  const stack = stackOf(loaded.project, {
    environment: loaded.environment,
    read: (path) => {
      const full = isAbsolute(path) ? path : join(loaded.workingDirectory, path);
      try {
        return readFileSync(full);
      } catch {
        throw new Failure(`open ${full}: no such file or directory`);
      }
    },
  });
  if (stack.ignored.length > 0) context.err(`Ignoring unsupported options: ${stack.ignored.join(', ')}\n\n`);
  return stack;
}

/** Throws in Docker's words. */
export function checkName(name: string): void {
  if (name.trim() === '' || /[\s"']/.test(name)) throw new Failure(`invalid stack name: ${JSON.stringify(name)}`);
}
