// Handlers of images: query and body in, the verb, the answer in the client's version.
import { BerthError, forbidden, invalid, isErrno, messageOf, notImplemented } from '../../base/errors.ts';
import { isDigest } from '../../base/ids.ts';
import {
  download,
  errorMessage,
  familiarName,
  type Images,
  parseReference,
  repoTagReference,
  type Say,
  withDigest,
  withProgress,
  withTag,
} from '../../images/index.ts';
import type { ProgressMessage } from '../../spec/docker/index.ts';
import { decodePlatform, type Platform, parsePlatform } from '../../spec/oci/index.ts';
import type { ApiRequest, ApiResponse, Handlers, StreamBody } from '../handler.ts';
import { imageSummaryForVersion, inspectForVersion } from '../shape/image.ts';

export function imageHandlers(images: Images): Handlers {
  return {
    ImageList: (request, response) => {
      const { query, minor } = request;
      const rows = images.list({
        ...(query.all === undefined ? {} : { all: query.all }),
        ...(query.filters === undefined ? {} : { filters: query.filters }),
        sharedSize: minor >= 42 && (query['shared-size'] ?? false),
      });
      response.json(rows.map((row) => imageSummaryForVersion(row, minor)));
    },
    ImageInspect: (request, response) => {
      const { query, minor, params } = request;
      const manifests = minor >= 48 && (query.manifests ?? false);
      const platform = minor >= 49 && query.platform ? decodePlatform(query.platform) : undefined;
      if (manifests && platform) {
        throw invalid('conflicting options: manifests and platform options cannot both be set');
      }
      response.json(inspectForVersion(images.inspect(params['name'] ?? '', platform), minor));
    },
    ImageHistory: (request, response) => {
      const { query, minor, params } = request;
      const platform = minor >= 48 && query.platform ? decodePlatform(query.platform) : undefined;
      response.json(images.history(params['name'] ?? '', platform));
    },
    ImageTag: (request, response) => {
      images.tag(request.params['name'] ?? '', request.query.repo, request.query.tag);
      response.empty(201);
    },
    ImageDelete: (request, response) => {
      const { query, minor, params } = request;
      response.json(
        images.remove(params['name'] ?? '', {
          force: query.force ?? false,
          noprune: query.noprune ?? false,
          platforms: minor >= 50 ? (query.platforms ?? []).map(decodePlatform) : [],
        }),
      );
    },
    ImagePrune: (request, response) => response.json(images.prune(request.query.filters ?? new Map())),
    ImageCreate: (request, response) =>
      request.query.fromImage ? pull(request) : importOne(images, request, response),
    ImageLoad: (request, response) => load(images, request, response),
    ImageGet: (request, response) =>
      save(images, [request.params['name'] ?? ''], request, request.query.platform, response),
    ImageGetAll: (request, response) =>
      save(images, request.query.names ?? [], request, request.query.platform, response),
    BerthImageBootstrap: (request, response) => bootstrap(images, request, response),
  };
}

/** Progress lines; the stream begins with the first of them, so that earlier failures keep their status. */
class Lines {
  readonly #response: ApiResponse;
  #stream: StreamBody | undefined;

  constructor(response: ApiResponse) {
    this.#response = response;
  }

  readonly say: Say = async (message: ProgressMessage): Promise<void> => {
    this.#stream ??= this.#response.stream('application/json');
    await this.#stream.write(`${JSON.stringify(message)}\r\n`);
  };

  async finish(work: () => Promise<void>): Promise<void> {
    try {
      await work();
    } catch (error) {
      if (!this.#stream) throw error;
      await this.say(errorMessage(error));
    }
    this.#stream ??= this.#response.stream('application/json');
    this.#stream.end();
  }
}

function onlyPlatform(minor: number, given: readonly string[] | undefined): Platform | undefined {
  if (minor < 48 || !given?.[0]) return undefined;
  if (given.length > 1) throw invalid('multiple platform parameters not supported');
  return decodePlatform(given[0]);
}

/** What a pull asks for is checked as dockerd does, so that only the fetching itself is missing. */
async function pull({ query, minor }: ApiRequest<'ImageCreate'>): Promise<void> {
  if (minor >= 32 && query.platform) parsePlatform(query.platform);
  let reference = parseReference((query.fromImage ?? '').replace(/:$/, ''));
  const { tag } = query;
  if (tag) reference = isDigest(tag) ? withDigest(reference, tag) : withTag(reference, tag);
  if (familiarName(reference) === 'scratch') throw forbidden("'scratch' is a reserved name");
  throw notImplemented('pulling from a registry is not implemented yet', {
    hint: '"berth image bootstrap busybox" or "berth image bootstrap debian" makes an image from this host\'s packages; "docker load" and "docker import" read archives.',
  });
}

async function importOne(images: Images, request: ApiRequest<'ImageCreate'>, response: ApiResponse): Promise<void> {
  const { query, minor, signal } = request;
  const platform = minor >= 32 && query.platform ? parsePlatform(query.platform) : undefined;
  const source = query.fromSrc ?? '';
  const reference = repoTagReference(query.repo, query.tag);
  const lines = new Lines(response);
  await lines.finish(async () => {
    let archive: AsyncIterable<Uint8Array> = request.body;
    if (source !== '-') {
      const got = await download(source, signal);
      await lines.say({ status: `Downloading from ${got.url}` });
      archive = withProgress(got.body, lines.say, {
        status: 'Importing',
        ...(got.size === undefined ? {} : { total: got.size }),
      });
    }
    const image = await images.import(archive, {
      ...(reference ? { reference } : {}),
      ...(platform ? { platform } : {}),
      message: query.message || `Imported from ${source}`,
      changes: query.changes ?? [],
      signal,
    });
    await lines.say({ status: image.id });
  });
}

async function load(images: Images, request: ApiRequest<'ImageLoad'>, response: ApiResponse): Promise<void> {
  const platform = onlyPlatform(request.minor, request.query.platform);
  const lines = new Lines(response);
  await lines.finish(async () => {
    try {
      await images.load(request.body, {
        say: lines.say,
        quiet: request.query.quiet ?? true,
        ...(platform ? { platform } : {}),
        signal: request.signal,
      });
    } catch (error) {
      // dockerd has sent its status before it reads the archive
      if (request.signal.aborted) throw error;
      await lines.say(errorMessage(error));
    }
  });
}

async function save(
  images: Images,
  names: readonly string[],
  request: ApiRequest,
  platforms: readonly string[] | undefined,
  response: ApiResponse,
): Promise<void> {
  const platform = onlyPlatform(request.minor, platforms);
  const archive = images.save(names, { ...(platform ? { platform } : {}), signal: request.signal });
  const stream = response.stream('application/x-tar');
  for await (const chunk of archive) {
    if (request.signal.aborted) return;
    await stream.write(chunk);
  }
  stream.end();
}

async function bootstrap(
  images: Images,
  request: ApiRequest<'BerthImageBootstrap'>,
  response: ApiResponse,
): Promise<void> {
  const { name } = request.query;
  if (!name) throw invalid('name is required', { hint: 'For example busybox or debian:bookworm.' });
  const lines = new Lines(response);
  await lines.finish(async () => {
    try {
      const image = await images.bootstrap(name, (status) => lines.say({ status }), request.signal);
      await lines.say({ aux: { ID: image.id } });
    } catch (error) {
      if (isErrno(error, 'ENOSPC')) throw new BerthError('exhausted', messageOf(error), { cause: error });
      throw error;
    }
  });
}
