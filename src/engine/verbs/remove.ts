// Removes a container: its record first marked, so that a crash in the middle is finished at the next start.
import { setTimeout as delay } from 'node:timers/promises';
import { conflict, messageOf } from '../../base/errors.ts';
import type { Container } from '../container/container.ts';
import { type EngineContext, emit } from '../container/context.ts';
import { dispatch } from '../container/dispatch.ts';
import { hasProcess } from '../lifecycle/index.ts';
import { releaseResources } from '../prepare/release.ts';
import { removeLayer, unmountLeftovers, unmountOwn } from '../prepare/rootfs.ts';
import { killAndWait } from './kill.ts';

export interface RemoveOptions {
  readonly force: boolean;
  /** Anonymous volumes go too. */
  readonly volumes: boolean;
}

export async function removeByReference(
  context: EngineContext,
  reference: string,
  options: RemoveOptions,
): Promise<void> {
  const container = context.registry.get(reference);
  if (container.state.phase === 'removing') throw conflict(`removal of container ${reference} is already in progress`);
  if (hasProcess(container.state.phase)) {
    if (!options.force) throw conflict(refusal(container));
    container.stopRequested = true;
    await killAndWait(context, container);
    // an --rm container goes by itself
    if (context.registry.find(container.id) === undefined) return;
  }
  const startedMeanwhile = await context.locks.run(container.id, async () => {
    if (context.registry.find(container.id) === undefined) return false;
    const { phase } = container.state;
    if ((hasProcess(phase) || phase === 'restarting') && !options.force) throw conflict(refusal(container));
    if (hasProcess(phase)) return true;
    await remove(context, container, options);
    return false;
  });
  if (startedMeanwhile) await removeByReference(context, container.id, options);
}

function refusal({ record }: Container): string {
  const { phase } = record.state;
  const why =
    phase === 'paused'
      ? 'paused and must be unpaused first'
      : `${phase}: stop the container before removing or force remove`;
  return `cannot remove container "${record.name}": container is ${why}`;
}

/** The caller holds the lock; there is no process. */
export async function remove(context: EngineContext, container: Container, options: RemoveOptions): Promise<void> {
  const { record } = container;
  clearTimeout(container.restartTimer);
  await dispatch(context, container, { type: 'removing' });
  for (const attachment of container.waitingAttachments) attachment.end();
  try {
    unmountOwn(context, container.id);
    removeLayer(context, container.id);
  } catch (error) {
    const failure = conflict(`unable to remove filesystem for ${container.id}: ${messageOf(error)}`, { cause: error });
    await dispatch(context, container, { type: 'removalFailed', message: failure.message });
    throw failure;
  }
  await untilFollowersLooked(context, container);
  context.registry.remove(container);
  for (const [id, exec] of context.execs) if (exec.containerId === container.id) context.execs.delete(id);
  for (const mount of record.mounts) {
    if (mount.Type !== 'volume') continue;
    if (!options.volumes || mount.anonymous !== true) continue;
    // the container is gone, whatever becomes of what it used
    await context.volumes
      .removeUnused(mount.Name ?? '')
      .catch((error: unknown) =>
        context.log.warn(`volume ${mount.Name ?? ''} of container ${container.id} stays: ${messageOf(error)}`),
      );
  }
  try {
    context.images.released();
  } catch (error) {
    context.log.warn(`images that container ${container.id} used: ${messageOf(error)}`);
  }
  emit(context, container, 'destroy');
  container.notifyRemoved();
}

/** Who follows events inspects what they name: so long after `die` a container is still there for them, milliseconds. */
const FOLLOWED_MS = 100;

async function untilFollowersLooked(context: EngineContext, { diedAt }: Container): Promise<void> {
  const left = diedAt + FOLLOWED_MS - performance.now();
  if (diedAt > 0 && left > 0 && context.followers() > 0) await delay(left);
}

/** For `--rm`: whoever waits hears of a failure, and whatever else is to happen goes on. */
export async function autoRemove(context: EngineContext, container: Container): Promise<void> {
  try {
    await remove(context, container, { force: true, volumes: true });
  } catch (error) {
    context.log.error(`container ${container.id} cannot be removed: ${messageOf(error)}`);
    container.notifyRemovalFailed(messageOf(error));
  }
}

/** What a dead daemon left of a container that was being started or removed. */
export async function discardHalf(context: EngineContext, container: Container): Promise<void> {
  await releaseResources(context, container);
  unmountLeftovers(context, container.id);
}
