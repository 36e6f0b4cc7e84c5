// What every part of the builder works with; put together once by the composition root.
import { join } from 'node:path';
import type { Log } from '../../base/log.ts';
import type { OciRuntime, Runtime } from '../../runtime/index.ts';
import type { HostAbilities } from '../../runtime/spec/index.ts';
import type { Store } from '../../store/index.ts';
import type { BuildCache, CacheRecord } from '../cache/index.ts';
import type { CacheMounts } from '../cache/mounts.ts';
import type { StepMemory } from '../history/steps.ts';
import type { SharedWork } from '../cache/shared-work.ts';
import type { BuilderImages, BuilderNetworks } from '../model/ports.ts';

export interface BuilderContext {
  readonly log: Log;
  readonly store: Store;
  readonly runtime: Runtime;
  readonly ociRuntime: OciRuntime;
  readonly host: HostAbilities;
  readonly images: BuilderImages;
  readonly networks: BuilderNetworks;
  readonly cache: BuildCache;
  readonly mounts: CacheMounts;
  readonly work: SharedWork<CacheRecord>;
  readonly steps: StepMemory;
  /** Where containers have their directories: a step has one of its own there, which is swept when the daemon dies. */
  readonly containers: string;
  /** Below the data root: contexts and cache mounts. */
  readonly root: string;
  readonly cgroupParent: string;
}

/** Keys of servers that were met by ssh: the daemon's own, not those of the user who runs it. */
export function knownHostsIn(root: string): string {
  return join(root, 'ssh_known_hosts');
}
