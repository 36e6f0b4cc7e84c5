// Bytes on the daemon's socket, for what no HTTP client would send.
import { connect, type Socket } from 'node:net';

/** A connection that has sent `text`; what comes back is in `answer()`. */
export class RawConnection implements Disposable {
  readonly socket: Socket;
  #answer = '';
  /** Resolves when the daemon has closed. */
  readonly closed: Promise<void>;

  constructor(path: string, text: string) {
    this.socket = connect({ path, allowHalfOpen: true });
    this.socket.on('error', () => undefined);
    this.socket.on('data', (chunk: Buffer) => (this.#answer += chunk.toString('latin1')));
    this.closed = new Promise((resolve) => {
      this.socket.once('end', () => resolve());
      this.socket.once('close', () => resolve());
    });
    this.socket.write(text, 'latin1');
  }

  get answer(): string {
    return this.#answer;
  }

  get status(): number {
    return Number(/^HTTP\/1\.1 (\d+)/.exec(this.#answer)?.[1] ?? 0);
  }

  [Symbol.dispose](): void {
    this.socket.destroy();
  }
}

/** Sends it, and returns all that the daemon answers until it closes. */
export async function raw(path: string, text: string): Promise<{ status: number; answer: string }> {
  using connection = new RawConnection(path, text);
  await connection.closed;
  return { status: connection.status, answer: connection.answer };
}
