// Calls answered over a connection that a client opened and gave to us: services by the path of their methods.
import { type IncomingHttpHeaders, performServerHandshake, type ServerHttp2Stream } from 'node:http2';
import type { Duplex } from 'node:stream';
import type { Log } from '../../../base/log.ts';
import type { Message } from '../protocol/codec.ts';
import { CallError, Code, callErrorOf, trailersOf } from './status.ts';
import { messagesOf, send } from './stream.ts';

export interface Call {
  readonly metadata: IncomingHttpHeaders;
  /** Aborted when the client gives the call up or is gone. */
  readonly signal: AbortSignal;
}

interface Streams {
  /** Messages of the client. */
  readonly input: AsyncGenerator<Buffer, void, void>;
  write(body: Uint8Array): Promise<void>;
}

export type Method = (call: Call, streams: Streams) => Promise<void>;

/** `/package.Service/Method` to what answers it. */
export type Methods = ReadonlyMap<string, Method>;

/** One message in, one out. */
export function unary<I, O>(
  input: Message<I>,
  output: Message<O>,
  answer: (request: I, call: Call) => Promise<Partial<O>> | Partial<O>,
): Method {
  return async (call, streams) => {
    const result = await answer(input.decode(await only(streams.input)), call);
    await streams.write(output.encode(result));
  };
}

/** One message in, many out. */
export function serverStream<I, O>(
  input: Message<I>,
  output: Message<O>,
  answer: (request: I, send: (value: Partial<O>) => Promise<void>, call: Call) => Promise<void>,
): Method {
  return async (call, streams) => {
    const request = input.decode(await only(streams.input));
    await answer(request, (value) => streams.write(output.encode(value)), call);
  };
}

async function only(input: AsyncGenerator<Buffer, void, void>): Promise<Buffer> {
  const first = await input.next();
  if (first.done === true) throw new CallError(Code.internal, 'the request has no message');
  // a view of memory that goes on being used is not kept while the call runs
  return Buffer.from(first.value);
}

/** Answers calls on the connection until it ends. */
export function serveCalls(connection: Duplex, methods: Methods, log: Log): Promise<void> {
  return new Promise((resolve) => {
    const session = performServerHandshake(connection, {
      settings: { initialWindowSize: 1024 * 1024, maxConcurrentStreams: 1000 },
    });
    session.on('error', (error) => log.debug(`grpc: ${error.message}`));
    session.once('close', resolve);
    session.on('stream', (stream, headers) => {
      stream.on('error', (error: Error) => log.debug(`grpc: ${error.message}`));
      void answer(stream, headers, methods, log);
    });
  });
}

async function answer(
  stream: ServerHttp2Stream,
  headers: IncomingHttpHeaders,
  methods: Methods,
  log: Log,
): Promise<void> {
  const path = headers[':path'] ?? '';
  const gone = new AbortController();
  stream.once('close', () => gone.abort());
  let failure: CallError | undefined;
  try {
    const method = methods.get(path);
    if (!method) {
      const [, service = '', name = ''] = path.split('/');
      const known = [...methods.keys()].some((other) => other.startsWith(`/${service}/`));
      throw new CallError(
        Code.unimplemented,
        known ? `unknown method ${name} for service ${service}` : `unknown service ${service}`,
      );
    }
    stream.respond({ ':status': 200, 'content-type': 'application/grpc' }, { waitForTrailers: true });
    const input = messagesOf(stream, () => undefined);
    await method({ metadata: headers, signal: gone.signal }, { input, write: (body) => send(stream, body) });
  } catch (error) {
    failure = callErrorOf(error);
    if (failure.code !== Code.cancelled)
      log.debug({ err: error instanceof Error ? error.stack : error }, `grpc: ${path}`);
  }
  if (stream.destroyed || stream.closed) return;
  if (!stream.headersSent) {
    stream.respond({ ':status': 200, 'content-type': 'application/grpc', ...trailersOf(failure) }, { endStream: true });
    stream.resume();
    return;
  }
  stream.once('wantTrailers', () => stream.sendTrailers(trailersOf(failure)));
  stream.end();
  stream.resume();
}
