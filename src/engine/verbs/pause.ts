// Freezes every process of a container, and lets them go on.
import { conflict, internal, messageOf } from '../../base/errors.ts';
import type { Container } from '../container/container.ts';
import { cgroupPath, type EngineContext } from '../container/context.ts';
import { dispatch } from '../container/dispatch.ts';
import { hasProcess } from '../lifecycle/index.ts';

export function pause(context: EngineContext, reference: string): Promise<void> {
  const container = context.registry.get(reference);
  return context.locks.run(container.id, async () => {
    if (!hasProcess(container.state.phase)) throw conflict(`container ${container.id} is not running`);
    if (container.state.phase === 'paused') throw conflict(`Container ${container.id} is already paused`);
    await freeze(context, container, true);
  });
}

export function unpause(context: EngineContext, reference: string): Promise<void> {
  const container = context.registry.get(reference);
  return context.locks.run(container.id, async () => {
    if (container.state.phase !== 'paused') throw internal(`Container ${container.id} is not paused`);
    await freeze(context, container, false);
  });
}

async function freeze(context: EngineContext, container: Container, frozen: boolean): Promise<void> {
  try {
    await context.runtime.freeze(cgroupPath(context, container), frozen);
  } catch (error) {
    throw internal(`Cannot ${frozen ? 'pause' : 'unpause'} container ${container.id}: ${messageOf(error)}`, {
      cause: error,
    });
  }
  await dispatch(context, container, { type: frozen ? 'paused' : 'unpaused' });
}
