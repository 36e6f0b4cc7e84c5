// Carries an event out: the state changes, is written, and everything that follows from it is done in order.
import { nowNanos } from '../../base/clock.ts';
import { messageOf } from '../../base/errors.ts';
import type { Container } from './container.ts';
import { type EngineContext, emit } from './context.ts';
import { type Effect, type LifecycleEvent, transition } from '../lifecycle/index.ts';

/** What the life of a container sets going beside its record; given by the verbs that know how. */
export interface LifecycleEffects {
  release(context: EngineContext, container: Container): Promise<void>;
  autoRemove(context: EngineContext, container: Container): Promise<void>;
  scheduleRestart(context: EngineContext, container: Container, delayMs: number): void;
}

/**
 * The caller holds the container's lock, but for events that change no phase. What is written, emitted and notified
 * happens within this call, before its promise is looked at, up to the first effect that takes time.
 */
export async function dispatch(context: EngineContext, container: Container, event: LifecycleEvent): Promise<void> {
  const { state, effects } = transition(container.state, event, nowNanos());
  container.replaceState(state);
  for (const effect of effects) {
    if (effect.type === 'save' && HAPPENED.has(event.type)) saveIfPossible(context, container);
    else {
      const done = perform(context, container, effect);
      if (done) await done;
    }
  }
}

/** What cannot be refused any more; a disk that is full, by this container's log perhaps, must not keep it from being cleaned up. */
const HAPPENED: ReadonlySet<LifecycleEvent['type']> = new Set(['exited', 'removing', 'removalFailed']);

/** The next change writes all of the record. */
function saveIfPossible(context: EngineContext, container: Container): void {
  try {
    context.registry.save(container);
  } catch (error) {
    context.log.error(`the state of container ${container.id} is not written: ${messageOf(error)}`);
  }
}

function perform(context: EngineContext, container: Container, effect: Effect): Promise<void> | undefined {
  switch (effect.type) {
    case 'save':
      context.registry.save(container);
      return undefined;
    case 'emit':
      emit(context, container, effect.action, effect.attributes);
      if (effect.action === 'die') container.diedAt = performance.now();
      return undefined;
    case 'notify':
      if (effect.whom === 'exit') container.notifyExit();
      else container.notifyStopped();
      return undefined;
    case 'notifyRemovalFailed':
      container.notifyRemovalFailed(effect.message);
      return undefined;
    case 'log':
      context.log.debug(`container ${container.id} ${effect.text}`);
      return undefined;
    case 'release':
      return context.lifecycle.release(context, container);
    case 'autoRemove':
      return context.lifecycle.autoRemove(context, container);
    case 'scheduleRestart':
      container.lastRestartDelayMs = effect.delayMs;
      context.lifecycle.scheduleRestart(context, container, effect.delayMs);
      return undefined;
  }
}
