// Waits for a container to stop, to stop the next time, or to be removed.
import { invalid } from '../../base/errors.ts';
import type { Ended } from '../container/container.ts';
import type { EngineContext } from '../container/context.ts';
import { isActive } from '../lifecycle/index.ts';

/** Returns at once with a promise, so that the caller can answer its headers before the container ends. */
export function wait(
  context: EngineContext,
  reference: string,
  condition: string,
  signal: AbortSignal,
): { ended: Promise<Ended> } {
  if (!['', 'not-running', 'next-exit', 'removed'].includes(condition))
    throw invalid(`invalid condition: "${condition}"`);
  const container = context.registry.get(reference);
  switch (condition) {
    case 'next-exit':
      return { ended: container.nextStop(signal) };
    case 'removed':
      return { ended: container.removed(signal) };
    default:
      if (!isActive(container.state.phase)) return { ended: Promise.resolve({ exitCode: container.state.exitCode }) };
      return { ended: container.nextStop(signal) };
  }
}
