// The daemon's composition root: settings, host, store, engine, API; and an orderly end.
import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import type { Server } from 'node:http';
import { hostname } from 'node:os';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { buildHandlers } from '../api/handlers/build.ts';
import { buildkitHandlers } from '../api/handlers/buildkit.ts';
import { builderHandlers } from '../api/handlers/builder.ts';
import { containerFileHandlers } from '../api/handlers/container-files.ts';
import { containerHandlers } from '../api/handlers/containers.ts';
import { execHandlers } from '../api/handlers/exec.ts';
import { imageHandlers } from '../api/handlers/images.ts';
import { networkHandlers } from '../api/handlers/networks.ts';
import { registryHandlers } from '../api/handlers/registry.ts';
import { systemHandlers } from '../api/handlers/system.ts';
import { volumeHandlers } from '../api/handlers/volumes.ts';
import { createApiServer } from '../api/server.ts';
import { API_VERSION, MIN_API_VERSION } from '../api/version.ts';
import { isErrno, messageOf, unavailable } from '../base/errors.ts';
import { createLog, type Log } from '../base/log.ts';
import { withoutCredentials } from '../base/proxy.ts';
import { flagUsages } from '../cli/grammar/index.ts';
import { openBuildCache } from '../builder/index.ts';
import { checkAddress, hostCheck, listen, parseHost, tlsOptions } from '../daemon/listen.ts';
import { secureExecRoot } from '../daemon/directories.ts';
import { lockRoot } from '../daemon/lock.ts';
import { observeRuntimes } from '../daemon/runtimes.ts';
import { daemonFlags, type DaemonOptions, daemonOptions } from '../daemon/options.ts';
import type { Kit } from '../builder/kit/index.ts';
import { type Engine, EventBus, openEngine } from '../engine/index.ts';
import { observeAbilities } from '../host/abilities.ts';
import { controllersOf, makeRoomForGroups, observeCgroups, removeEmptyGroup } from '../host/cgroup.ts';
import { keepFromChildren, shareOfOpenFiles } from '../host/descriptors.ts';
import { findProgram } from '../host/find.ts';
import { whenQuiet } from '../host/memory.ts';
import { bootId } from '../host/process.ts';
import { openImages } from '../images/index.ts';
import { Explainer, type NetworkRecord, Networks } from '../network/index.ts';
import { checkMirror, DEFAULT_SETTINGS, Registries, type RegistrySettings } from '../registry/client/index.ts';
import { execRoot, type OciRuntime, Runtime } from '../runtime/index.ts';
import { KNOWN_CAPABILITIES, parseSeccompProfile } from '../runtime/spec/index.ts';
import type { Store } from '../store/index.ts';
import { openRecords } from '../store/records/index.ts';
import { type SystemFacts, VERSION } from '../system/index.ts';
import { openVolumes, type VolumeRecord } from '../volumes/index.ts';
import { kitCache, kitPush, makeBuilder } from './adapters/builder.ts';

/** After so long without a request the daemon gives back what memory it can, milliseconds. */
const QUIET_MS = 3000;

/** Connections to an address over TCP, and at most a quarter of the open files that are allowed. */
const MAX_TCP_CONNECTIONS = 1024;

/** Runs the daemon until a signal ends it; the process's exit code is set. */
export async function main(argv: readonly string[]): Promise<void> {
  let log: Log | undefined;
  try {
    const parsed = daemonOptions(argv, readIfThere);
    if (parsed.kind === 'help') {
      process.stdout.write(
        `Usage:  berth daemon [OPTIONS]\n\nA self-sufficient runtime for containers.\n\nOptions:\n${flagUsages(daemonFlags, process.stdout.columns ?? 80)}\n`,
      );
      return;
    }
    if (parsed.kind === 'valid') {
      process.stdout.write('configuration OK\n');
      return;
    }
    log = createLog(parsed.options.logLevel);
    await run(parsed.options, log);
  } catch (error) {
    if (log)
      log.error({ err: error instanceof Error ? error.stack : error }, `the daemon cannot run: ${messageOf(error)}`);
    else process.stderr.write(`${messageOf(error)}\n`);
    process.exit(1);
  }
}

function readIfThere(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    if (isErrno(error, 'ENOENT')) return undefined;
    throw error;
  }
}

async function run(options: DaemonOptions, log: Log): Promise<void> {
  if (process.getuid?.() !== 0) throw unavailable('the daemon needs to be started with root privileges');
  setVariables(options.proxies, log);
  const dataRoot = resolve(options.dataRoot);
  const addresses = options.hosts.map((host) => parseHost(host, options.tls !== undefined));
  for (const address of addresses) {
    for (const risk of checkAddress(address, options)) log.warn(risk);
  }
  keepFromChildren();
  using _lock = lockRoot(dataRoot, options.pidfile);
  secureExecRoot(options.execRoot);
  const instance = createHash('sha256').update(dataRoot).digest('hex').slice(0, 8);
  const cgroupParent = options.cgroupParent === '' ? `berth/${instance}` : options.cgroupParent;
  const cgroups = observeCgroups();
  try {
    makeRoomForGroups(cgroups);
  } catch (error) {
    log.warn(`limits of containers may not hold: the control groups cannot be prepared: ${messageOf(error)}`);
  }
  const runtimes = await observeRuntimes({ options, dataRoot, cgroups, cgroupParent, log });
  using _view = runtimes.view;
  const conmon = findProgram(options.conmon);
  if (conmon === undefined)
    throw unavailable(`${options.conmon} is not installed; berth doctor says what else is missing`);
  const host = observeAbilities(KNOWN_CAPABILITIES);
  const controllers = controllersOf(cgroups);
  const warnings = hostWarnings(host.canRaiseLimits, controllers);
  for (const warning of warnings) log.warn(warning);

  using records = openRecords(join(dataRoot, 'berth.db'), log);
  const events = new EventBus();
  const sink = (event: {
    type: 'container' | 'image' | 'volume' | 'network' | 'daemon';
    action: string;
    id: string;
    attributes: Readonly<Record<string, string>>;
  }): void => events.emit(event.type, event.action, event.id, event.attributes);
  let engine: Engine | undefined;
  const registries = new Registries(registrySettings(options));
  let store: Store | undefined;
  const cache = openBuildCache(records, () => {
    if (!store) throw new Error('the store is not open yet');
    return store.layers;
  });
  const images = await openImages({
    root: dataRoot,
    keep: (opened) => {
      store = opened;
      return cache.chains();
    },
    log,
    registries,
    archiveForm: options.pushCompression,
    users: { usersOf: (image) => engine?.usersOf(image) ?? [] },
    events: sink,
  });
  const volumes = openVolumes({
    root: join(dataRoot, 'volumes'),
    log,
    records: records.table<VolumeRecord>('volumes'),
    users: { usersOf: (name) => engine?.volumeUsers(name) ?? [] },
    events: sink,
  });
  const networks = new Networks({
    instance,
    log,
    records: records.table<NetworkRecord>('networks'),
    containers: {
      nameOf: (id) => engine?.nameOf(id),
      givenOn: (network) => engine?.givenOn(network) ?? [],
    },
    settings: options.network,
    events: sink,
  });
  const initPath = options.initPath === '' ? findProgram('docker-init', 'tini-static', 'catatonit') : options.initPath;
  const runtime = new Runtime({ paths: execRoot(options.execRoot), cgroups, conmon, log });
  engine = openEngine({
    dataRoot,
    records,
    runtime,
    runtimes: runtimes.table,
    defaultRuntime: runtimes.chosen,
    images,
    imageNames: images,
    volumes,
    networks,
    events,
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
    cgroupParent,
    log,
  });
  // loaded when the first client of that protocol comes
  let kit: Promise<Kit> | undefined;
  const buildkit = (): Promise<Kit> =>
    (kit ??= import('../builder/kit/index.ts').then(
      (module) =>
        new module.Kit({
          trees: builder.trees,
          build: builder.build,
          check: builder.check,
          tarContext: (archive) => builder.tarContext(archive),
          past: (ref) => builder.history.past(ref),
          remoteContext: (url, buildArgs) => builder.remoteContext(url, buildArgs),
          hostGateway: () => networks.hostGateways()[0] ?? '',
          cache: kitCache(builder),
          push: kitPush(images),
          log,
          version: VERSION,
          daemonId: daemonId(dataRoot),
        }),
    ));

  const facts: SystemFacts = {
    id: daemonId(dataRoot),
    dataRoot,
    apiVersion: API_VERSION,
    minApiVersion: MIN_API_VERSION,
    abilities: host,
    runtimes: Object.fromEntries([...runtimes.table].map(([name, { path, version }]) => [name, { path, version }])),
    defaultRuntime: runtimes.chosen,
    conmonVersion: await conmonVersion(conmon),
    initPath,
    labels: options.labels,
    debug: options.logLevel === 'debug',
    warnings,
    controllers,
    insecureRegistries: options.insecureRegistries,
    addressPools: options.network.addressPools,
    mirrors: options.mirrors,
    logDriver: options.containers.logDriver,
    liveRestore: options.liveRestore,
    seccompProfile: options.containers.seccompProfile,
    noNewPrivileges: options.containers.noNewPrivileges,
  };
  const handlers = {
    ...systemHandlers({ engine, images, volumes, builder, facts }),
    ...containerHandlers(engine),
    ...containerFileHandlers(engine),
    ...execHandlers(engine),
    ...buildHandlers(builder, buildkit, engine),
    ...buildkitHandlers(buildkit),
    ...builderHandlers(builder),
    ...imageHandlers(images),
    ...registryHandlers(registries),
    ...volumeHandlers(volumes),
    ...networkHandlers(engine, networks, new Explainer(networks.view(), engine.parties)),
  };
  const quiet = whenQuiet(QUIET_MS);
  quiet.touch();
  const servers: Server[] = [];
  for (const address of addresses) {
    const allowedHosts = hostCheck(address, hostname());
    const server = createApiServer({
      handlers,
      log,
      product: `Berth/${VERSION} (linux)`,
      ...(address.kind === 'tcp' && options.tls ? { tls: tlsOptions(options.tls) } : {}),
      ...(allowedHosts ? { allowedHosts } : {}),
      ...(address.kind === 'tcp' ? { maxConnections: shareOfOpenFiles(4, MAX_TCP_CONNECTIONS) } : {}),
    });
    server.on('request', quiet.touch);
    await listen(server, address, options.group, log);
    servers.push(server);
  }
  const ended = untilSignal(log);
  log.info(`Berth ${VERSION} is ready: runtime ${runtimes.chosen}, cgroup ${cgroups.layout}`);
  void startPolicies();
  await ended;
  for (const server of servers) {
    server.close();
    server.closeIdleConnections();
  }
  const inTime = engine.close(!options.liveRestore);
  await Promise.race([inTime, new Promise((done) => setTimeout(done, options.shutdownTimeout * 1000).unref())]);
  await networks.close().catch((error: unknown) => log.warn(`networks: ${messageOf(error)}`));
  for (const server of servers) server.closeAllConnections();
  if (options.cgroupParent === '') removeEmptyGroup(cgroups, `/${cgroupParent}`);
  log.info('the daemon has ended');
  // open streams of clients must not hold the process
  setImmediate(() => process.exit(0));
}

/** Settings count more than the environment. */
function setVariables(variables: Readonly<Record<string, string>>, log: Log): void {
  for (const [name, value] of Object.entries(variables)) {
    const before = process.env[name] ?? '';
    if (before !== '' && before !== value)
      log.warn(
        { name, 'old-value': withoutCredentials(before), 'new-value': withoutCredentials(value) },
        'overriding existing proxy variable with value from configuration',
      );
    process.env[name] = value;
  }
}

/** Of a file its text; throws when it cannot be read or is no profile. */
function seccompText(profile: string): string {
  if (profile === 'builtin' || profile === 'unconfined') return profile;
  const text = readIfThere(profile);
  if (text === undefined) throw unavailable(`opening seccomp profile (${profile}) failed: no such file or directory`);
  parseSeccompProfile(text);
  return text;
}

function registrySettings(options: DaemonOptions): RegistrySettings {
  return {
    ...DEFAULT_SETTINGS,
    mirrors: Object.fromEntries(Object.entries(options.mirrors).map(([name, list]) => [name, list.map(checkMirror)])),
    insecure: options.insecureRegistries,
    certDirectories: options.registryCerts,
    maxDownloads: options.maxDownloads,
    maxUploads: options.maxUploads,
    attempts: options.maxDownloadAttempts,
  };
}

/** The first SIGTERM or SIGINT asks for an orderly end; the third of them ends at once. */
function untilSignal(log: Log): Promise<void> {
  return new Promise((done) => {
    let count = 0;
    const onSignal = (signal: NodeJS.Signals): void => {
      count += 1;
      log.info(`${signal} received`);
      if (count >= 3) process.exit(128);
      done();
    };
    process.on('SIGTERM', onSignal);
    process.on('SIGINT', onSignal);
    process.on('SIGHUP', () => log.info('SIGHUP received: settings are read at the start only'));
  });
}

function hostWarnings(canRaiseLimits: boolean, controllers: readonly string[]): string[] {
  return [
    ...(canRaiseLimits ? [] : ['WARNING: No CAP_SYS_RESOURCE: limits above those of the daemon are clamped']),
    ...(controllers.includes('memory') ? [] : ['WARNING: No memory limit support']),
    ...(controllers.includes('pids') ? [] : ['WARNING: No pids limit support']),
  ];
}

async function conmonVersion(conmon: string): Promise<string> {
  const { stdout } = await promisify(execFile)(conmon, ['--version']);
  return /version (\S+)/.exec(stdout)?.[1] ?? '';
}

/** A stable id of this daemon, a UUID as dockerd shows it. */
function daemonId(dataRoot: string): string {
  const hex = createHash('sha256')
    .update(`${dataRoot}\n${readIfThere('/etc/machine-id') ?? hostname()}`)
    .digest('hex');
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20, 32)].join('-');
}
