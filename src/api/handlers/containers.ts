// Handlers of /containers.
import { invalid } from '../../base/errors.ts';
import type { Engine } from '../../engine/index.ts';
import type { Query } from '../../spec/docker/index.ts';
import { containerSpec } from '../decode/container.ts';
import { updateSpec } from '../decode/update.ts';
import { MULTIPLEXED_STREAM, RAW_STREAM } from '../framing.ts';
import type { ApiRequest, Handlers } from '../handler.ts';
import { ioOf } from '../io.ts';
import { containerForVersion, summaryForVersion } from '../shape/containers.ts';
import { sizeOf } from '../size.ts';
import { logs } from './logs.ts';

const id = (request: ApiRequest): string => request.params['id'] ?? '';

export function containerHandlers(engine: Engine): Handlers {
  return {
    ContainerCreate: async (request, response) => {
      const body = await request.json();
      if (body === undefined) throw invalid('invalid JSON: got EOF while reading request body');
      response.json(
        await engine.create({
          name: request.query.name,
          platform: request.query.platform,
          spec: containerSpec(body, request.minor, engine.cgroup === 'v2'),
        }),
        201,
      );
    },
    ContainerList: async (request, response) => {
      const { all = false, limit = 0, size = false, filters = new Map() } = request.query;
      const rows = await engine.list({ all, limit, filters, ...(size ? { sizes: 'files' } : {}) });
      response.json(rows.map((row) => summaryForVersion(row, request.minor)));
    },
    ContainerInspect: async (request, response) => {
      response.json(containerForVersion(await engine.inspect(id(request), request.query.size ?? false), request.minor));
    },
    ContainerStart: async (request, response) => {
      if (request.query.checkpoint) throw invalid('checkpoint is only supported in experimental mode');
      const length = Number(request.headers['content-length'] ?? 0);
      // clients send `{}` or `null` here; dockerd takes up to two bytes for nothing
      if (length > 2 || request.headers['transfer-encoding'] !== undefined)
        throw invalid(
          'starting container with non-empty request body was deprecated since API v1.22 and removed in v1.24',
        );
      await engine.start(id(request));
      response.empty(204);
    },
    ContainerStop: async (request, response) => {
      const stopped = await engine.stop(id(request), request.query.signal ?? '', request.query.t);
      response.empty(stopped ? 204 : 304);
    },
    ContainerRestart: async (request, response) => {
      await engine.restart(id(request), request.query.signal ?? '', request.query.t);
      response.empty(204);
    },
    ContainerKill: async (request, response) => {
      await engine.kill(id(request), request.query.signal ?? '');
      response.empty(204);
    },
    ContainerPause: async (request, response) => {
      await engine.pause(id(request));
      response.empty(204);
    },
    ContainerUnpause: async (request, response) => {
      await engine.unpause(id(request));
      response.empty(204);
    },
    BerthContainerTransfer: async (request, response) => {
      await engine.transfer(id(request), request.query.to ?? '');
      response.empty(204);
    },
    ContainerRename: (request, response) => {
      engine.rename(id(request), request.query.name ?? '');
      response.empty(204);
    },
    ContainerDelete: async (request, response) => {
      const { v = false, force = false, link = false } = request.query;
      if (link) await engine.removeLink(id(request));
      else await engine.remove(id(request), { force, volumes: v });
      response.empty(204);
    },
    ContainerWait: async (request, response) => {
      const { ended } = engine.wait(id(request), request.query.condition ?? '', request.signal);
      // the headers go out at once: clients start the container when they have them
      const stream = response.stream('application/json');
      const { exitCode, error } = await ended;
      const failure = error === undefined ? {} : { Error: { Message: error } };
      await stream.write(`${JSON.stringify({ StatusCode: exitCode, ...failure })}\n`);
      stream.end();
    },
    ContainerTop: async (request, response) =>
      response.json(await engine.top(id(request), request.query.ps_args ?? '')),
    ContainerResize: (request, response) => {
      engine.resize(id(request), ...sizeOf(request.query));
      response.empty(200);
    },
    ContainerUpdate: async (request, response) =>
      response.json(await engine.update(id(request), updateSpec(await request.json(), request.minor))),
    ContainerPrune: async (request, response) => response.json(await engine.prune(request.query.filters ?? new Map())),
    ContainerLogs: logs(engine),
    ContainerAttach: attach(engine),
    ContainerAttachWebsocket: attachWebSocket(engine),
    ContainerStats: stats(engine),
  };
}

function attach(engine: Engine): NonNullable<Handlers['ContainerAttach']> {
  return async (request, response) => {
    const options = attachOptions(request.query);
    const { tty } = engine.checkAttach(id(request), options);
    const socket = response.hijack(!tty && request.minor >= 42 ? MULTIPLEXED_STREAM : RAW_STREAM);
    await engine.attach(id(request), options, ioOf(socket, tty, options.stdin && options.stream));
  };
}

/** As attach, with a frame for each piece and without Docker's own framing. */
function attachWebSocket(engine: Engine): NonNullable<Handlers['ContainerAttachWebsocket']> {
  return async (request, response) => {
    const options = attachOptions(request.query);
    engine.checkAttach(id(request), options);
    await engine.attach(id(request), options, ioOf(response.webSocket(), true, options.stdin && options.stream));
  };
}

function attachOptions(query: Query<'ContainerAttach'>) {
  const { stdin = false, stdout = false, stderr = false, logs: withLogs = false, stream = false, detachKeys } = query;
  return { stdin, stdout, stderr, logs: withLogs, stream, detachKeys };
}

function stats(engine: Engine): NonNullable<Handlers['ContainerStats']> {
  return async (request, response) => {
    const stream = request.query.stream ?? true;
    const oneShot = request.query['one-shot'] ?? false;
    if (stream && oneShot) throw invalid('cannot have stream=true and one-shot=true');
    const samples = engine.stats(id(request), { stream, oneShot }, request.signal);
    const body = response.stream('application/json');
    for await (const sample of samples) await body.write(`${JSON.stringify(sample)}\n`);
    body.end();
  };
}
