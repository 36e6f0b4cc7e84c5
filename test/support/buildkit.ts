// A client of BuildKit's protocol, small and of the tests' own: it serves files and secrets in a session, asks for builds and
// counts what is asked of it. The files may be such as no honest client has.
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { type ClientHttp2Session, connect, performServerHandshake, type ServerHttp2Stream } from 'node:http2';
import { request } from 'node:http';
import { type Duplex, duplexPair } from 'node:stream';
import type { Message } from '../../src/builder/buildkit/protocol/codec.ts';
import * as messages from '../../src/builder/buildkit/protocol/messages.ts';
import { Deframer, frame } from '../../src/builder/buildkit/transport/frames.ts';

const { Packet, PacketType } = messages;
const GO_DIRECTORY = 2 ** 31;
const GO_SYMLINK = 2 ** 27;

export interface ClientFile {
  readonly path: string;
  readonly data?: string;
  readonly directory?: boolean;
  readonly link?: string;
  readonly hardlink?: string;
  readonly time?: bigint;
}

export interface Outcome {
  readonly status: number;
  readonly message: string;
  /** What an error says besides its text: where it is. */
  readonly details: string;
  readonly answer: Buffer | undefined;
}

function upgraded(socketPath: string, path: string, headers: Record<string, string | string[]>): Promise<Duplex> {
  return new Promise((resolve, reject) => {
    const asking = request({
      socketPath,
      path,
      method: 'POST',
      headers: { Connection: 'Upgrade', Upgrade: 'h2c', ...headers },
    });
    asking.once('upgrade', (_, socket, head: Buffer) => {
      if (head.length > 0) socket.unshift(head);
      resolve(socket);
    });
    asking.once('response', (response) => reject(new Error(`${path}: ${response.statusCode}`)));
    asking.once('error', reject);
    asking.end();
  });
}

export interface SharedSession {
  /** The status that the call ended with. */
  readonly ended: Promise<number>;
  closeOurSide(): void;
  giveUp(): void;
}

export class BuildKitClient implements AsyncDisposable {
  readonly id = randomBytes(12).toString('hex');
  /** By the name of the directory. */
  readonly files = new Map<string, readonly ClientFile[]>();
  readonly secrets = new Map<string, string>();
  /** Paths whose content was asked for. */
  readonly fetched: string[] = [];
  /** Sends nothing more when it comes to this file. */
  stallAt: string | undefined;
  readonly #socketPath: string;
  readonly #sharedKey: string;
  #session: Duplex | undefined;
  #control: ClientHttp2Session | undefined;

  constructor(socketPath: string, sharedKey: string) {
    this.#socketPath = socketPath;
    this.#sharedKey = sharedKey;
  }

  async open(): Promise<void> {
    this.#session = await upgraded(this.#socketPath, '/session', {
      'X-Docker-Expose-Session-Uuid': this.id,
      'X-Docker-Expose-Session-Sharedkey': this.#sharedKey,
      'X-Docker-Expose-Session-Grpc-Method': [
        '/moby.filesync.v1.FileSync/DiffCopy',
        '/moby.buildkit.secrets.v1.Secrets/GetSecret',
      ],
    });
    this.#serve(this.#session);
    const socket = await upgraded(this.#socketPath, '/grpc', {});
    this.#control = connect('http://localhost', { createConnection: () => socket });
    this.#control.on('error', () => undefined);
  }

  #serve(connection: Duplex): void {
    const server = performServerHandshake(connection);
    server.on('error', () => undefined);
    server.on('stream', (stream, headers) => {
      stream.on('error', () => undefined);
      stream.respond({ ':status': 200, 'content-type': 'application/grpc' }, { waitForTrailers: true });
      if (headers[':path']?.endsWith('/DiffCopy'))
        this.#send(stream, String(headers['dir-name']), wantedOf(headers['followpaths']));
      else this.#secret(stream);
    });
  }

  /** A second session, within a call of the connection: what several builds of one client share. */
  share(id: string): SharedSession {
    if (!this.#control) throw new Error('not open');
    const stream = this.#control.request({
      ':method': 'POST',
      ':path': '/moby.buildkit.v1.Control/Session',
      'content-type': 'application/grpc',
      te: 'trailers',
      'x-docker-expose-session-uuid': id,
      'x-docker-expose-session-sharedkey': '',
      'x-docker-expose-session-grpc-method': '/moby.filesync.v1.FileSync/DiffCopy',
    });
    stream.on('error', () => undefined);
    const deframer = new Deframer();
    const [near, far] = duplexPair();
    near.on('error', () => undefined);
    far.on('data', (data: Buffer) => {
      if (!stream.writableEnded) stream.write(frame(messages.BytesMessage.encode({ data })));
    });
    stream.on('data', (chunk: Buffer) => {
      for (const body of deframer.push(chunk)) far.write(Buffer.from(messages.BytesMessage.decode(body).data));
    });
    this.#serve(near);
    const ended = new Promise<number>((resolve) => {
      let status = -1;
      const note = (found: Record<string, unknown>): void => {
        if (found['grpc-status'] !== undefined) status = Number(found['grpc-status']);
      };
      stream.on('response', note);
      stream.on('trailers', note);
      stream.once('close', () => resolve(status));
    });
    return { ended, closeOurSide: () => void stream.end(), giveUp: () => stream.close(8) };
  }

  /** The client's half of the session's connection ends, and it goes on listening. */
  async closeSessionSide(): Promise<void> {
    const session = this.#session;
    if (!session) return;
    const closed = once(session, 'close');
    session.end();
    await closed;
  }

  async call<I>(
    path: string,
    input: Message<I>,
    value: Partial<I>,
    headers: Record<string, string> = {},
  ): Promise<Outcome> {
    if (!this.#control) throw new Error('not open');
    const stream = this.#control.request({
      ':method': 'POST',
      ':path': path,
      'content-type': 'application/grpc',
      te: 'trailers',
      ...headers,
    });
    let status = -1;
    let text = '';
    let details = '';
    const note = (found: Record<string, unknown>): void => {
      if (found['grpc-status'] !== undefined) status = Number(found['grpc-status']);
      if (typeof found['grpc-status-details-bin'] === 'string')
        details = Buffer.from(found['grpc-status-details-bin'], 'base64').toString();
      if (typeof found['grpc-message'] === 'string') text = decodeURIComponent(found['grpc-message']);
    };
    stream.on('response', note);
    stream.on('trailers', note);
    stream.on('error', () => undefined);
    const deframer = new Deframer();
    let answer: Buffer | undefined;
    stream.on('data', (chunk: Buffer) => {
      for (const body of deframer.push(chunk)) answer = Buffer.from(body);
    });
    stream.end(frame(input.encode(value)));
    await once(stream, 'close');
    return { status, message: text, details, answer };
  }

  /** A build of the Dockerfile in the directory `dockerfile`, with the directory `context`. */
  build(name: string, attributes: Record<string, string> = {}): Promise<Outcome> {
    return this.call('/moby.buildkit.v1.Control/Solve', messages.SolveRequest, {
      ref: randomBytes(12).toString('hex'),
      session: this.id,
      frontend: 'dockerfile.v0',
      frontendAttrs: new Map(Object.entries({ 'force-network-mode': 'none', ...attributes })),
      exporter: 'moby',
      exporterAttrs: new Map([['name', name]]),
    });
  }

  #secret(stream: ServerHttp2Stream): void {
    const deframer = new Deframer();
    stream.on('data', (chunk: Buffer) => {
      for (const body of deframer.push(chunk)) {
        const { id } = messages.SecretRequest.decode(body);
        const value = this.secrets.get(id);
        stream.once('wantTrailers', () => stream.sendTrailers({ 'grpc-status': value === undefined ? '5' : '0' }));
        if (value !== undefined) stream.write(frame(messages.SecretResponse.encode({ data: Buffer.from(value) })));
        stream.end();
      }
    });
  }

  #send(stream: ServerHttp2Stream, directory: string, wanted: readonly string[] | undefined): void {
    const all = this.files.get(directory) ?? [];
    const files = wanted ? all.filter(({ path }) => wanted.includes(path)) : all;
    const write = (value: Parameters<typeof Packet.encode>[0]): void => void stream.write(frame(Packet.encode(value)));
    for (const { path, data = '', directory: isDirectory, link, hardlink, time = 1n } of files) {
      const type = isDirectory ? GO_DIRECTORY + 0o755 : link === undefined ? 0o644 : GO_SYMLINK + 0o777;
      write({
        type: PacketType.stat,
        stat: {
          path,
          mode: type,
          uid: 0,
          gid: 0,
          size: data.length,
          modTime: time,
          linkname: link ?? hardlink ?? '',
          devmajor: 0,
          devminor: 0,
          xattrs: new Map(),
        },
      });
    }
    write({ type: PacketType.stat });
    const deframer = new Deframer();
    stream.on('data', (chunk: Buffer) => {
      for (const body of deframer.push(chunk)) {
        const packet = Packet.decode(body);
        if (packet.type === PacketType.req) {
          const file = files[packet.id];
          if (directory === 'context' && file) this.fetched.push(file.path);
          if (file && file.path === this.stallAt) continue;
          if (file?.data) write({ type: PacketType.data, id: packet.id, data: Buffer.from(file.data) });
          write({ type: PacketType.data, id: packet.id });
        } else if (packet.type === PacketType.fin) {
          write({ type: PacketType.fin });
          stream.once('wantTrailers', () => stream.sendTrailers({ 'grpc-status': '0' }));
          stream.end();
        }
      }
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#control?.destroy();
    this.#session?.destroy();
  }
}

/** What a directory is asked for; undefined for all of it. */
function wantedOf(header: string | string[] | undefined): string[] | undefined {
  if (header === undefined) return undefined;
  const paths = (Array.isArray(header) ? header : header.split(',')).map((one) => one.trim());
  // a context is sent whole here: patterns are the sender's matter
  return paths.some((path) => path.toLowerCase().includes('dockerfile') || path === '.dockerignore')
    ? paths
    : undefined;
}
