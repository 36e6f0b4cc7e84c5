// Containers of tasks on other nodes: what is asked of one goes through a tunnel to the node that has it, and its answer comes back.
import { type IncomingMessage, request as httpRequest } from 'node:http';
import type { Duplex } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { messageOf, unavailable } from '../../base/errors.ts';
import { parseJson } from '../../base/json.ts';
import type { ClusterAccess } from '../../cluster/index.ts';
import type { Engine } from '../../engine/index.ts';
import { type RouteId, routes } from '../../spec/docker/index.ts';
import type { ApiRequest, ApiResponse, Handler, Handlers } from '../handler.ts';

/** What one may do with a task's container wherever it runs; its life is the cluster's matter. */
const OF_CONTAINERS: readonly RouteId[] = [
  'ContainerArchive',
  'ContainerArchiveInfo',
  'PutContainerArchive',
  'ContainerAttach',
  'ContainerChanges',
  'ContainerExec',
  'ContainerExport',
  'ContainerInspect',
  'ContainerKill',
  'ContainerLogs',
  'ContainerResize',
  'ContainerStats',
  'ContainerTop',
  'ContainerWait',
];
const OF_EXECS: readonly RouteId[] = ['ExecInspect', 'ExecResize', 'ExecStart'];
/** Execs on other nodes that are remembered; the oldest is forgotten. */
export const MAX_EXECS = 4096;
/** What is read as a whole of a node's answer: errors and the ids of execs. The node may be anybody's by now. */
const MAX_ANSWER_BYTES = 1024 * 1024;

export function withRemote(handlers: Handlers, engine: Engine, access: ClusterAccess): Handlers {
  const execs = new Map<string, string>();
  const wrapped: [RouteId, Handler<RouteId>][] = [...OF_CONTAINERS, ...OF_EXECS].flatMap((id) => {
    const local = handlers[id];
    if (!local) return [];
    const handle: Handler<RouteId> = async (request, response) => {
      const { id: reference = '' } = request.params;
      if (!access.isMember) return local(request, response);
      if (OF_EXECS.includes(id)) {
        const node = execs.get(reference);
        if (node === undefined) return local(request, response);
        await forward(access, node, id, reference, request, response);
        return;
      }
      const place = engine.knows(reference) ? undefined : (await access.open()).remote.find(reference);
      if (!place) return local(request, response);
      if (place.isHere) return local({ ...request, params: { ...request.params, id: place.container } }, response);
      const answer = await forward(access, place.node, id, place.container, request, response);
      if (id === 'ContainerExec' && answer !== undefined) remember(execs, answer, place.node);
    };
    return [[id, handle]];
  });
  return { ...handlers, ...Object.fromEntries(wrapped) };
}

/** The answer to an exec that was created there. */
export function remember(execs: Map<string, string>, answer: string, node: string): void {
  const value = parsed(answer);
  const Id = typeof value === 'object' && value !== null && 'Id' in value ? value.Id : undefined;
  if (typeof Id !== 'string' || Id === '') return;
  execs.set(Id, node);
  const [oldest] = execs.keys();
  if (execs.size > MAX_EXECS && oldest !== undefined) execs.delete(oldest);
}

/** Gives the answer's text where it is one short JSON. */
async function forward(
  access: ClusterAccess,
  node: string,
  id: RouteId,
  reference: string,
  request: ApiRequest,
  response: ApiResponse,
): Promise<string | undefined> {
  const { remote } = await access.open();
  const tunnel = await remote.connect(node);
  const { method, path } = routes[id];
  const { host: _, connection: __, ...headers } = request.headers;
  const isUpgrade = headers.upgrade !== undefined;
  const outgoing = httpRequest({
    createConnection: () => tunnel,
    method,
    path: `/v1.${request.minor}${path.replace('{id}', encodeURIComponent(reference))}${request.search}`,
    headers: { ...headers, host: 'node', ...(isUpgrade ? { connection: 'Upgrade' } : {}) },
  });
  request.signal.addEventListener('abort', () => tunnel.destroy(), { once: true });
  const answered = new Promise<{ message: IncomingMessage; stream?: Duplex }>((resolve, reject) => {
    outgoing.once('response', (message) => resolve({ message }));
    outgoing.once('upgrade', (message: IncomingMessage, stream: Duplex, head: Buffer) => {
      if (head.length > 0) stream.unshift(head);
      resolve({ message, stream });
    });
    outgoing.once('error', (error) => reject(unavailable(`the node of the task: ${messageOf(error)}`)));
  });
  outgoing.once('socket', () => tunnel.resume());
  request.body.pipe(outgoing);
  const { message, stream } = await answered;
  const type = message.headers['content-type'] ?? 'application/octet-stream';
  if (stream) {
    stream.allowHalfOpen = true;
    const client = response.hijack(type);
    await Promise.all([pipeline(client, stream), pipeline(stream, client)]).catch(() => undefined);
    return undefined;
  }
  const stat = message.headers['x-docker-container-path-stat'];
  if (typeof stat === 'string') response.header('X-Docker-Container-Path-Stat', stat);
  if (id === 'ContainerExec' || message.statusCode !== 200 || method === 'HEAD')
    return await whole(message, type, method, response);
  const body = response.stream(type, message.statusCode);
  for await (const chunk of message as AsyncIterable<Buffer>) await body.write(chunk);
  body.end();
  return undefined;
}

/** An answer that is read first. */
async function whole(
  message: IncomingMessage,
  type: string,
  method: string,
  response: ApiResponse,
): Promise<string | undefined> {
  const text = await readShort(message);
  const status = message.statusCode ?? 500;
  if (method === 'HEAD' || text === '') {
    response.empty(status);
    return undefined;
  }
  if (!type.startsWith('application/json')) {
    response.text(text, status);
    return undefined;
  }
  response.json(parsed(text), status);
  return status === 201 ? text : undefined;
}

function parsed(text: string): unknown {
  try {
    return parseJson(text);
  } catch (error) {
    throw unavailable(`the node of the task: ${messageOf(error)}`);
  }
}

async function readShort(message: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of message as AsyncIterable<Buffer>) {
    if ((size += chunk.length) > MAX_ANSWER_BYTES)
      throw unavailable(`the node of the task answers with more than ${MAX_ANSWER_BYTES} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString();
}
