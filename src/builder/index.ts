// The builder: from a recipe to an image. What other folders use of it.
import { existsSync, mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { Log } from '../base/log.ts';
import type { OciRuntime, Runtime } from '../runtime/index.ts';
import type { HostAbilities } from '../runtime/spec/index.ts';
import type { Records, Store } from '../store/index.ts';
import { runBuild } from './build.ts';
import { BuildCache, type CacheRecord } from './cache/index.ts';
import { type CacheMountRecord, CacheMounts } from './cache/mounts.ts';
import { SharedWork } from './cache/shared-work.ts';
import { TarContext } from './classic/tar-context.ts';
import type { BuilderContext } from './context.ts';
import type { BuilderImages, BuilderNetworks } from './ports.ts';
import type { Build, BuildRequest, BuildResult, BuildSink, ContextSource } from './request.ts';

export { ClassicText } from './classic/text.ts';
export { StepFailure } from './failure.ts';
export type { BuildEvent, Vertex } from './event.ts';
export type * from './request.ts';

/** Opened before the images, since it knows which layers the build cache needs. */
export function openBuildCache(records: Records, layers: () => Store['layers']): BuildCache {
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

  constructor(options: BuilderOptions) {
    const root = join(options.dataRoot, 'build');
    const work = join(root, 'work');
    // contexts of builds that a dead daemon did not finish
    if (existsSync(work)) rmSync(work, { recursive: true, force: true });
    mkdirSync(work, { recursive: true, mode: 0o700 });
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
      containers: join(options.dataRoot, 'containers'),
      root,
      cgroupParent: options.cgroupParent,
    };
  }

  readonly build: Build = (request: BuildRequest, sink: BuildSink, signal: AbortSignal): Promise<BuildResult> =>
    runBuild(this.#context, request, sink, signal);

  /** The tar of the classic endpoint as a context; disposing it takes the files away. */
  tarContext(archive: AsyncIterable<Uint8Array>): ContextSource & AsyncDisposable {
    return new TarContext(join(this.#context.root, 'work'), archive);
  }
}
