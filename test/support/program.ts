// A program that runs while the test goes on: its input is held open, its output is looked at as it comes.
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { pause } from './daemon.ts';

export class Program implements Disposable {
  readonly #child: ChildProcess;
  stdout = '';
  stderr = '';
  /** The exit code when all output was read; 128 + 9 when it was killed. */
  readonly ended: Promise<number>;

  constructor(command: { file: string; args: readonly string[]; env?: NodeJS.ProcessEnv }) {
    this.#child = spawn(command.file, command.args, { env: { ...process.env, ...command.env }, stdio: 'pipe' });
    this.#child.stdout?.setEncoding('utf8').on('data', (text: string) => (this.stdout += text));
    this.#child.stderr?.setEncoding('utf8').on('data', (text: string) => (this.stderr += text));
    this.#child.stdin?.on('error', () => undefined);
    this.ended = new Promise((resolve) =>
      this.#child.once('close', (code, signal) => resolve(code ?? (signal === 'SIGKILL' ? 137 : 255))),
    );
  }

  type(text: string): void {
    this.#child.stdin?.write(text);
  }

  closeInput(): void {
    this.#child.stdin?.end();
  }

  signal(name: NodeJS.Signals): void {
    this.#child.kill(name);
  }

  /** Waits until what was written to stdout so far matches. */
  async expect(pattern: RegExp, milliseconds = 10_000): Promise<void> {
    const end = Date.now() + milliseconds;
    while (!pattern.test(this.stdout)) {
      if (Date.now() > end)
        throw new Error(
          `no ${String(pattern)} in ${JSON.stringify(this.stdout)}, stderr ${JSON.stringify(this.stderr)}`,
        );
      await pause(10);
    }
  }

  [Symbol.dispose](): void {
    this.#child.kill('SIGKILL');
  }
}

/** Why tests with the docker CLI cannot run here; false when they can. For `skip`. */
export function dockerMissing(): string | false {
  return spawnSync('docker', ['--version']).status === 0 ? false : 'the docker CLI is not on the PATH';
}
