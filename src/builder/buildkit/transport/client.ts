// Calls made over a connection that the other side opened: inside a session the client of the build is the server.
import { type ClientHttp2Session, type ClientHttp2Stream, connect } from 'node:http2';
import type { Duplex } from 'node:stream';
import { cancelled, unavailable } from '../../../base/errors.ts';
import type { Message } from '../protocol/codec.ts';
import { CallError, Code, decodeText } from './status.ts';
import { messagesOf, send } from './stream.ts';

/** Trailers and headers of one call: lists are several values of one name. */
type Metadata = Readonly<Record<string, string | readonly string[]>>;

export interface OpenCall {
  /** Messages of the other side; throws its error at the end of a call that failed. */
  readonly input: AsyncGenerator<Buffer, void, void>;
  write(body: Uint8Array): Promise<void>;
  /** Nothing more is written. */
  end(): void;
  /** Gives the call up. */
  cancel(): void;
}

/** Calls that a session has open at a time at most. */
const MAX_CALLS = 512;

export class Caller {
  readonly #session: ClientHttp2Session;
  #open = 0;

  constructor(connection: Duplex) {
    this.#session = connect('http://localhost', {
      createConnection: () => connection,
      settings: { initialWindowSize: 4 * 1024 * 1024, enablePush: false },
    });
    this.#session.on('error', () => undefined);
    // the window of the whole connection, which is 64 KiB unless it is told
    this.#session.once('connect', () => {
      if (!this.#session.destroyed) this.#session.setLocalWindowSize(16 * 1024 * 1024);
    });
  }

  get closed(): boolean {
    return this.#session.closed || this.#session.destroyed;
  }

  onClose(then: () => void): void {
    if (this.closed) then();
    else this.#session.once('close', then);
  }

  close(): void {
    this.#session.destroy();
  }

  open(path: string, metadata: Metadata, signal: AbortSignal): OpenCall {
    if (signal.aborted) throw cancelled('context canceled');
    if (this.closed) throw unavailable('the session of the client has ended');
    if (this.#open >= MAX_CALLS) throw unavailable('too many calls at a time in one session');
    this.#open += 1;
    const stream = this.#session.request(
      {
        ':method': 'POST',
        ':scheme': 'http',
        ':path': path,
        ':authority': 'localhost',
        'content-type': 'application/grpc',
        'user-agent': 'berth',
        te: 'trailers',
        ...metadata,
      },
      { endStream: false },
    );
    const abort = (): void => stream.close(8);
    signal.addEventListener('abort', abort, { once: true });
    stream.once('close', () => {
      this.#open -= 1;
      signal.removeEventListener('abort', abort);
    });
    const failure = outcomeOf(stream);
    return {
      input: messagesOf(stream, () => (signal.aborted ? cancelled('context canceled') : failure())),
      write: (body) => send(stream, body),
      end: () => void stream.end(),
      cancel: abort,
    };
  }

  async unary<I, O>(
    path: string,
    input: Message<I>,
    output: Message<O>,
    value: Partial<I>,
    signal: AbortSignal,
  ): Promise<O> {
    const call = this.open(path, {}, signal);
    await call.write(input.encode(value));
    call.end();
    let answer: O | undefined;
    for await (const body of call.input) answer = output.decode(Buffer.from(body));
    if (answer === undefined) throw new CallError(Code.internal, `${path} was answered with nothing`);
    return answer;
  }
}

/** What the call's trailers say; a stream that ended without them has lost its other side. */
function outcomeOf(stream: ClientHttp2Stream): () => Error | undefined {
  let status: string | undefined;
  let text = '';
  const note = (headers: Record<string, unknown>): void => {
    if (typeof headers['grpc-status'] !== 'string') return;
    status = textIn(headers['grpc-status']);
    text = decodeText(textIn(headers['grpc-message']));
  };
  stream.on('response', note);
  stream.on('trailers', note);
  stream.on('error', () => undefined);
  return () => {
    if (status === '0') return undefined;
    if (status === undefined) return unavailable('the client has gone');
    return new CallError(Number(status), text);
  };
}

const textIn = (value: unknown): string => (typeof value === 'string' ? value : '');
