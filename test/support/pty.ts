// A program under a terminal of its own: types, reads what it shows, changes the size.
import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, constants, openSync, writeSync } from 'node:fs';
import { ReadStream } from 'node:tty';
import { bind, checked } from '../../src/host/libc.ts';
import { pause } from './daemon.ts';

const ioctl = bind('int ioctl(int fd, unsigned long request, void *value)');
const TIOCSPTLCK = 0x40045431;
const TIOCGPTN = 0x80045430;
const TIOCSWINSZ = 0x5414;

export class Terminal implements Disposable {
  readonly #master: number;
  readonly #stream: ReadStream;
  readonly #child: ChildProcess;
  /** Everything shown so far. */
  shown = '';
  #read = 0;
  /** The exit code, 128 + n for a signal. */
  readonly ended: Promise<number>;

  /** The terminal is the program's controlling terminal, so that its Ctrl-C is a signal and a new size is SIGWINCH. */
  constructor(
    file: string,
    args: readonly string[],
    options: { env?: NodeJS.ProcessEnv; size?: [number, number] } = {},
  ) {
    this.#master = openSync('/dev/ptmx', constants.O_RDWR | constants.O_NOCTTY);
    const word = Buffer.alloc(4);
    checked(ioctl(this.#master, TIOCSPTLCK, word) as number, 'ioctl', 'TIOCSPTLCK');
    checked(ioctl(this.#master, TIOCGPTN, word) as number, 'ioctl', 'TIOCGPTN');
    const slave = openSync(`/dev/pts/${word.readUInt32LE()}`, constants.O_RDWR | constants.O_NOCTTY);
    this.resize(...(options.size ?? [24, 80]));
    this.#child = spawn('setsid', ['--ctty', file, ...args], {
      stdio: [slave, slave, slave],
      env: { ...process.env, TERM: 'xterm', ...options.env },
    });
    closeSync(slave);
    this.ended = new Promise((resolve) =>
      this.#child.once('exit', (code, signal) => resolve(code ?? (signal === 'SIGKILL' ? 137 : 255))),
    );
    this.#stream = new ReadStream(this.#master);
    this.#stream.on('data', (chunk: Buffer) => (this.shown += chunk.toString('utf8')));
    // EIO: the last one who had the terminal open is gone
    this.#stream.on('error', () => undefined);
  }

  type(text: string): void {
    writeSync(this.#master, text);
  }

  /** Rows, then columns. */
  resize(rows: number, columns: number): void {
    const size = Buffer.alloc(8);
    size.writeUInt16LE(rows, 0);
    size.writeUInt16LE(columns, 2);
    checked(ioctl(this.#master, TIOCSWINSZ, size) as number, 'ioctl', 'TIOCSWINSZ');
  }

  /** Waits until the pattern is shown after what was expected before; returns the match. */
  async expect(pattern: RegExp, milliseconds = 30_000): Promise<RegExpExecArray> {
    const end = Date.now() + milliseconds;
    for (;;) {
      const match = pattern.exec(this.shown.slice(this.#read));
      if (match) {
        this.#read += match.index + match[0].length;
        return match;
      }
      if (Date.now() > end)
        throw new Error(
          `the terminal did not show ${String(pattern)} but ${JSON.stringify(this.shown.slice(this.#read))}`,
        );
      await pause(10);
    }
  }

  [Symbol.dispose](): void {
    this.#child.kill('SIGKILL');
    this.#stream.destroy();
  }
}
