// Starts a container: root file system, files, namespaces, process; then lets it go. Whatever fails takes back what was done.
import { Undo } from '../../base/disposal.ts';
import { BerthError, conflict, internal, invalid, messageOf, notModified } from '../../base/errors.ts';
import { exitCodeOf, LaunchError, refusalWords } from '../../runtime/index.ts';
import { specFor } from '../../runtime/spec/index.ts';
import type { Container } from '../container/container.ts';
import { cgroupPath, type EngineContext } from '../container/context.ts';
import { logAttributes } from '../container/log-attributes.ts';
import { checkLogValues } from '../create/log-options.ts';
import { startHealth } from '../container/health.ts';
import { dispatch } from '../container/dispatch.ts';
import { logBounds, monitorBound, startRotation } from '../container/log-bounds.ts';
import { moveLinks } from '../container/hosts.ts';
import { watchOutOfMemory } from '../container/out-of-memory.ts';
import { logSubject } from '../container/record.ts';
import { specInput } from '../prepare/input.ts';
import { reserveNetworks } from '../prepare/networks.ts';
import { mountRootfs, unmountRootfs } from '../prepare/rootfs.ts';
import { consoleOf, runtimeOf } from '../container/running.ts';

export function start(context: EngineContext, reference: string): Promise<void> {
  const container = context.registry.get(reference);
  return context.locks.run(container.id, async () => {
    checkStartable(container);
    await beginAnew(context, container);
    await startLocked(context, container);
  });
}

/** A person starts it: its restart policy has all its tries again, without a pause before the first. */
export async function beginAnew(context: EngineContext, container: Container): Promise<void> {
  container.stopRequested = false;
  container.lastRestartDelayMs = 0;
  await dispatch(context, container, { type: 'startRequested' });
}

function checkStartable({ state }: Container): void {
  if (state.phase === 'running' || state.phase === 'restarting') throw notModified('');
  if (state.phase === 'paused') throw conflict('cannot start a paused container, try unpause instead');
  if (state.phase === 'removing' || state.phase === 'dead')
    throw conflict('container is marked for removal and cannot be started');
}

/** The caller holds the container's lock. A failure is remembered in its state, and an `--rm` container is removed. */
export async function startLocked(context: EngineContext, container: Container): Promise<void> {
  clearTimeout(container.restartTimer);
  await dispatch(context, container, { type: 'starting' });
  try {
    await launchProcess(context, container);
  } catch (error) {
    const failure = startFailure(error, container);
    for (const attachment of container.waitingAttachments) attachment.end();
    container.waitingAttachments.clear();
    await dispatch(context, container, {
      type: 'startFailed',
      message: failure.message,
      exitCode: failure.exitCode,
      autoRemove: container.record.hostConfig.AutoRemove,
    });
    throw failure.error;
  }
}

async function launchProcess(context: EngineContext, container: Container): Promise<void> {
  const { record } = container;
  if (!context.runtime.isClean(container.id))
    throw conflict('processes of its last run have not ended yet: the kernel does not let them go');
  checkLogValues(record.hostConfig.LogConfig, () => logAttributes(logSubject(record)));
  const runtime = runtimeOf(context, record.hostConfig.Runtime);
  record.runtime = runtime.name;
  await using undo = new Undo(context.log);
  undo.add('runtime state', () => context.runtime.clean(container.id, cgroupPath(context, container), runtime));
  undo.add('root file system', () => unmountRootfs(context, container));
  mountRootfs(context, container);
  await reserveNetworks(context, container, undo);
  const input = await specInput(context, container, undo);
  const { spec, warnings } = specFor(input);
  for (const warning of warnings) context.log.warn(`container ${container.id}: ${warning}`);
  const { config } = record;
  if (input.mounts.some((mount) => mount.type === 'bind')) runtime.beforeBinds?.();
  container.console = undefined;
  // the monitor and the runtime are at work from here on; the interfaces are made beside them
  const making = context.runtime.create({
    id: container.id,
    name: record.name,
    spec,
    runtime,
    logFile: record.hostConfig.LogConfig.Type === 'none' ? undefined : context.paths.of(container.id).log,
    logMaxBytes: monitorBound(logBounds(record.hostConfig.LogConfig)),
    stdin: config.OpenStdin,
    keepStdin: keepsStdin(config),
  });
  const made = await both(making, context.networks.attach(container.id));
  const process = context.runtime.identity(made.pid, context.boot);
  const monitor = context.runtime.identity(made.monitorPid, context.boot);
  await dispatch(context, container, { type: 'launched', process, monitor });
  context.networks.processStarted(container.id, made.pid);
  connectWaiting(context, container);
  await context.runtime.release(container.id, runtime, () => context.runtime.alive(process, context.boot));
  await dispatch(context, container, { type: 'running' });
  undo.keep();
  moveLinks(context, container);
  watchOutOfMemory(context, container);
  startRotation(context, container);
  startHealth(context, container);
}

/** What the first gives, when both are done; neither is left at work when the other fails. */
async function both<T>(first: Promise<T>, second: Promise<void>): Promise<T> {
  const [one, other] = await Promise.allSettled([first, second]);
  if (one.status === 'rejected') throw one.reason;
  if (other.status === 'rejected') throw other.reason;
  return one.value;
}

/**
 * Only the input of a plain `run -i` must end with its client; for everything else the monitor keeps it open, so that the
 * death of the daemon is not the end of the container's input.
 */
function keepsStdin(config: { readonly StdinOnce: boolean; readonly Tty: boolean }): boolean {
  return !config.StdinOnce || config.Tty;
}

/** Ties everyone who attached before the start to the process, before it runs its first instruction. */
function connectWaiting(context: EngineContext, container: Container): void {
  const { config } = container.record;
  if (container.waitingAttachments.size === 0 && !(config.OpenStdin && !keepsStdin(config))) return;
  const console = consoleOf(context, container);
  for (const attachment of container.waitingAttachments) attachment.connect(console);
  container.waitingAttachments.clear();
}

/** Docker's status, wording and exit code for a start that failed. */
function startFailure(error: unknown, { record }: Container): { error: BerthError; message: string; exitCode: number } {
  if (error instanceof BerthError) return { error, message: error.message, exitCode: 128 };
  if (!(error instanceof LaunchError)) {
    const wrapped = internal(messageOf(error), { cause: error });
    return { error: wrapped, message: wrapped.message, exitCode: 128 };
  }
  const words = refusalWords({ runtime: record.runtime, verb: 'create', program: record.path, text: error.message });
  const hint = /not a directory/i.test(words)
    ? ': Are you trying to mount a directory onto a file (or vice-versa)? Check if the specified host path exists and is the expected type'
    : '';
  const message = `failed to create task for container: failed to create shim task: OCI runtime create failed: ${words}: unknown${hint}`;
  const exitCode = exitCodeOf(words);
  return { error: exitCode === 128 ? internal(message) : invalid(message), message, exitCode };
}
