// The program of `berth machine`: Linux machines by QEMU, and the contexts by which clients reach them.
import { realpathSync } from 'node:fs';
import { homedir } from 'node:os';
import { isatty } from 'node:tty';
import { createHash } from 'node:crypto';
import { BerthError, messageOf } from '../base/errors.ts';
import { Failure } from '../cli/grammar/index.ts';
import { noteFor } from '../cli/messages/index.ts';
import { ContextStore, editConfig, readConfig } from '../client/config/index.ts';
import { type Contexts, placeOf, runCommand } from '../machine/index.ts';

/** Resolves to the exit code. */
export async function main(argv: readonly string[]): Promise<number> {
  const { env, stdout, stderr } = process;
  const err = (text: string): void => void stderr.write(text);
  try {
    return await runCommand(
      {
        place: placeOf(env),
        contexts: contextsOf(env['DOCKER_CONFIG'] || `${homedir()}/.docker`, err),
        program: realpathSync(process.argv[1] ?? ''),
        onProgress: (line) => err(`${line}\n`),
      },
      {
        out: (text) => void stdout.write(text),
        err,
        isTerminal: isatty(0) && isatty(1),
        home: homedir() || undefined,
      },
      argv,
      stdout.columns ?? 80,
    );
  } catch (error) {
    const note = noteFor(messageOf(error), env, isatty(2));
    if (error instanceof Failure) {
      err(`${error.message}\n${note}`);
      return error.code;
    }
    const hint = error instanceof BerthError && error.hint !== undefined ? `${error.hint}\n` : '';
    err(`berth machine: ${messageOf(error)}\n${hint}${note}`);
    return 1;
  }
}

function contextsOf(folder: string, warn: (text: string) => void): Contexts {
  const store = new ContextStore(folder, (text) => createHash('sha256').update(text).digest('hex'));
  const choose = (name: string | undefined): void => {
    editConfig(
      folder,
      readConfig(folder, (message) => warn(`WARNING: ${message}\n`)),
      { currentContext: name },
    );
  };
  const current = (): unknown => readConfig(folder, () => undefined)['currentContext'];
  return {
    has: (name) => store.has(name),
    add(name, host) {
      store.save({ Name: name, Metadata: { Description: 'Berth machine' }, Endpoints: { docker: { Host: host } } });
      choose(name);
    },
    remove(name) {
      if (current() === name) choose(undefined);
      store.remove(name);
    },
  };
}
