// What follows when a container's process has ended: clean up, remember, tell, and start again or remove where that was asked for.
import { setTimeout as delay } from 'node:timers/promises';
import { nowNanos, parseRfc3339, rfc3339 } from '../../base/clock.ts';
import { messageOf } from '../../base/errors.ts';
import type { Container } from '../container.ts';
import { type EngineContext, emit, save } from '../context.ts';
import { forgetCreatedExecs } from '../exec-records.ts';
import { stopHealth } from '../health.ts';
import { afterExit, hasProcess } from '../lifecycle.ts';
import { noteOutOfMemory } from '../out-of-memory.ts';
import { releaseResources } from '../prepare/release.ts';
import { autoRemove } from './remove.ts';
import { startLocked } from './start.ts';

/** Called for each exit file, also for one that is seen twice: only the first counts. */
export function exited(context: EngineContext, id: string, code: number): Promise<void> {
  const container = context.registry.find(id);
  if (!container) return Promise.resolve();
  return context.locks.run(id, async () => {
    if (!hasProcess(container.state.phase) || container.state.process === undefined) return;
    await settle(context, container, code, true);
  });
}

/** The caller holds the lock, and the process is gone. Without `mayRestart` the restart policy rests. */
export async function settle(
  context: EngineContext,
  container: Container,
  code: number,
  mayRestart: boolean,
): Promise<void> {
  const { state, record } = container;
  await outputDelivered(container);
  stopHealth(container);
  forgetCreatedExecs(context.execs, container.execs);
  await container.logRotation?.finish();
  noteOutOfMemory(context, container);
  container.oomStop?.();
  container.oomStop = undefined;
  state.exitCode = code;
  state.finishedAt = rfc3339();
  state.phase = 'exited';
  delete state.process;
  delete state.monitor;
  const ranMs = Number((nowNanos() - (parseRfc3339(state.startedAt) ?? nowNanos())) / 1_000_000n);
  const next = afterExit({
    exitCode: code,
    policy: record.hostConfig.RestartPolicy,
    restartCount: state.restartCount,
    stoppedByUser:
      container.stopRequested || (record.hostConfig.RestartPolicy.Name === 'unless-stopped' && state.stoppedByUser),
    daemonStopping: context.stopping || !mayRestart,
    ranMs,
    lastDelayMs: container.lastRestartDelayMs,
  });
  if (next.restart) {
    state.phase = 'restarting';
    state.restartCount += 1;
  }
  // first of all: the exit file and the control group, which tell the same, go with the resources
  save(context, container);
  container.tellExit();
  emit(context, container, 'die', {
    exitCode: String(code),
    execDuration: String(Math.max(0, Math.floor(ranMs / 1000))),
  });
  container.diedAt = performance.now();
  await releaseResources(context, container);
  context.log.debug(`container ${container.id} ended with ${code}: ${next.why}`);
  if (record.hostConfig.AutoRemove && !next.restart) {
    await autoRemove(context, container);
    // those who wait for the end alone, when it stayed
    container.tellStopped();
    return;
  }
  if (next.restart) {
    container.lastRestartDelayMs = next.delayMs;
    scheduleRestart(context, container, next.delayMs);
  }
  container.tellStopped();
}

/** Clients that are attached have got everything before those that wait hear of the end; at most so long, milliseconds. */
const DELIVERY_MS = 1000;

async function outputDelivered({ console }: Container): Promise<void> {
  if (console) await Promise.race([console.ended, delay(DELIVERY_MS, undefined, { ref: false })]);
}

export function scheduleRestart(context: EngineContext, container: Container, delayMs: number): void {
  container.restartTimer = setTimeout(() => {
    void context.locks.run(container.id, async () => {
      if (container.state.phase !== 'restarting' || context.stopping) return;
      try {
        await startLocked(context, container);
      } catch (error) {
        context.log.warn(`container ${container.id}: restart failed: ${messageOf(error)}`);
      }
    });
  }, delayMs);
}
