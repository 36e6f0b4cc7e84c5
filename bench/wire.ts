// A client of HTTP/1.1 over one connection that costs as little as it can, so that what is measured is the server: bytes that come
// are counted in one buffer that stays, bodies go out as they are. Answers must say their length.
import { connect, type Socket } from 'node:net';

export interface Answer {
  readonly status: number;
  readonly location: string;
  readonly bytes: number;
}

const HEAD_END = '\r\n\r\n';
const READ_BYTES = 1024 * 1024;

export class Wire implements Disposable {
  readonly #socket: Socket;
  readonly #port: number;
  #head = '';
  #rest = -1;
  #bytes = 0;
  #waiting: { readonly resolve: (answer: Answer) => void; readonly reject: (error: Error) => void } | undefined;

  constructor(port: number) {
    this.#port = port;
    this.#socket = connect({
      host: '127.0.0.1',
      port,
      noDelay: true,
      onread: {
        buffer: Buffer.allocUnsafe(READ_BYTES),
        callback: (size, buffer) => {
          this.#take(Buffer.from(buffer.buffer, buffer.byteOffset, size));
          return true;
        },
      },
    });
    this.#socket.on('error', (error) => this.#waiting?.reject(error));
    this.#socket.on('close', () => this.#waiting?.reject(new Error('the server closed the connection')));
  }

  ask(method: string, path: string, body?: Buffer, type = 'application/octet-stream'): Promise<Answer> {
    const length = body ? `Content-Type: ${type}\r\nContent-Length: ${body.length}\r\n` : 'Content-Length: 0\r\n';
    this.#head = '';
    this.#rest = -1;
    this.#bytes = 0;
    const answer = new Promise<Answer>((resolve, reject) => {
      this.#waiting = { resolve, reject };
    });
    const accept = method === 'GET' ? 'Accept: application/vnd.oci.image.manifest.v1+json\r\n' : length;
    this.#socket.write(`${method} ${path} HTTP/1.1\r\nHost: 127.0.0.1:${this.#port}\r\n${accept}\r\n`);
    if (body) this.#socket.write(body);
    return answer;
  }

  [Symbol.dispose](): void {
    this.#waiting = undefined;
    this.#socket.destroy();
  }

  #take(chunk: Buffer): void {
    let size = chunk.length;
    if (this.#rest < 0) {
      const before = this.#head.length;
      this.#head += chunk.toString('latin1', 0, Math.min(chunk.length, 65_536));
      const end = this.#head.indexOf(HEAD_END);
      if (end < 0) return;
      size -= end + HEAD_END.length - before;
      this.#head = this.#head.slice(0, end);
      this.#rest = Number(/^content-length: *(\d+)/im.exec(this.#head)?.[1] ?? Number.NaN);
      if (Number.isNaN(this.#rest)) this.#waiting?.reject(new Error(`an answer without its length: ${this.#head}`));
    }
    this.#rest -= size;
    this.#bytes += size;
    if (this.#rest > 0) return;
    const status = Number(this.#head.slice(9, 12));
    const location = /^location: *(.*)$/im.exec(this.#head)?.[1]?.trim() ?? '';
    const waiting = this.#waiting;
    this.#waiting = undefined;
    waiting?.resolve({ status, location, bytes: this.#bytes });
  }
}
