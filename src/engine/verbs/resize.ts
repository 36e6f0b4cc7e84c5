// Tells a container's terminal its size.
import { conflict } from '../../base/errors.ts';
import { type EngineContext, emit } from '../container/context.ts';
import { hasProcess } from '../lifecycle/index.ts';

/** Throws conflict for a container without a process. */
export function resize(context: EngineContext, reference: string, height: number, width: number): void {
  const container = context.registry.get(reference);
  if (!hasProcess(container.state.phase)) throw conflict(`container ${container.id} is not running`);
  context.runtime.resize(container.id, height, width);
  emit(context, container, 'resize', { height: String(height), width: String(width) });
}
