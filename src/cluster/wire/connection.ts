// A connection that carries one JSON message a line, both ways, with bounds on what a peer may send and on what waits for it.
import type { Duplex } from 'node:stream';

/** From a manager: assignments of a node with thousands of tasks stay far below. */
export const MAX_MESSAGE_BYTES = 64 * 1024 * 1024;
/** From a node: what it is, what became of a task, some lines of a log. */
export const MAX_NODE_MESSAGE_BYTES = 8 * 1024 * 1024;
/** Of a peer that has not shown who it is. */
export const MAX_STRANGER_BYTES = 64 * 1024;
/** A peer that takes no more is given up. */
export const MAX_UNSENT_BYTES = 128 * 1024 * 1024;

const NEWLINE = 0x0a;
const FIRST_BYTES = 4096;

export class Connection<In, Out> {
  readonly #stream: Duplex;
  readonly #closers = new Set<() => void>();
  /** Of a message that has not ended: a peer may send it a byte at a time, each of which would be an object. */
  #begun: Buffer = Buffer.alloc(0);
  #size = 0;
  #limit: number;
  #closed = false;
  #released: Buffer | undefined;
  onMessage: (message: In) => void = () => undefined;

  /** This end's address; empty where it is not known. */
  readonly localAddress: string;

  constructor(stream: Duplex, limit: number, localAddress = '') {
    this.localAddress = localAddress;
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
      if (!this.#hold(rest.subarray(0, end))) return;
      const line = this.#begun.toString('utf8', 0, this.#size);
      this.#size = 0;
      // what one large message took is not kept for the small ones after it
      if (this.#begun.length > MAX_STRANGER_BYTES) this.#begun = Buffer.alloc(0);
      rest = rest.subarray(end + 1);
      if (this.#closed) return;
      try {
        this.onMessage(JSON.parse(line) as In);
      } catch {
        this.close();
        return;
      }
    }
    this.#hold(rest);
  }

  /** False when it is too much, and the connection closed. */
  #hold(bytes: Buffer): boolean {
    const size = this.#size + bytes.length;
    if (size > this.#limit) {
      this.close();
      return false;
    }
    if (size > this.#begun.length) {
      const larger = Buffer.allocUnsafe(Math.min(Math.max(size, this.#begun.length * 2, FIRST_BYTES), this.#limit));
      this.#begun.copy(larger, 0, 0, this.#size);
      this.#begun = larger;
    }
    bytes.copy(this.#begun, this.#size);
    this.#size = size;
    return true;
  }

  send(message: Out): void {
    if (this.#closed) return;
    this.#stream.write(`${JSON.stringify(message)}\n`);
    if (this.#stream.writableLength > MAX_UNSENT_BYTES) this.close();
  }

  /** Gives what takes the listener away again. */
  onClose(listener: () => void): () => void {
    if (this.#closed) listener();
    else this.#closers.add(listener);
    return () => this.#closers.delete(listener);
  }

  /** Gives the stream, paused, behind the last message: from now on it carries something else. */
  release(): Duplex {
    const stream = this.#stream;
    for (const event of ['data', 'error', 'close', 'end']) stream.removeAllListeners(event);
    stream.on('error', () => stream.destroy());
    stream.pause();
    this.#released = this.#begun.subarray(0, this.#size);
    if (this.#released.length > 0) stream.unshift(this.#released);
    this.#closed = true;
    for (const listener of this.#closers) listener();
    return stream;
  }

  /** What was sent still goes out. */
  end(): void {
    this.#stream.end();
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#begun = Buffer.alloc(0);
    this.#stream.destroy();
    for (const listener of this.#closers) listener();
  }
}
