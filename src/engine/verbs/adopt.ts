// At the daemon's start: takes back what runs, settles what ended meanwhile, and finishes or takes back what was half done.
import { existsSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { messageOf } from '../../base/errors.ts';
import type { Container } from '../container/container.ts';
import type { EngineContext } from '../container/context.ts';
import { startHealth } from '../container/health.ts';
import { dispatch } from '../container/dispatch.ts';
import { hasProcess, startsWithDaemon } from '../lifecycle/index.ts';
import { startRotation } from '../container/log-bounds.ts';
import { watchOutOfMemory } from '../container/out-of-memory.ts';
import { restoreNetworks } from '../prepare/networks.ts';
import { emptyTrash, makeInitLayer, unmountLeftovers } from '../prepare/rootfs.ts';
import { settle } from './exited.ts';
import { discardHalf, remove } from './remove.ts';
import { startLocked } from './start.ts';

/** Exit code of a process whose monitor died with it: nobody knows. */
export const UNKNOWN_EXIT = 255;

/** `exitOf` reads a container's exit file. Returns the containers to start once the daemon is ready. */
export async function adopt(context: EngineContext, exitOf: (id: string) => number | undefined): Promise<Container[]> {
  const toStart: Container[] = [];
  for (const container of context.registry.all()) {
    try {
      const before = container.state.phase;
      await adoptOne(context, container, exitOf);
      if (!context.registry.find(container.id)) continue;
      if (
        before !== 'created' &&
        container.state.phase === 'exited' &&
        startsWithDaemon(
          container.record.hostConfig.RestartPolicy,
          container.state,
          before === 'running' || before === 'restarting',
        )
      )
        toStart.push(container);
    } catch (error) {
      context.log.warn(`container ${container.id} could not be taken back: ${messageOf(error)}`);
    }
  }
  await sweep(context);
  await context.networks.settle();
  return toStart;
}

async function adoptOne(
  context: EngineContext,
  container: Container,
  exitOf: (id: string) => number | undefined,
): Promise<void> {
  const { state, record } = container;
  const exitCode = exitOf(container.id);
  const alive = context.runtime.alive(state.process, context.boot);
  switch (state.phase) {
    case 'created':
      // a create that was cut off before its directory was whole
      if (!existsSync(context.paths.of(container.id).merged))
        await remove(context, container, { force: true, volumes: true });
      return;
    case 'starting':
      await takeBackStart(context, container);
      return;
    case 'removing':
    case 'dead':
      await discardHalf(context, container);
      await remove(context, container, { force: true, volumes: true });
      return;
    case 'running':
    case 'paused':
      if (alive && exitCode === undefined) {
        for (const mount of record.mounts)
          if (mount.Type === 'volume') context.volumes.restore(mount.Name ?? '', container.id);
        restoreNetworks(context, container);
        watchOutOfMemory(context, container);
        startRotation(context, container);
        startHealth(context, container, true);
        return;
      }
      // the restart that settle() would plan is left to the list of containers to start
      await settle(context, container, exitCode ?? UNKNOWN_EXIT, false);
      return;
    case 'restarting':
      await dispatch(context, container, { type: 'startAbandoned' });
      await discardHalf(context, container);
      return;
    case 'exited':
      await discardHalf(context, container);
      if (record.hostConfig.AutoRemove) await remove(context, container, { force: true, volumes: true });
      return;
  }
}

/** The daemon died between "I start it" and "it runs": the process, if there is one, has not been let go or is not known to run. */
async function takeBackStart(context: EngineContext, container: Container): Promise<void> {
  const { state } = container;
  for (const identity of [state.process, state.monitor]) {
    if (identity && context.runtime.alive(identity, context.boot)) context.runtime.signal(identity.pid, 9);
  }
  await discardHalf(context, container);
  await dispatch(context, container, { type: 'startAbandoned' });
  if (container.record.hostConfig.AutoRemove) await remove(context, container, { force: true, volumes: true });
}

/** Processes, directories, control groups and mounts of containers that no record knows: steps of builds among them. */
async function sweep(context: EngineContext): Promise<void> {
  emptyTrash(context);
  makeInitLayer(context);
  const known = (id: string): boolean => context.registry.isRecorded(id);
  await context.runtime.sweep(context.cgroupParent, known);
  for (const id of readdirSync(context.paths.root).filter((name) => /^[0-9a-f]{64}$/.test(name) && !known(name))) {
    context.log.info(`removing what is left of container ${id}`);
    unmountLeftovers(context, id);
    rmSync(join(context.paths.root, id), { recursive: true, force: true });
  }
}

/** Containers whose restart policy brings them back with the daemon. */
export async function startAdopted(context: EngineContext, containers: readonly Container[]): Promise<void> {
  for (const container of containers) {
    await context.locks
      .run(container.id, async () => {
        if (!hasProcess(container.state.phase)) await startLocked(context, container);
      })
      .catch((error: unknown) =>
        context.log.warn(`container ${container.id} could not be started: ${messageOf(error)}`),
      );
  }
}
