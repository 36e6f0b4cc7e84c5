// HTTP/1.1 over a socket, by hand: node:http would double the start-up time of the client.
import type { Connection } from './connection.ts';
import { Inbox } from './inbox.ts';

export type BodySource = string | Uint8Array | AsyncIterable<Uint8Array>;

export interface Head {
  readonly status: number;
  readonly reason: string;
  /** names in lower case */
  readonly headers: ReadonlyMap<string, string>;
}

export interface RequestHead {
  readonly method: string;
  readonly target: string;
  readonly headers: Readonly<Record<string, string>>;
}

export function formatHead(request: RequestHead): string {
  let text = `${request.method} ${request.target} HTTP/1.1\r\n`;
  for (const name in request.headers) text += `${name}: ${request.headers[name]}\r\n`;
  return `${text}\r\n`;
}

export function parseHead(text: string): Head {
  const lines = text.split('\r\n');
  const match = /^HTTP\/1\.[01] (\d{3}) ?(.*)$/.exec(lines[0] ?? '');
  if (!match) throw new Error(`malformed HTTP response "${(lines[0] ?? '').slice(0, 40)}"`);
  const headers = new Map<string, string>();
  for (const line of lines.slice(1)) {
    const colon = line.indexOf(':');
    if (colon > 0) headers.set(line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim());
  }
  return { status: Number(match[1]), reason: match[2] ?? '', headers };
}

/** One connection: one exchange after the other. */
export class Wire {
  readonly socket: Connection;
  readonly inbox: Inbox;
  /** true when another exchange may follow */
  reusable = true;

  constructor(socket: Connection) {
    this.socket = socket;
    this.inbox = new Inbox(socket);
  }

  /** Sends a request; a streamed body goes on in the background while the answer is read. */
  send(request: RequestHead, body: BodySource | undefined): void {
    if (body === undefined || typeof body === 'string' || body instanceof Uint8Array) {
      const bytes = typeof body === 'string' ? Buffer.from(body) : body;
      const headers: Record<string, string> = { ...request.headers };
      if (bytes) headers['Content-Length'] = String(bytes.length);
      else if (request.method === 'POST' || request.method === 'PUT') headers['Content-Length'] ??= '0';
      const head = Buffer.from(formatHead({ ...request, headers }));
      this.socket.write(bytes ? Buffer.concat([head, bytes]) : head);
      return;
    }
    this.socket.write(formatHead({ ...request, headers: { ...request.headers, 'Transfer-Encoding': 'chunked' } }));
    this.reusable = false;
    void this.#pump(body);
  }

  async #pump(body: AsyncIterable<Uint8Array>): Promise<void> {
    try {
      for await (const chunk of body) {
        if (chunk.length === 0) continue;
        if (this.socket.destroyed) return;
        this.socket.write(`${chunk.length.toString(16)}\r\n`);
        this.socket.write(chunk);
        if (!this.socket.write('\r\n')) await new Promise<void>((resolve) => this.socket.once('drain', resolve));
      }
      this.socket.write('0\r\n\r\n');
    } catch (error) {
      this.socket.destroy(error instanceof Error ? error : new Error(String(error)));
    }
  }

  /** The head of the answer; interim 1xx answers are skipped, 101 is not interim. */
  async head(): Promise<Head> {
    for (;;) {
      const bytes = await this.inbox.takeUntil('\r\n\r\n');
      if (!bytes) throw new Error('EOF');
      const head = parseHead(bytes.toString('latin1'));
      if (head.status === 101 || head.status >= 200) return head;
    }
  }

  /** The body that belongs to `head`; when it has been read to its end the connection can be used again. */
  async *body(head: Head, method: string): AsyncGenerator<Buffer, void, undefined> {
    if (method === 'HEAD' || head.status === 204 || head.status === 304) return;
    if (/chunked/i.test(head.headers.get('transfer-encoding') ?? '')) {
      yield* this.#chunked();
      return;
    }
    const length = head.headers.get('content-length');
    if (length === undefined) {
      this.reusable = false;
      for (let chunk = await this.inbox.take(); chunk; chunk = await this.inbox.take()) yield chunk;
      return;
    }
    yield* this.#exactly(Number(length));
  }

  async *#exactly(length: number): AsyncGenerator<Buffer, void, undefined> {
    let left = length;
    while (left > 0) {
      const chunk = await this.inbox.take(left);
      if (!chunk) throw new Error('unexpected EOF');
      left -= chunk.length;
      yield chunk;
    }
  }

  async *#chunked(): AsyncGenerator<Buffer, void, undefined> {
    for (;;) {
      const line = await this.inbox.takeUntil('\r\n');
      if (!line) throw new Error('unexpected EOF');
      const size = Number.parseInt(line.toString('latin1'), 16);
      if (Number.isNaN(size)) throw new Error('malformed chunked encoding');
      if (size > 0) yield* this.#exactly(size);
      const trailer = await this.inbox.takeUntil('\r\n');
      if (!trailer) throw new Error('unexpected EOF');
      if (size === 0) return;
    }
  }
}
