// POST /build: the classic builder's query and archive in, its progress stream out.
import { invalid, messageOf } from '../../base/errors.ts';
import { parseJson } from '../../base/json.ts';
import {
  type Builder,
  type BuildRequest,
  ClassicText,
  type ContextSource,
  type RegistryCredentials,
  type StepContainers,
  StepFailure,
  type StepLimits,
} from '../../builder/index.ts';
import type { BuildKit } from '../../builder/buildkit/index.ts';
import { parsePlatform } from '../../spec/oci/index.ts';
import { registryConfigOf } from '../credentials.ts';
import { checkForeign, textList, textMap, ulimitList } from './build-query.ts';
import type { ApiRequest, ApiResponse, Handlers, StreamBody } from '../handler.ts';

type Query = ApiRequest<'ImageBuild'>['query'];

/** Requests of BuildKit's older clients come on the same path, and mean another protocol. */
export function buildHandlers(
  builder: Builder,
  buildkit: () => Promise<BuildKit>,
  containers: { keepStep: StepContainers['add'] },
): Handlers {
  return {
    ImageBuild: (request, response) => {
      const { version = '' } = request.query;
      if (!['', '1', '2'].includes(version)) throw invalid(`invalid version ${JSON.stringify(version)}`);
      return version === '2'
        ? buildBySession(buildkit, request, response)
        : build(builder, containers.keepStep, request, response);
    },
  };
}

async function buildBySession(
  buildkit: () => Promise<BuildKit>,
  request: ApiRequest<'ImageBuild'>,
  response: ApiResponse,
): Promise<void> {
  const { query } = request;
  const out = new Output(response);
  try {
    await (await buildkit()).endpoint.build(
      {
        ...query,
        buildargs: json('buildargs', query.buildargs, {}),
        labels: json('labels', query.labels, {}),
        cachefrom: json('cachefrom', query.cachefrom, []),
        outputs: json('outputs', query.outputs, []),
        pull: pulls(query.pull),
      },
      request.body as AsyncIterable<Uint8Array>,
      (message) => out.say(message),
      request.signal,
    );
  } catch (error) {
    if (!out.begun) throw error;
    out.say({ errorDetail: { message: messageOf(error) }, error: messageOf(error) });
  }
  await out.end();
}

const pulls = (text: string | undefined): boolean =>
  text !== undefined && !['', '0', 'false', 'no', 'none'].includes(text.toLowerCase());

async function build(
  builder: Builder,
  add: StepContainers['add'],
  request: ApiRequest<'ImageBuild'>,
  response: ApiResponse,
): Promise<void> {
  const { query } = request;
  const common = requestOf(query);
  const remote = query.remote && query.remote !== 'client-session' ? query.remote : '';
  await using context =
    remote === '' ? builder.tarContext(request.body as AsyncIterable<Uint8Array>) : builder.remoteContext(remote);
  const out = new Output(response);
  const text = new ClassicText();
  const quiet = query.q ?? false;
  // a build that has taken its first step fails in its stream, also where that says nothing else
  let begun = false;
  try {
    const result = await builder.build(
      {
        ...common,
        ...sourceOf(query, context),
        credentials: credentialsFor(request),
        containers: { keep: keptOf(query), add },
      },
      (event) => {
        begun ||= event.kind === 'step';
        if (!quiet) for (const line of text.add(event)) out.say(line);
      },
      request.signal,
    );
    const [image] = result.images;
    if (result.unusedArgs.length > 0)
      out.say({ stream: `[Warning] One or more build-args [${result.unusedArgs.join(' ')}] were not consumed\n` });
    if (image && quiet) out.say({ stream: `${image.id}\n` });
    else if (image) {
      out.say({ aux: { ID: image.id } });
      out.say({ stream: `Successfully built ${image.id.slice('sha256:'.length, 'sha256:'.length + 12)}\n` });
      for (const tag of common.tags ?? []) out.say({ stream: `Successfully tagged ${withTag(tag)}\n` });
    }
  } catch (error) {
    if (!out.begun && !begun && !(error instanceof StepFailure)) throw error;
    out.say(failure(error));
  }
  await out.end();
}

/** What the client knows of all its registries goes with the request. */
function credentialsFor({ headers }: ApiRequest<'ImageBuild'>): RegistryCredentials {
  const known = registryConfigOf(headers);
  return {
    async credentials(domain) {
      const { username, password = '', identityToken } = known(domain);
      if (username === undefined && identityToken === undefined) return undefined;
      return { username: username ?? '', password, ...(identityToken === undefined ? {} : { identityToken }) };
    },
  };
}

/** `rm` counts when it is given and no `forcerm` is; a step that fails leaves its container without `forcerm`. */
function keptOf({ rm, forcerm }: Query): StepContainers['keep'] {
  if (forcerm) return 'none';
  return rm === false ? 'all' : 'failed';
}

/** In the classic builder's words. */
function failure(error: unknown): object {
  if (error instanceof StepFailure) {
    const message = `The command '${error.command}' returned a non-zero code: ${error.code}`;
    return { errorDetail: { code: error.code, message }, error: message };
  }
  const message = messageOf(error);
  return { errorDetail: { message }, error: message };
}

function sourceOf(query: Query, context: ContextSource): Pick<BuildRequest, 'context' | 'dockerfile'> {
  return { context, dockerfile: { kind: 'file', path: query.dockerfile ?? '' } };
}

function requestOf(query: Query): Omit<BuildRequest, 'context' | 'dockerfile'> {
  // there is no experimental mode; our own client asks by another way
  if (query.squash) throw invalid('squash is only supported with experimental mode');
  checkForeign(query);
  const args = textMap('build args', query.buildargs, true);
  const labels = textMap('labels', query.labels, false);
  const platforms = query.platform ? [parsePlatform(query.platform)] : [];
  return {
    buildArgs: args,
    labels,
    classic: true,
    tags: query.t ?? [],
    target: query.target ?? '',
    platforms,
    noCache: query.nocache ?? false,
    pull: pulls(query.pull),
    network: query.networkmode ?? 'default',
    extraHosts: (query.extrahosts ?? [])
      .filter((pair) => pair !== '')
      .map((pair) => ({ host: pair.slice(0, pair.indexOf(':')), ip: pair.slice(pair.indexOf(':') + 1) })),
    limits: limitsOf(query),
    cacheImports: textList('cache-from', query.cachefrom).map((reference) => ({
      type: 'registry',
      attributes: { ref: reference },
    })),
  };
}

/** As for a container: below this nothing useful starts. */
const MIN_MEMORY = 6 * 1024 * 1024;

function limitsOf(query: Query): StepLimits {
  const ulimits = ulimitList('ulimit settings', query.ulimits);
  if (query.memory && query.memory < MIN_MEMORY) throw invalid('Minimum memory limit allowed is 6MB');
  return {
    ...(query.memory ? { memory: query.memory } : {}),
    ...(query.memswap ? { memorySwap: query.memswap } : {}),
    ...(query.cpushares ? { cpuShares: query.cpushares } : {}),
    ...(query.cpuperiod ? { cpuPeriod: query.cpuperiod } : {}),
    ...(query.cpuquota ? { cpuQuota: query.cpuquota } : {}),
    ...(query.cpusetcpus ? { cpusetCpus: query.cpusetcpus } : {}),
    ...(query.cpusetmems ? { cpusetMems: query.cpusetmems } : {}),
    ...(query.cgroupparent ? { cgroupParent: query.cgroupparent } : {}),
    ...(query.shmsize ? { shmSize: query.shmsize } : {}),
    ...(ulimits.length > 0 ? { ulimits } : {}),
  };
}

function json<T>(name: string, text: string | undefined, absent: T): T {
  if (text === undefined || text === '') return absent;
  try {
    const value: unknown = parseJson(text);
    return value === null || typeof value !== 'object' ? absent : (value as T);
  } catch (error) {
    throw invalid(`error reading ${name}: ${messageOf(error)}`);
  }
}

const withTag = (name: string): string => (name.includes(':', name.lastIndexOf('/') + 1) ? name : `${name}:latest`);

/** Lines to the client in their order; the stream begins with the first, so that earlier failures keep their status. */
class Output {
  readonly #response: ApiResponse;
  #stream: StreamBody | undefined;
  #last: Promise<void> = Promise.resolve();

  constructor(response: ApiResponse) {
    this.#response = response;
  }

  get begun(): boolean {
    return this.#stream !== undefined;
  }

  say(message: object): void {
    this.#stream ??= this.#response.stream('application/json');
    const stream = this.#stream;
    // a client that has gone aborts the build by its signal
    this.#last = this.#last.then(() => stream.write(`${JSON.stringify(message)}\r\n`)).catch(() => undefined);
  }

  async end(): Promise<void> {
    await this.#last;
    this.#stream ??= this.#response.stream('application/json');
    this.#stream.end();
  }
}
