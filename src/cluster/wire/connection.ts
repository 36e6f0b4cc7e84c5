// A connection that carries one JSON message a line, both ways, with bounds on what a peer may send and on what waits for it.
import type { Duplex } from 'node:stream';

/** Assignments of a node with thousands of tasks stay far below. */
export const MAX_MESSAGE_BYTES = 64 * 1024 * 1024;
/** Of a peer that has not shown who it is. */
export const MAX_STRANGER_BYTES = 64 * 1024;
/** A peer that takes no more is given up. */
export const MAX_UNSENT_BYTES = 128 * 1024 * 1024;

const NEWLINE = 0x0a;

export class Connection<In, Out> {
  readonly #stream: Duplex;
  readonly #closers: (() => void)[] = [];
  #parts: Buffer[] = [];
  #size = 0;
  #limit: number;
  #closed = false;
  onMessage: (message: In) => void = () => undefined;

  constructor(stream: Duplex, limit: number) {
    this.#stream = stream;
    this.#limit = limit;
    stream.on('data', (chunk: Buffer) => this.#take(chunk));
    stream.on('error', () => this.close());
    stream.on('close', () => this.close());
    stream.on('end', () => this.close());
  }

  set limit(bytes: number) {
    this.#limit = bytes;
  }

  get closed(): boolean {
    return this.#closed;
  }

  #take(chunk: Buffer): void {
    let rest = chunk;
    for (let end = rest.indexOf(NEWLINE); end !== -1; end = rest.indexOf(NEWLINE)) {
      const line = Buffer.concat([...this.#parts, rest.subarray(0, end)]).toString();
      this.#parts = [];
      this.#size = 0;
      rest = rest.subarray(end + 1);
      if (this.#closed) return;
      try {
        this.onMessage(JSON.parse(line) as In);
      } catch {
        this.close();
        return;
      }
    }
    this.#size += rest.length;
    if (this.#size > this.#limit) this.close();
    else if (rest.length > 0) this.#parts.push(rest);
  }

  send(message: Out): void {
    if (this.#closed) return;
    this.#stream.write(`${JSON.stringify(message)}\n`);
    if (this.#stream.writableLength > MAX_UNSENT_BYTES) this.close();
  }

  onClose(listener: () => void): void {
    if (this.#closed) listener();
    else this.#closers.push(listener);
  }

  /** What was sent still goes out. */
  end(): void {
    this.#stream.end();
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#stream.destroy();
    for (const listener of this.#closers) listener();
  }
}
