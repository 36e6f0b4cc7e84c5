// Stops a container if it runs, and starts it.
import { conflict, internal, messageOf } from '../../base/errors.ts';
import type { Container } from '../container/container.ts';
import { type EngineContext, emit } from '../container/context.ts';
import { isActive } from '../lifecycle/index.ts';
import { stopProcess } from './kill.ts';
import { beginAnew, startLocked } from './start.ts';

export async function restart(
  context: EngineContext,
  reference: string,
  signal: string,
  seconds: number | undefined,
): Promise<void> {
  const container = context.registry.get(reference);
  checkNotRemoved(container);
  const keep = container.record.hostConfig.AutoRemove;
  if (isActive(container.state.phase)) {
    // an --rm container must survive its own restart
    container.record.hostConfig.AutoRemove = false;
    try {
      await stopProcess(context, container, signal, seconds);
      emit(context, container, 'stop');
    } finally {
      container.record.hostConfig.AutoRemove = keep;
    }
  }
  await context.locks.run(container.id, async () => {
    // an --rm container may have ended by itself meanwhile
    checkNotRemoved(container);
    await beginAnew(context, container);
    if (isActive(container.state.phase)) return;
    try {
      await startLocked(context, container);
    } catch (error) {
      throw internal(`Cannot restart container ${reference}: ${messageOf(error)}`, { cause: error });
    }
  });
  emit(context, container, 'restart');
}

function checkNotRemoved({ state }: Container): void {
  if (state.phase === 'removing' || state.phase === 'dead')
    throw conflict('container is marked for removal and cannot be started');
}
