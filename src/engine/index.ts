// The container engine: every verb on containers, bound to one daemon's state.
import { mkdirSync } from 'node:fs';
import { KeyedMutex } from '../base/mutex.ts';
import type { EndedStep } from '../spec/berth/index.ts';
import type { EndpointSettings, Filters } from '../spec/docker/index.ts';
import { type EngineContext, EnginePaths } from './container/context.ts';
import { checkLogDefaults, type CreateFacts, type ExecSpec, type UpdateSpec } from './create/index.ts';
import { createFacts } from './facts.ts';
import {
  archiveInfo,
  type CommitRequest,
  changes,
  commit,
  exportFiles,
  getArchive,
  type PutOptions,
  putArchive,
} from './files/index.ts';
import { hasProcess } from './lifecycle/index.ts';
import { peersOf } from './peers.ts';
import { joinNetwork } from './prepare/join-network.ts';
import { releaseResources } from './prepare/release.ts';
import type { Io } from './container/streams.ts';
import { adopt, startAdopted } from './verbs/adopt.ts';
import { type AttachOptions, attach, checkAttach } from './verbs/attach.ts';
import { type ContainerRequest, create } from './verbs/create.ts';
import { checkExecStart, createExec, type ExecStart, inspectExec, resizeExec, startExec } from './verbs/exec.ts';
import { exited, scheduleRestart } from './verbs/exited.ts';
import { inspect } from './verbs/inspect.ts';
import { keepStep } from './verbs/keep-step.ts';
import { kill, stop, stopProcess } from './verbs/kill.ts';
import { type ListOptions, list } from './verbs/list.ts';
import type { ImageNames } from './verbs/list-filter.ts';
import { logAttributes } from './container/log-attributes.ts';
import { logSubject } from './container/record.ts';
import { checkReadable, type LogOptions, logBatches } from './verbs/logs.ts';
import { transfer } from './verbs/transfer.ts';
import { connectNetwork, disconnectNetwork } from './verbs/network.ts';
import { pause, unpause } from './verbs/pause.ts';
import { prune } from './verbs/prune.ts';
import { autoRemove, type RemoveOptions, removeByReference } from './verbs/remove.ts';
import { removeLink } from './verbs/remove-link.ts';
import { rename } from './verbs/rename.ts';
import { resize } from './verbs/resize.ts';
import { restart } from './verbs/restart.ts';
import { start } from './verbs/start.ts';
import { type StatsOptions, stats } from './verbs/stats.ts';
import { top } from './verbs/top.ts';
import { update } from './verbs/update.ts';
import { wait } from './verbs/wait.ts';
import { startWatchdog } from './watchdog.ts';

export { hostHostsText, ownResolvText, resolvText, stepHostsText } from './container/files.ts';
export type { ImageSource, ImageUsers, NetworkSource, VolumeSource } from './container/ports.ts';
export type { Io } from './container/streams.ts';
export type { ImageNames } from './verbs/list-filter.ts';
export { openContainers } from './container/registry.ts';
export { untilOf } from './verbs/prune.ts';

export type EngineOptions = Omit<EngineContext, 'paths' | 'execs' | 'locks' | 'lifecycle' | 'stopping' | 'facts'> & {
  readonly dataRoot: string;
  readonly imageNames: ImageNames;
  readonly defaults: Omit<CreateFacts['defaults'], 'runtime'>;
};

export type Engine = ReturnType<typeof openEngine>;

/** `adopt()` must be called before anything is served. */
export function openEngine(options: EngineOptions) {
  const { registry } = options;
  const paths = new EnginePaths(options.dataRoot);
  const facts = createFacts({
    host: options.host,
    cgroups: options.runtime.cgroups,
    hostname: options.hostname,
    daemonRoot: options.dataRoot,
    runtimes: [...options.runtimes.keys()],
    defaults: { ...options.defaults, runtime: options.defaultRuntime },
    containerId: (reference) => registry.lookup(reference)?.id,
    forwards: options.networks.forwards,
    networkSubnets: (reference) => options.networks.givenSubnets(reference),
  });
  checkLogDefaults(facts);
  mkdirSync(paths.root, { recursive: true, mode: 0o710 });
  const context: EngineContext = {
    ...options,
    facts,
    paths,
    execs: new Map(),
    locks: new KeyedMutex(),
    lifecycle: { release: releaseResources, autoRemove, scheduleRestart },
    stopping: false,
  };
  const watch = options.runtime.watchExits((exit) => {
    exited(context, exit.id, exit.code).catch((error: unknown) =>
      options.log.error({ err: error }, `the end of container ${exit.id}`),
    );
  });
  let watchdog: Disposable | undefined;
  return {
    /** Takes back what a former daemon left; then restart policies bring back their containers. */
    adopt: async () => {
      const toStart = await adopt(context, (id) => watch.read(id));
      // an exit between reading the records and now was seen by the watch before its container was known to run
      for (const exit of watch.present()) await exited(context, exit.id, exit.code);
      context.images.sweep();
      watchdog = startWatchdog(context, watch);
      return () => startAdopted(context, toStart);
    },
    /** `v2`, where control groups are one tree: what clients of before API 1.41 are given depends on it. */
    cgroup: facts.cgroup,
    create: (request: ContainerRequest) => create(context, request),
    keepStep: (step: EndedStep) => keepStep(context, step),
    start: (reference: string) => start(context, reference),
    stop: (reference: string, signal: string, seconds: number | undefined) => stop(context, reference, signal, seconds),
    restart: (reference: string, signal: string, seconds: number | undefined) =>
      restart(context, reference, signal, seconds),
    kill: (reference: string, signal: string) => kill(context, reference, signal),
    removeLink: (reference: string) => removeLink(context, reference),
    remove: (reference: string, wanted: RemoveOptions) => removeByReference(context, reference, wanted),
    rename: (reference: string, name: string) => rename(context, reference, name),
    pause: (reference: string) => pause(context, reference),
    unpause: (reference: string) => unpause(context, reference),
    wait: (reference: string, condition: string, signal: AbortSignal) => wait(context, reference, condition, signal),
    inspect: (reference: string, size: boolean) => inspect(context, reference, size),
    list: (wanted: ListOptions) => list(context, options.imageNames, wanted),
    top: (reference: string, psArguments: string) => top(context, reference, psArguments),
    resize: (reference: string, height: number, width: number) => resize(context, reference, height, width),
    update: (reference: string, spec: UpdateSpec) => update(context, reference, spec),
    archiveInfo: (reference: string, path: string) => archiveInfo(context, reference, path),
    getArchive: (reference: string, path: string, signal: AbortSignal) => getArchive(context, reference, path, signal),
    putArchive: (reference: string, wanted: PutOptions, signal: AbortSignal) =>
      putArchive(context, reference, wanted, signal),
    changes: (reference: string) => changes(context, reference),
    exportFiles: (reference: string, signal: AbortSignal) => exportFiles(context, reference, signal),
    commit: (reference: string, wanted: CommitRequest) => commit(context, reference, wanted),
    prune: (filters: Filters) => prune(context, filters),
    /** Whether a container here has this name or the beginning of this id. */
    knows: (reference: string): boolean => {
      try {
        registry.get(reference);
        return true;
      } catch {
        return false;
      }
    },
    stats: (reference: string, wanted: StatsOptions, signal: AbortSignal) => stats(context, reference, wanted, signal),
    logs: (reference: string, wanted: LogOptions, signal: AbortSignal) => {
      const container = registry.get(reference);
      checkReadable(container);
      const { Tty: tty } = container.record.config;
      // where each has a frame, libraries hand frames on as lines: docker-py's logs(stream=True)
      const eachLine = wanted.eachLine || !tty;
      return {
        tty,
        attributes: () => logAttributes(logSubject(container.record)),
        batches: logBatches(
          context,
          container,
          { ...wanted, eachLine, head: wanted.eachLine || tty ? undefined : wanted.head },
          signal,
        ),
      };
    },
    checkAttach: (reference: string, wanted: AttachOptions) => checkAttach(context, reference, wanted),
    attach: (reference: string, wanted: AttachOptions, io: Io) => attach(context, reference, wanted, io),
    transfer: (from: string, to: string) => transfer(context, from, to),
    connectNetwork: (network: string, container: string, settings: EndpointSettings) =>
      connectNetwork(context, network, container, settings),
    disconnectNetwork: (network: string, container: string, force: boolean) =>
      disconnectNetwork(context, network, container, force),
    /** Containers as far as explaining their connections goes. */
    peers: peersOf(registry),
    joinNetwork: (reference: string) => joinNetwork(context, reference),
    createExec: (reference: string, spec: ExecSpec) => createExec(context, reference, spec),
    checkExecStart: (id: string) => checkExecStart(context, id),
    startExec: (wanted: ExecStart) => startExec(context, wanted),
    inspectExec: (id: string) => inspectExec(context, id),
    resizeExec: (id: string, height: number, width: number) => resizeExec(context, id, height, width),
    counts: () => {
      const phases = registry.all().map((container) => container.state.phase);
      const running = phases.filter((phase) => phase === 'running' || phase === 'restarting').length;
      const paused = phases.filter((phase) => phase === 'paused').length;
      return { running, paused, stopped: phases.length - running - paused };
    },
    /** Ends watching; containers go on. With `stopContainers` they are stopped first, each within its own time. */
    close: async (stopContainers: boolean) => {
      context.stopping = true;
      for (const container of registry.all()) {
        clearTimeout(container.restartTimer);
        container.healthStop?.();
        container.oomStop?.();
      }
      if (stopContainers)
        await Promise.allSettled(
          registry
            .all()
            .filter((container) => hasProcess(container.state.phase))
            .map((container) => stopProcess(context, container, '', undefined)),
        );
      for (const container of registry.all()) container.console?.close();
      watchdog?.[Symbol.dispose]();
      watch[Symbol.dispose]();
    },
  };
}
