// What every verb of the engine works with; put together once by the composition root.
import { join } from 'node:path';
import type { Log } from '../../base/log.ts';
import type { KeyedMutex } from '../../base/mutex.ts';
import type { OciRuntime, ProcessRuntime } from '../../runtime/index.ts';
import type { HostAbilities } from '../../runtime/spec/index.ts';
import type { Container } from './container.ts';
import type { CreateFacts } from '../create/index.ts';
import type { Exec } from './exec.ts';
import type { LifecycleEffects } from './dispatch.ts';
import type { StartDefaults } from './at-start.ts';
import type { EventSink, ImageSource, NetworkSource, RootMounts, VolumeSource } from './ports.ts';
import type { Registry } from './registry.ts';

export interface EngineContext {
  readonly paths: EnginePaths;
  readonly registry: Registry;
  readonly execs: Map<string, Exec>;
  readonly runtime: ProcessRuntime;
  readonly runtimes: ReadonlyMap<string, OciRuntime>;
  readonly defaultRuntime: string;
  readonly mounts: RootMounts;
  readonly images: ImageSource;
  readonly volumes: VolumeSource;
  readonly networks: NetworkSource;
  readonly events: EventSink;
  /** How many follow the events now. */
  readonly followers: () => number;
  readonly log: Log;
  readonly host: HostAbilities;
  readonly facts: CreateFacts;
  readonly boot: string;
  readonly hostname: string;
  /** The program for `--init`; undefined when the host has none. */
  readonly initPath: string | undefined;
  /** The daemon's resolvers, options and search domains, for containers that say nothing of their own. */
  readonly dns: {
    readonly servers: readonly string[];
    readonly options: readonly string[];
    readonly search: readonly string[];
  };
  readonly atStart: StartDefaults;
  /** Where containers without an own parent get their control group. */
  readonly cgroupParent: string;
  /** Verbs on one container queue up. */
  readonly locks: KeyedMutex;
  readonly lifecycle: LifecycleEffects;
  /** True from the moment that the daemon was asked to end. */
  stopping: boolean;
}

/**
 * A container's own directory, below `<data-root>/containers/<id>`, mode 0710:
 *   upper/ work/   the writable layer       merged/   where it is mounted while there is a process
 *   hosts hostname resolv.conf              container.log   shm/ (only for a shareable IPC namespace)
 *   mounts/        images and parts of volumes, while there is a process
 */
export class EnginePaths {
  readonly #root: string;
  constructor(dataRoot: string) {
    this.#root = join(dataRoot, 'containers');
  }

  /** The layer below every container's own: what tells a program that it is in a container. */
  get init(): string {
    return join(this.#root, 'init');
  }

  /** Directories of removed containers, until their files are deleted. */
  get trash(): string {
    return join(this.#root, 'trash');
  }

  get root(): string {
    return this.#root;
  }

  of(id: string): {
    own: string;
    upper: string;
    work: string;
    merged: string;
    mounts: string;
    hosts: string;
    hostname: string;
    resolvConf: string;
    log: string;
    shm: string;
  } {
    const own = join(this.#root, id);
    return {
      own,
      upper: join(own, 'upper'),
      work: join(own, 'work'),
      merged: join(own, 'merged'),
      mounts: join(own, 'mounts'),
      hosts: join(own, 'hosts'),
      hostname: join(own, 'hostname'),
      resolvConf: join(own, 'resolv.conf'),
      log: join(own, 'container.log'),
      shm: join(own, 'shm'),
    };
  }
}

export function save(context: EngineContext, container: Container): void {
  context.registry.save(container);
}

/** Path of a container's control group below every controller. */
export function cgroupPath(context: EngineContext, container: Container): string {
  const parent = container.record.hostConfig.CgroupParent;
  return join('/', parent === '' ? context.cgroupParent : parent, container.id);
}

/** The attributes of a container's events, as dockerd gives them. */
export function emit(
  context: EngineContext,
  container: Container,
  action: string,
  extra: Readonly<Record<string, string>> = {},
): void {
  const { config, name } = container.record;
  const attributes = { ...config.Labels, ...extra, image: config.Image, name };
  context.events({ type: 'container', action, id: container.id, attributes });
}
