// The daemon's composition root: settings, sockets and signals around an opened daemon.
import type { Server } from 'node:http';
import { hostname } from 'node:os';
import { engineHandlers } from '../api/handlers/index.ts';
import { createApiServer } from '../api/server.ts';
import { messageOf } from '../base/errors.ts';
import { createLog, type Log } from '../base/log.ts';
import { withoutCredentials } from '../base/proxy.ts';
import { flagUsages } from '../cli/grammar/index.ts';
import { checkAddress, hostCheck, listen, parseHost, tlsOptions } from '../daemon/listen.ts';
import { openDaemon } from '../daemon/open.ts';
import { daemonFlags, type DaemonOptions, daemonOptions } from '../daemon/options.ts';
import { readIfThere } from '../daemon/settings.ts';
import { keepFromChildren, shareOfOpenFiles } from '../host/descriptors.ts';
import { whenQuiet } from '../host/memory.ts';
import { VERSION } from '../system/index.ts';

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

async function run(options: DaemonOptions, log: Log): Promise<void> {
  setVariables(options.proxies, log);
  const addresses = options.hosts.map((host) => parseHost(host, options.tls !== undefined));
  for (const address of addresses) {
    for (const risk of checkAddress(address, options)) log.warn(risk);
  }
  keepFromChildren();
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
      ...(address.kind === 'tcp' ? { maxConnections: shareOfOpenFiles(4, MAX_TCP_CONNECTIONS) } : {}),
    });
    server.on('request', quiet.touch);
    await listen(server, address, options.group, log);
    servers.push(server);
  }
  const ended = untilSignal(log);
  log.info(`Berth ${VERSION} is ready: runtime ${daemon.facts.defaultRuntime}, cgroup ${daemon.cgroups.layout}`);
  void daemon.startPolicies();
  await ended;
  for (const server of servers) {
    server.close();
    server.closeIdleConnections();
  }
  await daemon.close({ stopContainers: !options.liveRestore, timeoutMs: options.shutdownTimeout * 1000 });
  for (const server of servers) server.closeAllConnections();
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
