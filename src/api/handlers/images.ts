// Handlers of images: query and body in, the verb, the answer in the client's version.
import { BerthError, forbidden, invalid, isErrno, messageOf, notFound } from '../../base/errors.ts';
import {
  download,
  errorMessage,
  familiarName,
  type Images,
  parseReference,
  repoTagReference,
  withTagOrDigest,
  withProgress,
  withTag,
} from '../../images/index.ts';
import { decodePlatform, type Platform, parsePlatform } from '../../spec/oci/index.ts';
import { credentialsOf } from '../credentials.ts';
import type { ApiRequest, ApiResponse, Handlers } from '../handler.ts';
import { Lines } from '../lines.ts';
import { imageSummaryForVersion, inspectForVersion } from '../shape/image.ts';

export function imageHandlers(images: Images): Handlers {
  return {
    ImageList: (request, response) => {
      const { query, minor } = request;
      if (minor >= 54 && query.identity && !query.manifests)
        throw invalid('conflicting options: identity requires manifests=1');
      const rows = images.list({
        ...(query.all === undefined ? {} : { all: query.all }),
        ...listFilters(query, minor),
        sharedSize: minor >= 42 && (query['shared-size'] ?? false),
        manifests: minor >= 47 && (query.manifests ?? false),
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
      response.json(inspectForVersion(images.inspect(params['name'] ?? '', { platform, manifests }), minor));
    },
    ImageHistory: (request, response) => {
      const { query, minor, params } = request;
      const platform = minor >= 48 && query.platform ? decodePlatform(query.platform) : undefined;
      response.json(images.history(params['name'] ?? '', platform));
    },
    ImageAttestations: (request, response) => {
      const { query, params, minor } = request;
      if (minor < 55) throw notFound('page not found');
      const platform = onlyPlatform(minor, query.platform);
      response.json(
        images.attestations(params['name'] ?? '', {
          ...(platform ? { platform } : {}),
          types: query.type ?? [],
          statement: query.statement ?? false,
        }),
      );
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
      request.query.fromImage ? pull(images, request, response) : importOne(images, request, response),
    ImagePush: (request, response) => push(images, request, response),
    ImageLoad: (request, response) => load(images, request, response),
    ImageGet: (request, response) =>
      save(images, [request.params['name'] ?? ''], request, request.query.platform, response),
    ImageGetAll: (request, response) =>
      save(images, request.query.names ?? [], request, request.query.platform, response),
    BerthImageWhy: async (request, response) => {
      const { name = '', path } = request.query;
      response.json(await images.why(name, path));
    },
    BerthStoreCheck: async (request, response) => {
      response.json(await images.check(false, request.signal));
    },
    BerthStoreRepair: async (request, response) => {
      response.json(await images.check(true, request.signal));
    },
    BerthImageBootstrap: (request, response) => bootstrap(images, request, response),
  };
}

function onlyPlatform(minor: number, given: readonly string[] | undefined): Platform | undefined {
  if (minor < 48 || !given?.[0]) return undefined;
  if (given.length > 1) throw invalid('multiple platform parameters not supported');
  return decodePlatform(given[0]);
}

async function pull(images: Images, request: ApiRequest<'ImageCreate'>, response: ApiResponse): Promise<void> {
  const { query, minor, headers, signal } = request;
  const platform = minor >= 32 && query.platform ? parsePlatform(query.platform) : undefined;
  let reference = parseReference((query.fromImage ?? '').replace(/:$/, ''));
  const { tag } = query;
  if (tag) reference = withTagOrDigest(reference, tag);
  if (familiarName(reference) === 'scratch') throw forbidden("'scratch' is a reserved name");
  const lines = new Lines(response);
  await lines.finish(() =>
    images.pull(reference, {
      ...(platform ? { platform } : {}),
      credentials: credentialsOf(headers),
      say: lines.say,
      signal,
    }),
  );
}

async function push(images: Images, request: ApiRequest<'ImagePush'>, response: ApiResponse): Promise<void> {
  const { params, query, minor, headers, signal } = request;
  const platform = minor >= 46 && query.platform ? decodePlatform(query.platform) : undefined;
  const name = parseReference(params['name'] ?? '');
  const reference = query.tag ? withTag(name, query.tag) : name;
  if (headers['x-registry-auth'] === undefined) throw invalid('bad parameters and missing X-Registry-Auth: EOF');
  const lines = new Lines(response);
  await lines.finish(async () => {
    // dockerd has sent its status before it looks for a digest
    if (reference.digest !== undefined) await lines.say(errorMessage(invalid('cannot push a digest reference')));
    else
      await images.push(reference, {
        ...(platform ? { platform } : {}),
        credentials: credentialsOf(headers),
        say: lines.say,
        signal,
      });
  });
}

/** The filters of a list; clients of before 1.41 may give a name beside them. */
function listFilters(
  { filter, filters }: ApiRequest<'ImageList'>['query'],
  minor: number,
): { filters?: ReadonlyMap<string, readonly string[]> } {
  if (minor >= 41 || !filter) return filters === undefined ? {} : { filters };
  return { filters: new Map([...(filters ?? []), ['reference', [...(filters?.get('reference') ?? []), filter]]]) };
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
