// What follows when a container's process has ended: clean up, remember, tell, and start again or remove where that was asked for.
import { setTimeout as delay } from 'node:timers/promises';
import { messageOf } from '../../base/errors.ts';
import type { Container } from '../container/container.ts';
import type { EngineContext } from '../container/context.ts';
import { forgetCreatedExecs } from '../container/exec-records.ts';
import { stopHealth } from '../container/health.ts';
import { dispatch } from '../container/dispatch.ts';
import { hasProcess } from '../lifecycle/index.ts';
import { noteOutOfMemory } from '../container/out-of-memory.ts';
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
  const { hostConfig } = container.record;
  await outputDelivered(container);
  stopHealth(container);
  forgetCreatedExecs(context.execs, container.execs);
  await container.logRotation?.finish();
  noteOutOfMemory(context, container);
  container.oomStop?.();
  container.oomStop = undefined;
  await dispatch(context, container, {
    type: 'exited',
    exitCode: code,
    policy: hostConfig.RestartPolicy,
    stopRequested: container.stopRequested,
    daemonStopping: context.stopping || !mayRestart,
    lastDelayMs: container.lastRestartDelayMs,
    autoRemove: hostConfig.AutoRemove,
  });
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
