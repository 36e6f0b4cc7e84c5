// Handlers of a container's files: archive, changes, export, and commit, which makes an image of them.
import { invalid } from '../../base/errors.ts';
import type { Engine } from '../../engine/index.ts';
import { familiarString, repoTagReference } from '../../images/index.ts';
import { containerConfig, decode } from '../../spec/docker/schemas/index.ts';
import type { ApiRequest, ApiResponse, Handlers } from '../handler.ts';

const id = (request: ApiRequest): string => request.params['id'] ?? '';
const STAT = 'X-Docker-Container-Path-Stat';

export function containerFileHandlers(engine: Engine): Handlers {
  return {
    ContainerArchiveInfo: async (request, response) => {
      const stat = await engine.archiveInfo(id(request), pathOf(request.query.path));
      response.header(STAT, encoded(stat));
      response.empty(200);
    },
    ContainerArchive: async (request, response) => {
      const { stat, archive } = await engine.getArchive(id(request), pathOf(request.query.path), request.signal);
      response.header(STAT, encoded(stat));
      await send(archive, request, response, 'application/x-tar');
    },
    PutContainerArchive: async (request, response) => {
      const { path, noOverwriteDirNonDir, copyUIDGID } = request.query;
      await engine.putArchive(
        id(request),
        {
          path: pathOf(path),
          archive: request.body,
          keepTypes: isOn(noOverwriteDirNonDir),
          asUser: isOn(copyUIDGID),
        },
        request.signal,
      );
      response.empty(200);
    },
    ContainerChanges: async (request, response) => response.json(await engine.changes(id(request))),
    ContainerExport: async (request, response) => {
      const { archive } = engine.exportFiles(id(request), request.signal);
      await send(archive, request, response, 'application/octet-stream');
    },
    ImageCommit: async (request, response) => {
      const { container = '', repo, tag, comment = '', author = '', pause = true, changes = [] } = request.query;
      const body = await request.json();
      const reference = repoTagReference(repo, tag);
      const made = await engine.commit(container, {
        author,
        comment,
        changes,
        config: body === undefined || body === null ? undefined : decode(containerConfig, body, ''),
        pause,
        ...(reference ? { name: { reference, text: familiarString(reference) } } : {}),
      });
      response.json(made, 201);
    },
  };
}

function pathOf(path: string | undefined): string {
  if (!path) throw invalid('bad parameter: pathcannot be empty');
  return path;
}

/** As all switches of Docker: everything but these is yes. */
function isOn(text: string | undefined): boolean {
  return !['', '0', 'no', 'false', 'none'].includes((text ?? '').trim().toLowerCase());
}

function encoded(value: unknown): string {
  return Buffer.from(JSON.stringify(value)).toString('base64');
}

async function send(
  archive: AsyncIterable<Uint8Array>,
  request: ApiRequest,
  response: ApiResponse,
  type: string,
): Promise<void> {
  const stream = response.stream(type);
  for await (const chunk of archive) {
    if (request.signal.aborted) return;
    await stream.write(chunk);
  }
  stream.end();
}
