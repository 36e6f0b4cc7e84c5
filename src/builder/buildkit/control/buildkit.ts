// What BuildKit's protocol works with: sessions, kept files, builds that run, and the builder behind it.
import type { Duplex } from 'node:stream';
import { invalid, messageOf, notFound, notImplemented } from '../../../base/errors.ts';
import { goRegExp } from '../../../base/go-regexp.ts';
import { randomId, sha256 } from '../../../base/ids.ts';
import type { Log } from '../../../base/log.ts';
import type { CheckResult } from '../../checks.ts';
import { checkSubrequest, subrequestAnswer } from '../../describe.ts';
import { serveLink } from '../../link/index.ts';
import type { BuildEvent } from '../../model/event.ts';
import { runnablePlatforms } from '../../ops/emulators.ts';
import type {
  Build,
  BuildRequest,
  BuildResult,
  BuildSink,
  ContextSource,
  RegistryCredentials,
  SshAgents,
} from '../../model/request.ts';
import type { Parts, Request } from './build.ts';
import { Bridges } from './bridges.ts';
import { controlMethods } from './control.ts';
import { type Asked, type Bridge, resultNamed, unlessAborted } from './gateway.ts';
import { Endpoint } from './endpoint.ts';
import { History } from './history.ts';
import type { Job } from './jobs.ts';
import { Jobs } from './jobs.ts';
import { answerOf, checkRequest, failureOf, runRequest } from './run.ts';
import type { Of } from '../protocol/codec.ts';
import { type ListWorkersResponse, type PruneRequest, timestamp, type UsageRecord } from '../protocol/messages.ts';
import { type SessionHeaders, Sessions } from '../session/sessions.ts';
import type { Trees } from '../../context/trees.ts';
import { serveCalls } from '../transport/server.ts';

/** One entry of the build cache, as `du` and `prune` show it. */
export interface CacheItem {
  readonly id: string;
  readonly parents: readonly string[];
  /** `regular`, `exec.cachemount`, `source.local` … */
  readonly type: string;
  readonly description: string;
  readonly inUse: boolean;
  readonly shared: boolean;
  readonly size: number;
  /** Milliseconds since 1970. */
  readonly createdAt: number;
  readonly lastUsedAt?: number;
  readonly usageCount: number;
}

export interface CachePrune {
  readonly all: boolean;
  readonly filters: readonly string[];
  /** Milliseconds. */
  readonly keepDuration: number;
  readonly keepBytes: number;
}

/** The build cache behind the protocol. */
export interface BuildKitCache {
  list(): Promise<readonly CacheItem[]>;
  prune(spec: CachePrune, signal: AbortSignal): Promise<readonly CacheItem[]>;
}

export interface BuildKitOptions {
  /** Files of clients that are kept. */
  readonly trees: Trees;
  readonly build: Build;
  readonly log: Log;
  readonly version: string;
  readonly daemonId: string;
  readonly hostGateway?: () => string;
  readonly cache?: BuildKitCache;
  /** Sends an image to its registry; without it a build that is to be pushed is refused. */
  readonly push?: (name: string, credentials: RegistryCredentials, signal: AbortSignal) => Promise<void>;
  readonly tarContext?: (archive: AsyncIterable<Uint8Array>) => ContextSource & AsyncDisposable;
  readonly remoteContext?: (
    url: string,
    buildArgs: ReadonlyMap<string, string>,
    ssh: SshAgents,
  ) => ContextSource & AsyncDisposable;
  /** What happened in a build that is over. */
  readonly past?: (ref: string) => AsyncIterable<BuildEvent> | undefined;
  readonly check?: (request: BuildRequest, signal: AbortSignal) => Promise<CheckResult>;
}

/** Names that the images of a build are to have in registries too. */
function pushed({ outputs = [] }: BuildRequest): string[] {
  return outputs.flatMap((output) => (output.type === 'image' && output.push ? (output.names ?? []) : []));
}

type Worker = Of<typeof ListWorkersResponse>['record'][number];

export class BuildKit {
  readonly sessions = new Sessions();
  readonly jobs = new Jobs();
  readonly history = new History();
  readonly bridges = new Bridges();
  readonly endpoint = new Endpoint(this);
  readonly #options: BuildKitOptions;

  constructor(options: BuildKitOptions) {
    this.#options = options;
  }

  /** Serves the control protocol on a connection until it ends. */
  async serve(connection: Duplex): Promise<void> {
    await serveCalls(connection, controlMethods(this, connection), this.#options.log);
    this.bridges.forget(connection);
  }

  /** A build of Berth's own client, on a connection that is its own. */
  serveLink(connection: Duplex): Promise<void> {
    return serveLink(connection, this.#options);
  }

  /** A session of a client, on a connection that is its own. Throws before anything is taken over. */
  openSession(headers: SessionHeaders): (connection: Duplex) => Promise<void> {
    this.sessions.check(headers.id);
    return (connection) => this.sessions.run(connection, headers);
  }

  get version(): { package: string; version: string; revision: string } {
    return { package: 'berth', version: this.#options.version, revision: '' };
  }

  workers(): Worker[] {
    const gateway = this.#options.hostGateway?.() ?? '';
    return [
      {
        id: this.#options.daemonId,
        labels: new Map([
          ['org.mobyproject.buildkit.worker.executor', 'berth'],
          ['org.mobyproject.buildkit.worker.hostname', this.#options.daemonId],
          ...(gateway === '' ? [] : [['org.mobyproject.buildkit.worker.moby.host-gateway-ip', gateway] as const]),
          // clients take it for the sign of an image store that has manifests: other outputs than images work then
          ['org.mobyproject.buildkit.worker.snapshotter', 'overlayfs'],
        ]),
        platforms: runnablePlatforms().map((one) => ({ variant: '', ...one, osVersion: '' })),
        gcPolicy: [],
        version: this.version,
      },
    ];
  }

  past(ref: string): AsyncIterable<BuildEvent> | undefined {
    return this.#options.past?.(ref);
  }

  async run(job: Job, spec: Request, signal: AbortSignal, recorded: boolean): Promise<BuildResult> {
    const running = recorded ? this.history.start(job.ref, spec) : undefined;
    const build: Build = async (request, sink, until) => {
      const both = (event: BuildEvent): void => {
        running?.notify(event);
        sink(event);
      };
      const names = pushed(request);
      if (names.length > 0 && !this.#options.push)
        throw notImplemented('pushing the result of a build is not implemented');
      const result = await this.#options.build(request, both, until);
      for (const name of names) await this.#push(name, request, both, until);
      return result;
    };
    try {
      const result = await runRequest(job, spec, this.#parts(), build, signal);
      running?.end({ response: answerOf(result) });
      return result;
    } catch (error) {
      const { code, message } = failureOf(error);
      running?.end({ error: { code, message } });
      throw error;
    }
  }

  async #push(name: string, request: BuildRequest, sink: BuildSink, signal: AbortSignal): Promise<void> {
    const now = (): bigint => BigInt(Date.now()) * 1_000_000n;
    const vertex = { id: sha256(`${request.id} push ${name}`), name: `pushing ${name}`, inputs: [], started: now() };
    sink({ kind: 'vertex', vertex });
    const none: RegistryCredentials = { credentials: async () => undefined };
    try {
      await this.#options.push?.(name, request.credentials ?? none, signal);
      sink({ kind: 'vertex', vertex: { ...vertex, completed: now() } });
    } catch (error) {
      sink({ kind: 'vertex', vertex: { ...vertex, completed: now(), error: messageOf(error) } });
      throw error;
    }
  }

  /** What `requestid` asks for besides a build. */
  async describe(
    bridge: Bridge,
    name: string,
    asked: Asked,
    signal: AbortSignal,
  ): Promise<ReadonlyMap<string, Uint8Array>> {
    checkSubrequest(name);
    const { check } = this.#options;
    if (!check) throw notImplemented('checks are not implemented by this daemon');
    const spec = await this.#unbuilt(bridge, asked, signal);
    return subrequestAnswer(name, () => checkRequest(bridge.ref, spec, this.#parts(), check, signal));
  }

  /** A wish whose result stays here. */
  async #unbuilt({ request }: Bridge, asked: Asked, signal: AbortSignal): Promise<Request> {
    return {
      ...asked,
      session: await this.sessions.find(request.session, signal),
      exporters: [{ type: 'image', attrs: new Map() }],
      entitlements: request.entitlements,
      cacheExports: [],
    };
  }

  /** The id of the image that a result of a build is; it is made once. */
  imageOf(bridge: Bridge, id: string): Promise<string> {
    return bridge.image(id, async (asked) => {
      const { ref, signal } = bridge;
      const spec = await this.#unbuilt(bridge, asked, signal);
      const job = await this.jobs.find(ref, signal);
      // a build of its own, beside that which gives the result out
      const build: Build = (one, sink, until) =>
        this.#options.build({ ...one, id: randomId().slice(0, 25) }, sink, until);
      const result = await runRequest(job, spec, this.#parts(), build, signal);
      return result.images[0]?.id ?? '';
    });
  }

  /** The same by what a definition calls the result; undefined when it names none that is known. */
  async imageNamed(source: string, signal?: AbortSignal): Promise<string | undefined> {
    const named = resultNamed(source);
    const bridge = named && this.bridges.ofResult(named.ref);
    if (!bridge) return undefined;
    const image = this.imageOf(bridge, named.id);
    return signal ? unlessAborted(image, signal) : image;
  }

  #parts(): Parts {
    const { tarContext, remoteContext } = this.#options;
    return {
      sessions: this.sessions,
      trees: this.#options.trees,
      ...(tarContext ? { tarContext } : {}),
      ...(remoteContext ? { remoteContext } : {}),
      imageOf: async (input, signal) => {
        const image = await this.imageNamed(input, signal);
        if (image === undefined) throw notFound(`no result ${input}`);
        return image;
      },
    };
  }

  async usage(filters: readonly string[]): Promise<Of<typeof UsageRecord>[]> {
    return ((await this.#options.cache?.list()) ?? []).filter((item) => matches(item, filters)).map(usageOf);
  }

  async *prune(
    request: Of<typeof PruneRequest>,
    signal: AbortSignal,
  ): AsyncGenerator<Of<typeof UsageRecord>, void, void> {
    const pruned = await this.#options.cache?.prune(
      {
        all: request.all,
        filters: request.filter,
        keepDuration: request.keepDuration / 1e6,
        keepBytes: request.reservedSpace,
      },
      signal,
    );
    for (const item of pruned ?? []) yield usageOf(item);
  }

  archiveContext(archive: AsyncIterable<Uint8Array>): ContextSource & AsyncDisposable {
    const { tarContext } = this.#options;
    if (!tarContext) throw notImplemented('contexts sent as an archive are not implemented by this daemon');
    return tarContext(archive);
  }

  close(): void {
    this.sessions.closeAll();
  }
}

/** `id`, `type`, `inuse`, `shared`, `description` with `==`, `!=` and `~=`, as BuildKit filters. */
function matches(item: CacheItem, filters: readonly string[]): boolean {
  if (filters.every((filter) => filter === '')) return true;
  const fields: Readonly<Record<string, string>> = {
    id: item.id,
    type: item.type,
    description: item.description,
    inuse: String(item.inUse),
    shared: String(item.shared),
  };
  return filters.some((filter) =>
    filter.split(',').every((part) => {
      const trimmed = part.trim();
      const found = /^([a-z]+)\s*(==|!=|~=)/.exec(trimmed);
      if (!found) return fields[trimmed] === 'true';
      const value = fields[found[1] ?? ''] ?? '';
      const wanted = trimmed.slice(found[0].length).trimStart().replace(/^"|"$/g, '');
      if (found[2] === '~=') return regExpOf(wanted)(value);
      return found[2] === '==' ? value === wanted : value !== wanted;
    }),
  );
}

function regExpOf(pattern: string): (text: string) => boolean {
  const matches = goRegExp(pattern);
  if (!matches) throw invalid(`${JSON.stringify(pattern)} is no regular expression`);
  return matches;
}

function usageOf(item: CacheItem): Of<typeof UsageRecord> {
  const time = (ms: number): bigint => BigInt(Math.round(ms)) * 1_000_000n;
  return {
    id: item.id,
    mutable: item.type === 'source.local' || item.type === 'exec.cachemount',
    inUse: item.inUse,
    size: item.size,
    createdAt: timestamp(time(item.createdAt)),
    lastUsedAt: item.lastUsedAt === undefined ? undefined : timestamp(time(item.lastUsedAt)),
    usageCount: item.usageCount,
    description: item.description,
    recordType: item.type,
    shared: item.shared,
    parents: item.parents,
  };
}
