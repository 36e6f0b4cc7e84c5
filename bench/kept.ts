// One kept connection to a daemon's socket, so that clients cost the daemon nothing but their requests.
import { Agent, type IncomingMessage, request } from 'node:http';

export interface Answer {
  readonly status: number;
  readonly body: Buffer;
}

export class Kept implements Disposable {
  readonly #agent = new Agent({ keepAlive: true, maxSockets: 4 });
  readonly socket: string;

  constructor(host: string) {
    this.socket = host.replace('unix://', '');
  }

  /** Throws for an answer of 400 or more. */
  async call(method: string, path: string, body?: unknown): Promise<Buffer> {
    const { status, body: answer } = await this.send(method, path, body);
    if (status >= 400) throw new Error(`${method} ${path}: ${status} ${answer.toString().trim()}`);
    return answer;
  }

  async json<T>(method: string, path: string, body?: unknown): Promise<T> {
    return JSON.parse((await this.call(method, path, body)).toString()) as T;
  }

  /** A body that is no Buffer goes as JSON. */
  async send(method: string, path: string, body?: unknown): Promise<Answer> {
    const response = await this.#response(method, path, body);
    const chunks: Buffer[] = [];
    for await (const chunk of response) chunks.push(chunk as Buffer);
    return { status: response.statusCode ?? 0, body: Buffer.concat(chunks) };
  }

  /** Reads the answer and throws it away; how many bytes it had. */
  async drain(method: string, path: string, body?: unknown): Promise<number> {
    const response = await this.#response(method, path, body);
    let bytes = 0;
    for await (const chunk of response) bytes += (chunk as Buffer).length;
    return bytes;
  }

  /** For an answer whose headers come before what it waits for. */
  #response(method: string, path: string, body: unknown): Promise<IncomingMessage> {
    const bytes = body === undefined || Buffer.isBuffer(body) ? body : Buffer.from(JSON.stringify(body));
    return new Promise((resolve, reject) => {
      const call = request({
        socketPath: this.socket,
        agent: this.#agent,
        method,
        path: `/v1.47${path}`,
        headers: {
          ...(bytes === undefined ? {} : { 'Content-Length': bytes.length }),
          ...(Buffer.isBuffer(body) ? { 'Content-Type': 'application/x-tar' } : {}),
          ...(body === undefined || Buffer.isBuffer(body) ? {} : { 'Content-Type': 'application/json' }),
        },
      });
      call.once('response', resolve).once('error', reject).end(bytes);
    });
  }

  [Symbol.dispose](): void {
    this.#agent.destroy();
  }
}
