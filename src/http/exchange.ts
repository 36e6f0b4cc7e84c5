// One request and its answer: what was asked, taken apart, and the few forms in which an answer goes out.
import type { IncomingMessage, OutgoingHttpHeaders, ServerResponse } from 'node:http';
import type { Params } from './router.ts';

export class Exchange {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly path: string;
  readonly query: URLSearchParams;
  readonly params: Params;
  /** Aborted when the client has gone. */
  readonly signal: AbortSignal;

  constructor(
    request: IncomingMessage,
    response: ServerResponse,
    target: { readonly path: string; readonly query: URLSearchParams; readonly params: Params },
    signal: AbortSignal,
  ) {
    this.request = request;
    this.response = response;
    this.path = target.path;
    this.query = target.query;
    this.params = target.params;
    this.signal = signal;
  }

  header(name: string): string | undefined {
    const value = this.request.headers[name];
    return Array.isArray(value) ? value.join(', ') : value;
  }

  /** A parameter of the path; every route has those that its handler asks for. */
  param(name: string): string {
    return this.params[name] ?? '';
  }

  get isHead(): boolean {
    return this.request.method === 'HEAD';
  }

  empty(status: number, headers: OutgoingHttpHeaders = {}): void {
    this.#refuseRest(status);
    this.response.writeHead(status, { 'Content-Length': 0, ...headers }).end();
  }

  json(status: number, value: unknown, headers: OutgoingHttpHeaders = {}): void {
    this.send(status, `${JSON.stringify(value)}\n`, { 'Content-Type': 'application/json', ...headers });
  }

  send(status: number, content: string | Buffer, headers: OutgoingHttpHeaders = {}): void {
    this.#refuseRest(status);
    this.response.writeHead(status, { 'Content-Length': Buffer.byteLength(content), ...headers });
    this.response.end(this.isHead ? undefined : content);
  }

  /** `headers` say how long it is; a piece that was handed over may be used again when that has resolved. */
  async pieces(
    status: number,
    send: (take: (piece: Buffer) => Promise<void>) => Promise<void>,
    headers: OutgoingHttpHeaders,
  ): Promise<void> {
    const { response, signal } = this;
    response.writeHead(status, headers);
    if (!this.isHead)
      await send(
        (piece) =>
          new Promise((resolve, reject) => {
            const gone = (): void => reject(new Error('the client has gone'));
            if (signal.aborted) return gone();
            signal.addEventListener('abort', gone, { once: true });
            response.write(piece, (error) => {
              signal.removeEventListener('abort', gone);
              if (error) reject(error);
              else resolve();
            });
          }),
      );
    response.end();
  }

  /** A body that nobody read must not be taken for the next request, nor be waited for. */
  #refuseRest(status: number): void {
    if (status >= 400 && !this.request.complete && !this.response.headersSent)
      this.response.setHeader('Connection', 'close');
  }
}
