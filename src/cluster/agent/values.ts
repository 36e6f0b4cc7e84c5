// Keys and values of the cluster inside of tasks whose service may use them: HTTP at one address in the container's own namespace, so that who asks
// needs to prove nothing. Questions go to the leader over the node's session.
import { statSync } from 'node:fs';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import {
  BerthError,
  cancelled,
  type ErrorKind,
  internal,
  messageOf,
  tooLarge,
  unavailable,
} from '../../base/errors.ts';
import type { Log } from '../../base/log.ts';
import { inNamespaceAt, redirectPort } from '../../host/netlink/index.ts';
import { holdPort } from '../../host/port.ts';
import type { KeyValueEntry } from '../../spec/berth/index.ts';
import { LIMITS } from '../kv/key.ts';
import { type KeyValueRequest, readRequest } from '../kv/request.ts';
import type { ToManager } from '../wire/dial.ts';
import type { ManagerMessage } from '../wire/messages.ts';

/** In each container; port 80 there stays free for whatever the container serves itself. */
const [TEXT, ADDRESS, PORT] = ['127.0.0.12', Uint8Array.of(127, 0, 0, 12), 80] as const;
const TABLE = 'berth_kv';
/** Questions of all tasks of a node that are under way. */
const MAX_ASKED = 512;
const MAX_CONNECTIONS = 64;
/** Questions of one task, however many it sends over one connection. */
export const MAX_ASKED_BY_TASK = 64;
/** Who has closed its end may have gone altogether, which only an answer would show: it waits no longer than this, milliseconds. */
const HALF_CLOSED_MS = 5000;
/** A manager that does not answer by then will not: beyond the longest watch, milliseconds. */
const ANSWER_MS = 70_000;

const STATUS: Partial<Record<ErrorKind, number>> = {
  invalid: 400,
  forbidden: 403,
  notFound: 404,
  conflict: 409,
  tooLarge: 413,
  unavailable: 503,
};

interface Question {
  readonly task: string;
  readonly resolve: (answer: unknown) => void;
  readonly reject: (error: Error) => void;
}

export class TaskValues {
  readonly #log: Log;
  readonly #served = new Map<string, { readonly server: Server; readonly pid: number }>();
  readonly #questions = new Map<number, Question>();
  #connection: ToManager | undefined;
  #count = 0;

  constructor(log: Log) {
    this.#log = log;
  }

  opened(connection: ToManager): void {
    this.#connection = connection;
  }

  closed(connection: ToManager): void {
    if (this.#connection !== connection) return;
    this.#connection = undefined;
    for (const { reject } of this.#questions.values()) reject(unavailable('the session with the managers broke'));
    this.#questions.clear();
  }

  answered({ id, answer, error }: Extract<ManagerMessage, { type: 'kv' }>): void {
    const question = this.#questions.get(id);
    if (!question) return;
    this.#questions.delete(id);
    if (error) question.reject(new BerthError(error.kind, error.message));
    else question.resolve(answer);
  }

  /** The task's process is this one; again for the same is nothing. */
  async serve(task: string, pid: number): Promise<void> {
    if (this.#served.get(task)?.pid === pid) return;
    this.stop(task);
    const namespace = `/proc/${pid}/ns/net`;
    if (isOwn(namespace)) return;
    const server = createServer({ maxHeaderSize: 16 * 1024 }, (request, response) => {
      void this.#reply(task, request, response);
    });
    server.maxConnections = MAX_CONNECTIONS;
    // requests of one connection may come before the first is answered: no more than a task may ask
    server.on('connection', (socket) => socket.setMaxListeners(0));
    // who has said all may close that way and still wait for the answer
    Object.assign(server, { httpAllowHalfOpen: true });
    this.#served.set(task, { server, pid });
    try {
      const fd = inNamespaceAt(namespace, () => holdPort('tcp', TEXT, ADDRESS, 0));
      if (fd === undefined) throw internal('this kernel has no tcp');
      server.on('error', (error) => this.#log.warn(`keys and values of task ${task}: ${messageOf(error)}`));
      await new Promise<void>((resolve, reject) => {
        server.once('error', reject);
        // of one that is closed before it listens nothing else is heard
        server.once('close', resolve);
        server.listen({ fd }, () => {
          server.off('error', reject);
          resolve();
        });
      });
      // it may have been stopped meanwhile, and begun again
      if (this.#served.get(task)?.server !== server) return;
      const bound = server.address();
      const port = typeof bound === 'object' && bound ? bound.port : 0;
      inNamespaceAt(namespace, () =>
        redirectPort({ table: TABLE, address: ADDRESS, port: PORT, udpPort: port, tcpPort: port }),
      );
    } catch (error) {
      if (this.#served.get(task)?.server === server) this.stop(task);
      this.#log.warn(`task ${task} has no keys and values: ${messageOf(error)}`);
    }
  }

  stop(task: string): void {
    const served = this.#served.get(task);
    if (!served) return;
    this.#served.delete(task);
    served.server.close();
    served.server.closeAllConnections();
  }

  close(): void {
    for (const task of this.#served.keys()) this.stop(task);
  }

  async #reply(task: string, request: IncomingMessage, response: ServerResponse): Promise<void> {
    try {
      const read = readRequest(request.method ?? '', request.url ?? '', await bodyOf(request));
      const answer = await this.#ask(task, read, request, response);
      // a value is what it is, so that any program can read it
      if (read.verb === 'get') sendValue(response, answer as KeyValueEntry);
      else send(response, 200, answer);
    } catch (error) {
      const status = error instanceof BerthError ? (STATUS[error.kind] ?? 500) : 500;
      send(response, status, { message: messageOf(error) });
    }
  }

  async #ask(
    task: string,
    question: KeyValueRequest,
    request: IncomingMessage,
    response: ServerResponse,
  ): Promise<unknown> {
    const connection = this.#connection;
    if (!connection) throw unavailable('no manager of the cluster answers');
    const own = [...this.#questions.values()].filter((one) => one.task === task).length;
    if (this.#questions.size >= MAX_ASKED || own >= MAX_ASKED_BY_TASK) throw unavailable('too many questions at once');
    this.#count += 1;
    const id = this.#count;
    const { promise, resolve, reject } = Promise.withResolvers<unknown>();
    this.#questions.set(id, { task, resolve, reject });
    const cancel = (): void => connection.send({ type: 'kv-cancel', id });
    const stopWatching = whenGone(request, response, {
      half: cancel,
      whole: () => {
        cancel();
        reject(cancelled('the client has gone'));
      },
    });
    const timer = setTimeout(() => reject(unavailable('no manager of the cluster answers')), ANSWER_MS);
    connection.send({ type: 'kv', id, task, request: question });
    try {
      return await promise;
    } finally {
      clearTimeout(timer);
      stopWatching();
      this.#questions.delete(id);
    }
  }
}

/** `whole` when the connection is closed, `half` some time after the client has closed its end of it. Gives what ends the watching. */
function whenGone(
  { socket }: IncomingMessage,
  response: ServerResponse,
  { half, whole }: { readonly half: () => void; readonly whole: () => void },
): () => void {
  let timer: NodeJS.Timeout | undefined;
  const ended = (): void => {
    timer = setTimeout(half, HALF_CLOSED_MS);
  };
  if (response.destroyed || socket.destroyed) setImmediate(whole);
  else if (socket.readableEnded) ended();
  socket.once('end', ended);
  response.once('close', whole);
  return () => {
    clearTimeout(timer);
    socket.off('end', ended);
    response.off('close', whole);
  };
}

/** That of the host, where whoever asks could be anybody. */
function isOwn(namespace: string): boolean {
  try {
    return statSync(namespace).ino === statSync('/proc/self/ns/net').ino;
  } catch {
    // the process has gone already
    return true;
  }
}

async function bodyOf(request: IncomingMessage): Promise<Buffer> {
  const parts: Buffer[] = [];
  let size = 0;
  for await (const part of request as AsyncIterable<Buffer>) {
    size += part.length;
    if (size > LIMITS.value) throw tooLarge(`the value is larger than ${LIMITS.value} bytes`);
    parts.push(part);
  }
  return Buffer.concat(parts);
}

function sendValue(response: ServerResponse, { Value, Revision, Lease }: KeyValueEntry): void {
  response.setHeader('X-Berth-Revision', String(Revision));
  if (Lease !== undefined) response.setHeader('X-Berth-Lease', Lease);
  response.setHeader('Content-Type', 'application/octet-stream');
  response.end(Buffer.from(Value, 'base64'));
}

function send(response: ServerResponse, status: number, body: unknown): void {
  if (response.destroyed || response.headersSent) return;
  response.writeHead(status, {
    'Content-Type': 'application/json',
    ...(status === 413 ? { Connection: 'close' } : {}),
  });
  response.end(`${JSON.stringify(body)}\n`);
}
