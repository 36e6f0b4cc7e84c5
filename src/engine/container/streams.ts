// Somebody's terminal or pipes tied to a process: output to them, input from them, and the keys that let go.
import type { Readable } from 'node:stream';
import { invalid } from '../../base/errors.ts';
import type { Channel, Console, Watcher } from '../../runtime/index.ts';

/** The client's side of an attach or exec, as the API made it of a connection. */
export interface Io extends Watcher {
  /** What the client types; undefined when it sends nothing. Its end is the end of input. */
  readonly input: Readable | undefined;
  /** Resolves when the connection is gone. */
  readonly closed: Promise<void>;
}

export interface AttachmentOptions {
  readonly stdin: boolean;
  readonly stdout: boolean;
  readonly stderr: boolean;
  /** The process's stdin ends with the client's (StdinOnce). */
  readonly closeStdin: boolean;
  /** Bytes that let go without ending the process; empty for none. */
  readonly detachKeys: readonly number[];
  /** Called when the detach keys were typed. */
  readonly onDetach: () => void;
  /** What comes before the client is told that the process has ended. */
  readonly endsAfter?: () => Promise<unknown>;
}

export class Attachment implements Watcher {
  readonly #io: Io;
  readonly #options: AttachmentOptions;
  #stopWatching: (() => void) | undefined;
  #gone = false;
  readonly done: Promise<void>;
  #finish: () => void = () => undefined;

  constructor(io: Io, options: AttachmentOptions) {
    this.#io = io;
    this.#options = options;
    this.done = new Promise((resolve) => {
      this.#finish = resolve;
    });
    void io.closed.then(() => this.leave());
  }

  get wantsInput(): boolean {
    return this.#options.stdin;
  }

  write(channel: Channel, data: Buffer): boolean {
    if (this.#gone || !this.#options[channel]) return true;
    return this.#io.write(channel, data);
  }

  drained(): Promise<void> {
    return this.#io.drained();
  }

  end(): void {
    const notify = (): void => {
      this.#io.end();
      this.leave();
    };
    const { endsAfter } = this.#options;
    if (endsAfter) void endsAfter().then(notify);
    else notify();
  }

  /** Ties the client to a process. */
  connect(console: Console): void {
    if (this.#gone) return;
    this.#stopWatching = console.watch(this);
    if (this.#options.stdin && this.#io.input) void this.#pump(this.#io.input, console);
  }

  leave(): void {
    if (this.#gone) return;
    this.#gone = true;
    this.#stopWatching?.();
    this.#finish();
  }

  async #pump(input: Readable, console: Console): Promise<void> {
    const escape = new EscapeMatcher(this.#options.detachKeys);
    try {
      // leaving the loop must not destroy the connection: who lets go is told of it in order
      for await (const chunk of input.iterator({ destroyOnReturn: false })) {
        const { pass, detached } = escape.feed(chunk as Buffer);
        if (pass.length > 0) await console.write(pass);
        if (detached) {
          this.#options.onDetach();
          this.#io.end();
          this.leave();
          // so that the end of the client's side is seen
          input.resume();
          return;
        }
      }
    } catch {
      // the client or the process is gone; either way no more input comes, and what was sent is not left in the connection
      input.resume();
    }
    if (this.#options.closeStdin) console.closeInput();
  }
}

/** Finds the detach sequence in a stream of keys; what turns out to be no sequence is passed on. */
export class EscapeMatcher {
  readonly #keys: readonly number[];
  #matched = 0;

  constructor(keys: readonly number[]) {
    this.#keys = keys;
  }

  feed(chunk: Buffer): { pass: Buffer; detached: boolean } {
    if (this.#keys.length === 0) return { pass: chunk, detached: false };
    const out: number[] = [];
    for (const byte of chunk) {
      if (byte === this.#keys[this.#matched]) {
        this.#matched += 1;
        if (this.#matched === this.#keys.length) return { pass: Buffer.from(out), detached: true };
        continue;
      }
      out.push(...this.#keys.slice(0, this.#matched));
      this.#matched = byte === this.#keys[0] ? 1 : 0;
      if (this.#matched === 0) out.push(byte);
    }
    return { pass: Buffer.from(out), detached: false };
  }
}

/** Ctrl-P Ctrl-Q. */
export const DEFAULT_DETACH_KEYS: readonly number[] = [16, 17];

/** `ctrl-p,ctrl-q`, `a,b,ctrl-x` as bytes; undefined text is the default, empty text is none. Throws Docker's refusal. */
export function parseDetachKeys(text: string | undefined): readonly number[] {
  if (text === undefined || text === '') return DEFAULT_DETACH_KEYS;
  return text.split(',').map((key) => {
    const control = /^ctrl-(.)$/.exec(key)?.[1];
    if (control !== undefined) {
      const at = '@abcdefghijklmnopqrstuvwxyz[\\]^_'.indexOf(control);
      if (at >= 0) return at;
    } else if (key.length === 1) return key.charCodeAt(0);
    if (key === 'DEL') return 127;
    throw invalid(`Invalid detach keys (${text}) provided`);
  });
}
