// The daemon's composition root: settings, sockets and signals around an opened daemon.
import type { Server } from 'node:http';
import { hostname } from 'node:os';
import { engineHandlers } from '../api/handlers/index.ts';
import { createApiServer } from '../api/server.ts';
import { messageOf } from '../base/errors.ts';
import { createLog, type LevelledLog, type Log } from '../base/log.ts';
import { withoutCredentials } from '../base/proxy.ts';
import { flagUsages } from '../cli/grammar/index.ts';
import { checkAddress, endpointsOf, hostCheck, listen, type Passed, tlsOptions } from '../daemon/listen.ts';
import { openDaemon } from '../daemon/open.ts';
import { daemonFlags, type DaemonOptions, daemonOptions } from '../daemon/options.ts';
import { readIfThere } from '../daemon/settings.ts';
import { boundAddress, notifyManager, passedDescriptors } from '../host/activation.ts';
import { fewFilesLeft, keepFromChildren, openFilesLimit, shareOfOpenFiles } from '../host/descriptors.ts';
import { whenQuiet } from '../host/memory.ts';
import { VERSION } from '../system/index.ts';

/** After so long without a request the daemon gives back what memory it can, milliseconds. */
const QUIET_MS = 3000;

/** Connections to an address over TCP, and at most a quarter of the open files that are allowed. */
const MAX_TCP_CONNECTIONS = 1024;

/** The same to a unix socket, and at most half of them: containers, pulls and name service need the rest. */
const MAX_LOCAL_CONNECTIONS = 65_536;
/** With fewer open files than this a daemon of some hundred containers has too few. */
const FEW_OPEN_FILES = 4096;

/** Runs the daemon until a signal ends it; the process's exit code is set. */
export async function main(argv: readonly string[]): Promise<void> {
  let log: LevelledLog | undefined;
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
    if (parsed.kind === 'version') {
      process.stdout.write(`Berth version ${VERSION}\n`);
      return;
    }
    log = createLog(parsed.options.logLevel);
    await run(argv, parsed.options, log);
  } catch (error) {
    if (log)
      log.error({ err: error instanceof Error ? error.stack : error }, `the daemon cannot run: ${messageOf(error)}`);
    else process.stderr.write(`${messageOf(error)}\n`);
    process.exit(1);
  }
}

async function run(argv: readonly string[], options: DaemonOptions, log: LevelledLog): Promise<void> {
  if (options.ignored.length > 0)
    log.warn(`settings of dockerd that have no effect here: ${options.ignored.join(', ')}`);
  setVariables(options.proxies, log);
  const addresses = endpointsOf(options.hosts, options.tls !== undefined, passedSockets());
  for (const address of addresses) {
    for (const risk of checkAddress(address, options)) log.warn(risk);
  }
  keepFromChildren();
  const openFiles = openFilesLimit();
  if (openFiles < FEW_OPEN_FILES)
    log.warn(
      `only ${openFiles} open files are allowed (LimitNOFILE, ulimit -n): clients and ports of containers get a share of few`,
    );
  await using daemon = await openDaemon(options, { log });
  const handlers = engineHandlers(daemon);
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
      isShort: () => fewFilesLeft(openFiles),
      maxConnections:
        address.kind === 'tcp' ? shareOfOpenFiles(4, MAX_TCP_CONNECTIONS) : shareOfOpenFiles(2, MAX_LOCAL_CONNECTIONS),
    });
    server.on('request', quiet.touch);
    await listen(server, address, options.group, log);
    servers.push(server);
  }
  // for managers, who ask about tasks that run here
  const inner = createApiServer({
    handlers,
    log,
    product: `Berth/${VERSION} (linux)`,
    maxConnections: shareOfOpenFiles(4, MAX_TCP_CONNECTIONS),
  });
  daemon.cluster.onTunnel = (connection) => {
    inner.emit('connection', connection);
    connection.resume();
  };
  let current = options;
  process.on('SIGHUP', () => {
    try {
      const parsed = daemonOptions(argv, readIfThere);
      if (parsed.kind !== 'options') return;
      daemon.reload(parsed.options);
      current = parsed.options;
      log.level = current.logLevel;
      log.info('SIGHUP received: the settings that can change while the daemon runs were read again');
    } catch (error) {
      log.error(`SIGHUP received, settings stay as they are: ${messageOf(error)}`);
    }
  });
  const ended = untilSignal(log);
  log.info(`Berth ${VERSION} is ready: runtime ${daemon.facts.defaultRuntime}, cgroup ${daemon.cgroups.layout}`);
  notify('READY=1', log);
  void daemon.startPolicies();
  daemon.cluster
    .start()
    .catch((error: unknown) =>
      log.error(`the cluster that this machine is in cannot be taken up: ${messageOf(error)}`),
    );
  await ended;
  notify('STOPPING=1', log);
  for (const server of servers) {
    server.close();
    server.closeIdleConnections();
  }
  await daemon.close({ stopContainers: !current.liveRestore, timeoutMs: current.shutdownTimeout * 1000 });
  for (const server of servers) server.closeAllConnections();
  log.info('the daemon has ended');
  // open streams of clients must not hold the process
  setImmediate(() => process.exit(0));
}

/** By descriptor, those that can be served; the variables that name them are for nobody else. */
function passedSockets(): Passed {
  const sockets = passedDescriptors(process.env, process.pid).flatMap((fd) => {
    const address = boundAddress(fd);
    return address ? [[fd, address] as const] : [];
  });
  for (const name of ['LISTEN_PID', 'LISTEN_FDS', 'LISTEN_FDNAMES']) delete process.env[name];
  return new Map(sockets);
}

/** Whoever started the daemon may wait for this. */
function notify(state: string, log: Log): void {
  try {
    notifyManager(state, process.env);
  } catch (error) {
    log.warn(`the service manager was not notified: ${messageOf(error)}`);
  }
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
  });
}
