// Bytes that arrive on a socket, waited for by one reader, with the socket paused while too much is unread.
import type { Connection } from './connection.ts';

const HIGH_WATER = 1 << 20;

export class Inbox {
  #chunks: Buffer[] = [];
  #size = 0;
  #ended = false;
  #error: Error | undefined;
  #wake: (() => void) | undefined;
  readonly #socket: Connection;

  constructor(socket: Connection) {
    this.#socket = socket;
    socket.on('data', this.#onData);
    socket.on('end', this.#onEnd);
    socket.on('close', this.#onEnd);
    socket.on('error', (error: Error) => {
      this.#error = error;
      this.#notify();
    });
  }

  readonly #onData = (chunk: Buffer): void => {
    this.#chunks.push(chunk);
    this.#size += chunk.length;
    if (this.#size > HIGH_WATER) this.#socket.pause();
    this.#notify();
  };

  readonly #onEnd = (): void => {
    this.#ended = true;
    this.#notify();
  };

  #notify(): void {
    const wake = this.#wake;
    this.#wake = undefined;
    wake?.();
  }

  /** The next bytes, at most `limit`; undefined when the peer has ended. Throws what the socket failed with. */
  async take(limit = Infinity): Promise<Buffer | undefined> {
    for (;;) {
      const chunk = this.#chunks.shift();
      if (chunk) {
        if (chunk.length > limit) {
          this.#chunks.unshift(chunk.subarray(limit));
          this.#size -= limit;
          return chunk.subarray(0, limit);
        }
        this.#size -= chunk.length;
        if (this.#size <= HIGH_WATER && this.#socket.isPaused()) this.#socket.resume();
        return chunk;
      }
      if (this.#error) throw this.#error;
      if (this.#ended) return undefined;
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
  }

  /** Puts bytes back in front. */
  untake(chunk: Buffer): void {
    if (chunk.length === 0) return;
    this.#chunks.unshift(chunk);
    this.#size += chunk.length;
  }

  /** Bytes up to and with `mark`; undefined when the peer ended before any byte came. */
  async takeUntil(mark: string, limit = 1 << 20): Promise<Buffer | undefined> {
    let seen: Buffer = Buffer.alloc(0);
    for (;;) {
      const chunk = await this.take();
      if (!chunk) {
        if (seen.length === 0) return undefined;
        throw new Error('unexpected EOF');
      }
      const from = Math.max(0, seen.length - mark.length + 1);
      seen = seen.length === 0 ? chunk : Buffer.concat([seen, chunk]);
      const at = seen.indexOf(mark, from);
      if (at >= 0) {
        this.untake(seen.subarray(at + mark.length));
        return seen.subarray(0, at + mark.length);
      }
      if (seen.length > limit) throw new Error('response head is too long');
    }
  }
}
