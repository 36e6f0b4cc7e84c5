// `berth hub serve` as a process of a test's own.
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { ENTRY } from './daemon.ts';

export interface HubStart {
  /** Served and left as it is; else a directory that goes with the hub. */
  readonly root?: string;
  readonly flags?: readonly string[];
  /** Where it listens, of the namespaces that `enter` leads into. */
  readonly listen?: string;
  readonly enter?: readonly string[];
  readonly env?: NodeJS.ProcessEnv;
}

export class HubProcess implements AsyncDisposable {
  readonly root: string;
  readonly address: string;
  readonly #child: ChildProcess;
  readonly #own: boolean;

  private constructor(root: string, address: string, child: ChildProcess, own: boolean) {
    this.root = root;
    this.address = address;
    this.#child = child;
    this.#own = own;
  }

  /** Started and listening. */
  static async start({
    root,
    flags = [],
    env = {},
    listen = '127.0.0.1:0',
    enter = [],
  }: HubStart = {}): Promise<HubProcess> {
    const folder = root ?? mkdtempSync('/tmp/berth-hub-');
    const words = ['hub', 'serve', '--root', join(folder), '--listen', listen, ...flags];
    const [program, ...before] = [...enter, process.execPath];
    const child = spawn(program, [...before, '--disable-warning=ExperimentalWarning', '--', ENTRY, ...words], {
      stdio: ['ignore', 'ignore', 'pipe'],
      env: { ...process.env, ...env },
    });
    const port = await new Promise<string>((resolve, reject) => {
      let log = '';
      child.stderr?.setEncoding('utf8').on('data', (text: string) => {
        log += text;
        const found = /on https?:\/\/\d+\.\d+\.\d+\.\d+:(\d+)/.exec(log)?.[1];
        if (found !== undefined) resolve(found);
      });
      child.once('exit', () => reject(new Error(`berth hub serve ended:\n${log}`)));
    });
    return new HubProcess(folder, `${listen.split(':')[0]}:${port}`, child, root === undefined);
  }

  get pid(): number {
    return this.#child.pid ?? 0;
  }

  /** Resolves to the exit code; undefined when a signal ended it. */
  async stop(signal: NodeJS.Signals = 'SIGTERM'): Promise<number | undefined> {
    if (this.#child.exitCode === null && this.#child.signalCode === null) {
      const ended = new Promise((resolve) => this.#child.once('exit', resolve));
      this.#child.kill(signal);
      await ended;
    }
    return this.#child.exitCode ?? undefined;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
    if (this.#own) rmSync(this.root, { recursive: true, force: true });
  }
}
