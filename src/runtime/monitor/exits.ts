// Exit codes as the monitors write them: one file a container, made by rename, seen through inotify.
import { type FSWatcher, readdirSync, readFileSync, rmSync, watch } from 'node:fs';
import { join } from 'node:path';
import { faultPoint } from '../../host/fault.ts';
import { isErrno } from '../../base/errors.ts';

export interface Exit {
  readonly id: string;
  readonly code: number;
}

export class ExitWatch implements Disposable {
  readonly #directory: string;
  readonly #watcher: FSWatcher;
  readonly #onExit: (exit: Exit) => void;

  constructor(directory: string, onExit: (exit: Exit) => void) {
    this.#directory = directory;
    this.#onExit = onExit;
    this.#watcher = watch(directory, (_, name) => {
      if (name !== null && /^[0-9a-f]{64}$/.test(name)) this.#look(name);
    });
  }

  /** The exit codes that are already there, for the daemon's start. */
  present(): Exit[] {
    return readdirSync(this.#directory)
      .filter((name) => /^[0-9a-f]{64}$/.test(name))
      .flatMap((id) => {
        const code = this.read(id);
        return code === undefined ? [] : [{ id, code }];
      });
  }

  read(id: string): number | undefined {
    try {
      const text = readFileSync(join(this.#directory, id), 'utf8');
      return /^-?\d+$/.test(text) ? Number(text) : undefined;
    } catch (error) {
      if (isErrno(error, 'ENOENT')) return undefined;
      throw error;
    }
  }

  forget(id: string): void {
    faultPoint('exit.forget');
    rmSync(join(this.#directory, id), { force: true });
  }

  #look(id: string): void {
    const code = this.read(id);
    if (code !== undefined) this.#onExit({ id, code });
  }

  [Symbol.dispose](): void {
    this.#watcher.close();
  }
}
