// Signals to a container's first process, and the wait for its end.
import { setTimeout as delay } from 'node:timers/promises';
import { BerthError, conflict, internal, invalid } from '../../base/errors.ts';
import type { Container } from '../container/container.ts';
import { cgroupPath, type EngineContext, emit } from '../container/context.ts';
import { parseSignal } from '../create/index.ts';
import { dispatch } from '../container/dispatch.ts';
import { hasProcess, isActive } from '../lifecycle/index.ts';

const SIGKILL = 9;
const SIGCONT_WAIT_MS = 10_000;

export async function kill(context: EngineContext, reference: string, signalText: string): Promise<void> {
  const { container, signal } = explained(reference, () => ({
    container: context.registry.get(reference),
    signal: signalText === '' ? SIGKILL : parseSignal(signalText),
  }));
  if (!hasProcess(container.state.phase) && container.state.phase !== 'restarting')
    throw conflict(`cannot kill container: ${reference}: container ${container.id} is not running`);
  if (endsRestarts(container, signal)) container.stopRequested = true;
  await dispatch(context, container, { type: 'stoppedByUser' });
  if (container.state.phase === 'restarting') {
    if (container.stopRequested) await cancelRestart(context, container);
    return;
  }
  if (signal === SIGKILL) {
    using stop = nextStop(container);
    deliver(context, container, signal);
    emit(context, container, 'kill', { signal: String(signal) });
    if (container.state.phase === 'paused') await thaw(context, container);
    await within(stop.ended, SIGCONT_WAIT_MS);
  } else {
    await ready(context, container, signal);
    deliver(context, container, signal);
    emit(context, container, 'kill', { signal: String(signal) });
  }
}

/** Whether the restart policy rests from here on: the stop signal that the configuration names, any when it names none. */
function endsRestarts({ record }: Container, signal: number): boolean {
  const { StopSignal } = record.config;
  return signal === SIGKILL || StopSignal === undefined || signal === parseSignal(StopSignal);
}

async function cancelRestart(context: EngineContext, container: Container): Promise<void> {
  clearTimeout(container.restartTimer);
  await dispatch(context, container, { type: 'restartCancelled' });
}

/** Every refusal of `kill` begins with what it is about. */
function explained<T>(reference: string, find: () => T): T {
  try {
    return find();
  } catch (error) {
    if (!(error instanceof BerthError)) throw error;
    throw new BerthError(error.kind, `cannot kill container: ${reference}: ${error.message}`, { cause: error });
  }
}

/** Signals the first process if it is still the one that was started. */
export function deliver(context: EngineContext, container: Container, signal: number): void {
  const { process } = container.state;
  if (!process || !context.runtime.alive(process, context.boot)) return;
  try {
    context.runtime.signal(process.pid, signal);
  } catch (error) {
    throw invalid(`cannot send signal ${signal} to container ${container.id}`, { cause: error });
  }
}

/** So long after its start a process may still be on the way to its handlers, milliseconds. */
const READY_MS = 100;

/** The kernel keeps from a first process what it has no handler for: one that was just started is waited for. */
async function ready({ runtime }: EngineContext, container: Container, signal: number): Promise<void> {
  if (signal === SIGKILL) return;
  const late = Date.parse(container.state.startedAt) + READY_MS;
  for (;;) {
    const { process } = container.state;
    if (!process || Date.now() >= late || runtime.catches(process.pid, signal)) return;
    await delay(2);
  }
}

async function thaw(context: EngineContext, container: Container): Promise<void> {
  await context.runtime.freeze(cgroupPath(context, container), false);
}

/** Ends the container with SIGKILL, and returns when its exit was handled. */
export async function killAndWait(context: EngineContext, container: Container): Promise<void> {
  if (!hasProcess(container.state.phase)) return;
  using stop = nextStop(container);
  deliver(context, container, SIGKILL);
  emit(context, container, 'kill', { signal: String(SIGKILL) });
  if (container.state.phase === 'paused') await thaw(context, container);
  if (await within(stop.ended, SIGCONT_WAIT_MS)) return;
  for (const pid of context.runtime.processes(cgroupPath(context, container))) context.runtime.signal(pid, SIGKILL);
  if (!(await within(stop.ended, SIGCONT_WAIT_MS)))
    throw internal(`tried to kill container, but did not receive an exit event`);
}

/**
 * Asks the process to end, waits `seconds` (negative: for ever), then kills it. The restart policy does not bring it back.
 */
export async function stopProcess(
  context: EngineContext,
  container: Container,
  signalText: string,
  seconds: number | undefined,
): Promise<void> {
  const { config } = container.record;
  const signal = parseSignal(signalText === '' ? (config.StopSignal ?? 'SIGTERM') : signalText);
  const grace = seconds ?? config.StopTimeout ?? 10;
  container.stopRequested = true;
  if (container.state.phase === 'restarting') {
    await cancelRestart(context, container);
    return;
  }
  using stopped = nextStop(container);
  if (grace !== 0) await ready(context, container, signal);
  deliver(context, container, signal);
  emit(context, container, 'kill', { signal: String(signal) });
  if (container.state.phase === 'paused') await thaw(context, container);
  if (await within(stopped.ended, grace < 0 ? undefined : grace * 1000)) return;
  await killAndWait(context, container);
  // an exit that was being handled when the time ran out is handled to its end
  await within(stopped.ended, SIGCONT_WAIT_MS);
}

/** The next time that the process ends; who no longer waits for it is forgotten. */
function nextStop(container: Container): { readonly ended: Promise<unknown> } & Disposable {
  const left = new AbortController();
  return {
    ended: container.nextStop(left.signal).catch(() => undefined),
    [Symbol.dispose]: () => left.abort(),
  };
}

export async function stop(
  context: EngineContext,
  reference: string,
  signalText: string,
  seconds: number | undefined,
): Promise<boolean> {
  const container = context.registry.get(reference);
  if (signalText !== '') parseSignal(signalText);
  if (!isActive(container.state.phase)) return false;
  let notified = false;
  const notify = (): void => {
    if (notified) return;
    notified = true;
    emit(context, container, 'stop');
  };
  // before an --rm container is gone: who follows events looks at it
  void container.nextExit().then(notify);
  await stopProcess(context, container, signalText, seconds);
  await dispatch(context, container, { type: 'stoppedByUser' });
  notify();
  return true;
}

/** False when the time ran out first. */
async function within(ended: Promise<unknown>, milliseconds: number | undefined): Promise<boolean> {
  if (milliseconds === undefined) {
    await ended;
    return true;
  }
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<boolean>((resolve) => {
    timer = setTimeout(() => resolve(false), milliseconds);
  });
  try {
    return await Promise.race([ended.then(() => true), late]);
  } finally {
    clearTimeout(timer);
  }
}
