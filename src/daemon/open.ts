// A daemon, opened: its parts from the lock on the data root to the builder, before anyone can reach them.
import { hostname } from 'node:os';
import { join } from 'node:path';
import { messageOf, unavailable } from '../base/errors.ts';
import type { Log } from '../base/log.ts';
import { type Builder, openBuildCache } from '../builder/index.ts';
import type { BuildKit } from '../builder/buildkit/index.ts';
import { type Engine, openContainers, openEngine } from '../engine/index.ts';
import type { ClusterAccess } from '../cluster/index.ts';
import { EventLog } from '../events/index.ts';
import { observeAbilities } from '../host/abilities.ts';
import { loadProfile } from '../host/apparmor.ts';
import {
  type CgroupTrees,
  controllersOf,
  makeRoomForGroups,
  observeCgroups,
  removeEmptyGroup,
} from '../host/cgroup.ts';
import { findProgram } from '../host/find.ts';
import { unmount } from '../host/mount.ts';
import { mountOverlay } from '../host/overlay.ts';
import { bootId } from '../host/process.ts';
import { type Images, openImages } from '../images/index.ts';
import { Explainer, type NetworkRecord, Networks } from '../network/index.ts';
import { Registries } from '../registry/client/index.ts';
import { execRoot, type OciRuntime, Runtime } from '../runtime/index.ts';
import { DEFAULT_APPARMOR_PROFILE, type HostAbilities, KNOWN_CAPABILITIES } from '../runtime/spec/index.ts';
import { openStore } from '../store/index.ts';
import { Projects } from '../projects/index.ts';
import { openRecords } from '../store/records/index.ts';
import { type SystemFacts, VERSION } from '../system/index.ts';
import { openVolumes, PLUGIN_PLACES, type VolumeRecord, type Volumes } from '../volumes/index.ts';
import { buildkitCache, buildkitPush, makeBuilder } from './adapters/builder.ts';
import { makeCluster } from './adapters/cluster.ts';
import { instanceOf, realRoot, replaceableOnTheWay, secureExecRoot } from './directories.ts';
import { daemonId, hostWarnings, programVersion, systemFacts } from './facts.ts';
import { lockRoot } from './lock.ts';
import type { DaemonOptions } from './options.ts';
import { observeRuntimes } from './runtimes.ts';
import { reloadAttributes, reloadedFacts } from './reload.ts';
import { registrySettings, seccompText } from './settings.ts';

export interface DaemonPorts {
  readonly log: Log;
  /** Nanoseconds since 1970; what events are dated with. */
  readonly clock?: () => bigint;
}

export interface Daemon extends AsyncDisposable {
  readonly engine: Engine;
  readonly images: Images;
  readonly volumes: Volumes;
  readonly networks: Networks;
  readonly explainer: Explainer;
  readonly registries: Registries;
  readonly builder: Builder;
  /** BuildKit's protocol; loaded when the first client of it comes. */
  readonly buildkit: () => Promise<BuildKit>;
  readonly events: EventLog;
  readonly facts: SystemFacts;
  readonly cgroups: CgroupTrees;
  readonly cluster: ClusterAccess;
  readonly projects: Projects;
  /** Takes over those settings that can change while the daemon runs, and tells of it. */
  readonly reload: (options: DaemonOptions) => void;
  /** Starts what restart policies want running; to be called once somebody listens. */
  readonly startPolicies: () => Promise<void>;
  /**
   * An orderly end; containers go on unless `stopContainers`. Does not wait longer than `timeoutMs` for them. The records
   * stay open and the data root stays locked until the daemon is disposed of, since requests may still be under way;
   * disposing of a daemon that was not closed closes it.
   */
  close(options: { readonly stopContainers: boolean; readonly timeoutMs: number }): Promise<void>;
}

/** Opens the daemon of `options.dataRoot`: what a former one left is taken back. Throws when another one has the root. */
export async function openDaemon(given: DaemonOptions, ports: DaemonPorts): Promise<Daemon> {
  if (process.getuid?.() !== 0) throw unavailable('the daemon needs to be started with root privileges');
  const { log } = ports;
  const dataRoot = realRoot(given.dataRoot);
  const options: DaemonOptions = { ...given, dataRoot, execRoot: realRoot(given.execRoot) };
  for (const root of new Set([given.dataRoot, given.execRoot])) {
    const theirs = replaceableOnTheWay(root);
    if (theirs !== undefined)
      log.warn(
        `${theirs} can be replaced by a user who is not root: with that they choose what the daemon has for ${root}; its directory should belong to root`,
      );
  }
  // all that is held until the end, given back in reverse order; at once when something below throws
  await using held = new AsyncDisposableStack();
  held.use(lockRoot(dataRoot, options.pidfile));
  secureExecRoot(options.execRoot);
  const instance = instanceOf(dataRoot);
  const cgroupParent = options.cgroupParent === '' ? `berth/${instance}` : options.cgroupParent;
  const cgroups = observeCgroups();
  try {
    makeRoomForGroups(cgroups);
  } catch (error) {
    log.warn(`limits of containers may not hold: the control groups cannot be prepared: ${messageOf(error)}`);
  }
  const runtimes = await observeRuntimes({ options, dataRoot, cgroups, cgroupParent, log });
  if (runtimes.view) held.use(runtimes.view);
  const conmon = findProgram(options.conmon);
  if (conmon === undefined)
    throw unavailable(`${options.conmon} is not installed; berth doctor says what else is missing`);
  const host = await withProfile(observeAbilities(KNOWN_CAPABILITIES), log);
  const controllers = controllersOf(cgroups);
  const warnings = hostWarnings(host.canRaiseLimits, controllers);
  for (const warning of warnings) log.warn(warning);

  const records = held.use(openRecords(join(dataRoot, 'berth.db'), log));
  const events = new EventLog(ports.clock ? { clock: ports.clock } : {});
  const containers = openContainers(records);
  const store = held.use(await openStore(dataRoot, log, undefined, options.pushCompression));
  const cache = openBuildCache(records, store.layers);
  const registries = new Registries(registrySettings(options));
  const images = openImages({
    store,
    keep: () => cache.chains(),
    log,
    registries,
    users: { usersOf: (image) => containers.usersOfImage(image) },
    events: events.emit,
  });
  const volumes = openVolumes({
    root: join(dataRoot, 'volumes'),
    log,
    records: records.table<VolumeRecord>('volumes'),
    users: { usersOf: (name) => containers.usersOfVolume(name) },
    events: events.emit,
    plugins: PLUGIN_PLACES,
  });
  const networks = new Networks({
    instance,
    log,
    records: records.table<NetworkRecord>('networks'),
    containers,
    settings: options.network,
    events: events.emit,
  });
  const initPath = options.initPath === '' ? findProgram('docker-init', 'tini-static', 'catatonit') : options.initPath;
  const runtime = new Runtime({ paths: execRoot(options.execRoot), cgroups, conmon, log });
  const engine = openEngine({
    dataRoot,
    registry: containers,
    runtime,
    runtimes: runtimes.table,
    defaultRuntime: runtimes.chosen,
    mounts: { overlay: mountOverlay, unmount },
    images,
    imageNames: images,
    volumes,
    networks,
    events: events.emit,
    followers: () => events.watchers,
    log,
    host,
    boot: bootId(),
    hostname: hostname(),
    initPath,
    defaults: options.containers,
    atStart: { ...options.containers, seccomp: seccompText(options.containers.seccompProfile) },
    dns: options.network.dns,
    cgroupParent,
  });
  const startPolicies = await engine.adopt();
  const builder = makeBuilder({
    dataRoot,
    records,
    cache,
    runtime,
    ociRuntime: runtimes.table.get(runtimes.chosen) as OciRuntime,
    host,
    images,
    networks,
    join: engine.joinNetwork,
    cgroupParent,
    log,
  });
  let openBuildkit: Promise<BuildKit> | undefined;
  const buildkit = (): Promise<BuildKit> =>
    (openBuildkit ??= import('../builder/buildkit/index.ts').then(
      (module) =>
        new module.BuildKit({
          trees: builder.trees,
          build: builder.build,
          check: builder.check,
          tarContext: (archive) => builder.tarContext(archive),
          past: (ref) => builder.history.past(ref),
          remoteContext: (url, buildArgs, ssh) => builder.remoteContext(url, buildArgs, ssh),
          hostGateway: () => networks.hostGateways()[0] ?? '',
          cache: buildkitCache(builder),
          push: buildkitPush(images),
          log,
          version: VERSION,
          daemonId: daemonId(dataRoot),
        }),
    ));
  const facts = systemFacts({
    options,
    dataRoot,
    abilities: host,
    runtimes,
    conmonVersion: await programVersion(conmon),
    initPath,
    warnings,
    controllers,
  });
  const cluster = makeCluster({ dataRoot, execRoot: options.execRoot, engine, images, networks, events, facts, log });
  const reload = (next: DaemonOptions): void => {
    registries.reload(registrySettings(next));
    Object.assign(facts, reloadedFacts(next));
    const attributes = reloadAttributes(next, {
      name: hostname(),
      runtimes: facts.runtimes,
      runtime: facts.defaultRuntime,
    });
    events.emit({ type: 'daemon', action: 'reload', id: facts.id, attributes });
  };
  const kept = held.move();
  let closing: Promise<void> | undefined;
  const close = async (stopContainers: boolean, timeoutMs: number): Promise<void> => {
    const inTime = cluster.close().then(() => engine.close(stopContainers));
    await Promise.race([inTime, new Promise((done) => setTimeout(done, timeoutMs).unref())]);
    await networks.close().catch((error: unknown) => log.warn(`networks: ${messageOf(error)}`));
    if (options.cgroupParent === '') removeEmptyGroup(cgroups, `/${cgroupParent}`);
  };
  return {
    engine,
    images,
    volumes,
    networks,
    explainer: new Explainer(networks.view(), engine.peers),
    registries,
    builder,
    buildkit,
    events,
    facts,
    cgroups,
    cluster,
    projects: new Projects(records.table('projects')),
    reload,
    startPolicies,
    close: ({ stopContainers, timeoutMs }) => (closing ??= close(stopContainers, timeoutMs)),
    async [Symbol.asyncDispose]() {
      await (closing ??= close(false, 0));
      await kept.disposeAsync();
    },
  };
}

/** With the default profile of AppArmor, where there is AppArmor and the profile can be loaded. */
async function withProfile(host: ReturnType<typeof observeAbilities>, log: Log): Promise<HostAbilities> {
  if (!host.apparmor) return host;
  try {
    await loadProfile(DEFAULT_APPARMOR_PROFILE);
    return host;
  } catch (error) {
    log.warn(`containers run without a profile of AppArmor, which this host has: ${messageOf(error)}`);
    return { ...host, noDefaultProfile: true };
  }
}
