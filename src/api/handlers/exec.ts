// Handlers of exec: made below /containers, the rest below /exec.
import { invalid } from '../../base/errors.ts';
import type { Engine } from '../../engine/index.ts';
import type { ExecStartBody } from '../../spec/docker/index.ts';
import { execSpec } from '../decode/exec.ts';
import { MULTIPLEXED_STREAM, RAW_STREAM } from '../framing.ts';
import type { ApiRequest, Handlers } from '../handler.ts';
import { ioOf } from '../io.ts';
import { sizeOf } from '../size.ts';

const id = (request: ApiRequest): string => request.params['id'] ?? '';

export function execHandlers(engine: Engine): Handlers {
  return {
    ContainerExec: async (request, response) => {
      const body = await request.json();
      if (body === undefined) throw invalid('invalid JSON: got EOF while reading request body');
      response.json({ Id: engine.createExec(id(request), execSpec(body, request.minor)) }, 201);
    },
    ExecStart: async (request, response) => {
      const body = startBody(await request.json());
      const exec = engine.checkExecStart(id(request));
      // the client says how it reads, whatever the process writes to
      const raw = body.Tty === true;
      const consoleSize = raw && exec.request.tty ? (body.ConsoleSize ?? undefined) : undefined;
      if (body.Detach === true) {
        await engine.startExec({ exec, io: undefined, consoleSize });
        response.empty(200);
        return;
      }
      const socket = response.hijack(!raw && request.minor >= 42 ? MULTIPLEXED_STREAM : RAW_STREAM);
      const io = ioOf(socket, raw, exec.request.attachStdin);
      try {
        await engine.startExec({ exec, io, consoleSize });
      } catch (error) {
        // the connection is the client's already: what the runtime said goes where the output would have gone, as with dockerd
        io.write('stdout', Buffer.from(`${error instanceof Error ? error.message : String(error)}\r\n`));
      }
      io.end();
    },
    ExecInspect: (request, response) => response.json(engine.inspectExec(id(request))),
    ExecResize: async (request, response) => {
      await engine.resizeExec(id(request), ...sizeOf(request.query));
      response.empty(200);
    },
  };
}

function startBody(body: unknown): ExecStartBody {
  if (body === undefined) return {};
  if (typeof body !== 'object' || body === null || Array.isArray(body))
    throw invalid('invalid JSON: json: cannot unmarshal into Go value of type container.ExecStartOptions');
  return body;
}
