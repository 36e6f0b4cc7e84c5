// The builder: from a recipe to an image. What other folders use of it.
import { existsSync, mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { nowNanos, parseRfc3339 } from '../base/clock.ts';
import { messageOf } from '../base/errors.ts';
import { randomId } from '../base/ids.ts';
import type { Log } from '../base/log.ts';
import { diskUsage } from '../host/sandbox/disk-usage.ts';
import { formatPlatform } from '../spec/oci/index.ts';
import type { OciRuntime, Runtime } from '../runtime/index.ts';
import type { HostAbilities } from '../runtime/spec/index.ts';
import type { Records, Store } from '../store/index.ts';
import { switchedOn } from './model/build-arguments.ts';
import { runBuild } from './build.ts';
import { checkBuild } from './check-build.ts';
import type { CheckResult } from './checks.ts';
import { type PruneOptions, planPrune, type Usage } from './cache/plan.ts';
import { BuildCache, type CacheRecord } from './cache/index.ts';
import { type CacheMountRecord, CacheMounts } from './cache/mounts.ts';
import { BuildHistory, type BuildRecord } from './history/index.ts';
import { StepMemory } from './history/steps.ts';
import { SharedWork } from './cache/shared-work.ts';
import { TarContext } from './context/tar.ts';
import { Trees } from './context/trees.ts';
import { RemoteContext } from './context/remote.ts';
import { type BuilderContext, knownHostsIn } from './services/context.ts';
import type { BuilderImages, BuilderNetworks } from './model/ports.ts';
import type { Build, BuildRequest, BuildResult, BuildSink, ContextSource, SshAgents } from './model/request.ts';

export { ClassicText } from './classic/text.ts';
export { StepFailure } from './model/failure.ts';
export type { BuildEvent, Vertex } from './model/event.ts';
export { PlainText } from './history/plain.ts';
export { type BuildRecord } from './history/index.ts';
export { PRUNE_FILTERS, type PruneOptions, type Usage } from './cache/plan.ts';
export type * from './model/request.ts';

/** Above this the least recently used results go after a build. */
const MAX_CACHE_BYTES = 20 * 1000 ** 3;

/** Opened before the images, since it knows which layers the build cache needs. */
export function openBuildCache(records: Records, layers: Store['layers']): BuildCache {
  return new BuildCache(records.table<CacheRecord>('build_cache'), layers);
}

export interface BuilderOptions {
  readonly dataRoot: string;
  readonly records: Records;
  readonly store: Store;
  readonly cache: BuildCache;
  readonly runtime: Runtime;
  readonly ociRuntime: OciRuntime;
  readonly host: HostAbilities;
  readonly images: BuilderImages;
  readonly networks: BuilderNetworks;
  readonly cgroupParent: string;
  readonly log: Log;
}

export class Builder {
  readonly #context: BuilderContext;
  readonly history: BuildHistory;
  /** Files of clients that are kept from one build to the next. */
  readonly trees: Trees;

  constructor(options: BuilderOptions) {
    const root = join(options.dataRoot, 'build');
    const work = join(root, 'work');
    // contexts of builds that a dead daemon did not finish
    if (existsSync(work)) rmSync(work, { recursive: true, force: true });
    mkdirSync(work, { recursive: true, mode: 0o700 });
    this.trees = new Trees(join(root, 'clients'), options.log);
    this.history = new BuildHistory(join(root, 'history'), options.records.table<BuildRecord>('build_history'));
    this.#context = {
      log: options.log,
      store: options.store,
      runtime: options.runtime,
      ociRuntime: options.ociRuntime,
      host: options.host,
      images: options.images,
      networks: options.networks,
      cache: options.cache,
      mounts: new CacheMounts(join(root, 'mounts'), options.records.table<CacheMountRecord>('build_mounts')),
      work: new SharedWork<CacheRecord>(),
      steps: new StepMemory(join(root, 'steps')),
      containers: join(options.dataRoot, 'containers'),
      root,
      cgroupParent: options.cgroupParent,
    };
  }

  readonly build: Build = async (request: BuildRequest, sink: BuildSink, signal: AbortSignal): Promise<BuildResult> => {
    const id = request.id ?? randomId().slice(0, 25);
    const { dockerfile } = request;
    const active = this.history.begin({
      id,
      name: request.name ?? (dockerfile.kind === 'file' ? dockerfile.path || 'Dockerfile' : dockerfile.name),
      target: request.target ?? '',
      tags: request.tags ?? [],
      platforms: (request.platforms ?? []).map(formatPlatform),
    });
    const either = AbortSignal.any([signal, active.abort.signal]);
    const both: BuildSink = (event) => {
      this.history.add(active, event);
      sink(event);
    };
    try {
      const result = await runBuild(this.#context, { ...withEpoch(request), id }, both, either);
      this.history.end(active, { images: result.images.map((image) => image.id) }, false);
      void this.#collect().catch((error: unknown) => this.#context.log.warn(`the build cache: ${messageOf(error)}`));
      return result;
    } catch (error) {
      // why the build failed is what counts, also where a full disk has no room for its record
      try {
        this.history.end(active, { error }, either.aborted);
      } catch (failure) {
        this.#context.log.warn(`the record of build ${id}: ${messageOf(failure)}`);
      }
      throw error;
    }
  };

  /** What the checks say, without building anything. */
  readonly check = (request: BuildRequest, signal: AbortSignal): Promise<CheckResult> =>
    checkBuild(this.#context, request, signal);

  /** Cancels a build that runs; false when there is none of that id. */
  cancel(id: string): boolean {
    return this.history.cancel(id);
  }

  /** Everything that the build cache holds, with what it takes on disk. */
  async usage(): Promise<Usage[]> {
    const { cache, mounts, images, store } = this.#context;
    const shared = images.chains();
    const { layer } = await store.usage();
    const trees = this.trees.list();
    const measured = await diskUsage([
      ...mounts.all().map(({ key }) => mounts.directory(key)),
      ...trees.flatMap(({ files }) => files),
    ]);
    const onDisk = (paths: readonly string[]): number =>
      paths.reduce((sum, path) => sum + (measured.get(path) ?? 0), 0);
    return [
      ...cache.all().map(
        (record): Usage => ({
          id: record.id,
          parents: record.parent === undefined ? [] : [record.parent],
          type: record.type,
          description: record.description,
          // one that left its parent as it was has no layer of its own
          size: record.chain === undefined || record.size === 0 ? 0 : layer(record.chain),
          created: parseRfc3339(record.created) ?? 0n,
          used: parseRfc3339(record.used) ?? 0n,
          uses: record.uses,
          inUse: cache.isHeld(record.id),
          shared: record.chain !== undefined && shared.has(record.chain),
        }),
      ),
      ...mounts.all().map(
        (record): Usage => ({
          id: record.key,
          parents: [],
          type: 'exec.cachemount',
          description: `cached mount ${record.id}`,
          size: onDisk([mounts.directory(record.key)]),
          created: parseRfc3339(record.created) ?? 0n,
          used: parseRfc3339(record.used) ?? 0n,
          uses: record.uses,
          inUse: mounts.isUsed(record.key),
          shared: false,
        }),
      ),
      ...trees.map(
        (tree): Usage => ({
          id: tree.name,
          parents: [],
          type: 'source.local',
          description: 'local source for context',
          size: onDisk(tree.files),
          created: BigInt(Math.trunc(tree.usedAt)) * 1_000_000n,
          used: BigInt(Math.trunc(tree.usedAt)) * 1_000_000n,
          uses: 1,
          inUse: tree.held,
          shared: false,
        }),
      ),
    ];
  }

  /** Directories of `RUN --mount=type=cache`, to be taken to other machines. */
  get cacheMounts(): Pick<CacheMounts, 'all' | 'archive' | 'fill' | 'find'> {
    return this.#context.mounts;
  }

  /** Removes what the wish names and no build works with; answers what went and how many bytes that freed. */
  async prune(spec: PruneOptions): Promise<{ readonly removed: readonly Usage[]; readonly reclaimed: number }> {
    const { cache, mounts, images } = this.#context;
    const removed = planPrune(await this.usage(), spec, nowNanos());
    let reclaimed = 0;
    for (const one of removed) {
      if (one.type === 'exec.cachemount') {
        mounts.remove(one.id);
        reclaimed += one.size;
      } else if (one.type === 'source.local') {
        if (this.trees.remove(one.id)) reclaimed += one.size;
      } else cache.remove(one.id);
    }
    return { removed, reclaimed: reclaimed + images.collect() };
  }

  /** Keeps the cache within its bound. */
  async #collect(): Promise<void> {
    const bytes = this.#context.cache.all().reduce((sum, { size }) => sum + size, 0);
    if (bytes <= MAX_CACHE_BYTES) return;
    const { removed } = await this.prune({ all: true, filters: new Map(), keepBytes: MAX_CACHE_BYTES });
    this.#context.log.info(
      `build cache: ${removed.length} results removed, it was larger than ${MAX_CACHE_BYTES} bytes`,
    );
  }

  /** A git repository or an archive of the web as a context; disposing it takes the files away. */
  remoteContext(
    url: string,
    buildArgs?: ReadonlyMap<string, string>,
    ssh?: SshAgents,
  ): ContextSource & AsyncDisposable {
    const { root } = this.#context;
    const keepGitDir = switchedOn(buildArgs, 'BUILDKIT_CONTEXT_KEEP_GIT_DIR');
    return new RemoteContext(join(root, 'work'), url, { keepGitDir, ssh, knownHosts: knownHostsIn(root) });
  }

  /** The tar of the classic endpoint as a context; disposing it takes the files away. */
  tarContext(archive: AsyncIterable<Uint8Array>): ContextSource & AsyncDisposable {
    return new TarContext(join(this.#context.root, 'work'), archive);
  }
}

/** The time of a build may come as the argument that programs know. */
function withEpoch(request: BuildRequest): BuildRequest {
  const text = request.buildArgs?.get('SOURCE_DATE_EPOCH') ?? '';
  if (request.sourceDateEpoch !== undefined || !/^\d{1,12}$/.test(text)) return request;
  return { ...request, sourceDateEpoch: Number(text) };
}
