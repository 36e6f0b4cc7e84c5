// DNS by TCP: connections of one container, each with its questions in a row, bounded in number, time and memory.
import type { Socket } from 'node:net';
import { framed } from './forward.ts';

const MAX_CONNECTIONS = 64;
const IDLE_MS = 10_000;
/** Bytes of answers that a client leaves unread before its questions wait. */
const MAX_UNREAD = 256 * 1024;

export class Talks {
  readonly #answer: (message: Buffer) => Buffer | Promise<Buffer> | undefined;
  readonly #open = new Set<Socket>();

  constructor(answer: (message: Buffer) => Buffer | Promise<Buffer> | undefined) {
    this.#answer = answer;
  }

  accept(connection: Socket): void {
    if (this.#open.size >= MAX_CONNECTIONS) {
      connection.destroy();
      return;
    }
    this.#open.add(connection);
    connection.setTimeout(IDLE_MS, () => connection.destroy());
    connection.on('error', () => connection.destroy());
    connection.on('close', () => this.#open.delete(connection));
    connection.on('drain', () => connection.resume());
    let parts: Buffer[] = [];
    let have = 0;
    connection.on('data', (chunk: Buffer) => {
      parts.push(chunk);
      have += chunk.length;
      if (have < 2) return;
      // whole only when there is something to read in it: a client may send byte by byte
      const [head] = parts;
      if (parts.length > 1 && head && head.length >= 2 && have < 2 + head.readUInt16BE(0)) return;
      let got = parts.length === 1 ? chunk : Buffer.concat(parts, have);
      while (got.length >= 2 && got.length >= 2 + got.readUInt16BE(0)) {
        const message = got.subarray(2, 2 + got.readUInt16BE(0));
        got = got.subarray(2 + message.length);
        this.#reply(connection, message);
      }
      parts = got.length === 0 ? [] : [got];
      have = got.length;
      if (connection.writableLength > MAX_UNREAD) connection.pause();
    });
  }

  end(): void {
    for (const connection of this.#open) connection.destroy();
  }

  #reply(connection: Socket, message: Buffer): void {
    const answer = this.#answer(message);
    // noise: whoever sends it by TCP has nothing to say
    if (!answer) connection.destroy();
    else if (Buffer.isBuffer(answer)) connection.write(framed(answer));
    else
      void answer.then((late) => {
        if (!connection.destroyed) connection.write(framed(late));
      });
  }
}
