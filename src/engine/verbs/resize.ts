// Tells a container's terminal its size.
import { conflict, invalid } from '../../base/errors.ts';
import { resizeTerminal } from '../../runtime/index.ts';
import type { EngineContext } from '../context.ts';
import { hasProcess } from '../lifecycle.ts';
import { emit } from '../context.ts';

const LARGEST = 65_535;

/** The kernel keeps sizes in 16 bits; anything else is refused, as is a container without a process. */
export function resize(context: EngineContext, reference: string, height: number, width: number): void {
  const container = context.registry.get(reference);
  checkSize(height, width);
  if (!hasProcess(container.state.phase)) throw conflict(`container ${container.id} is not running`);
  resizeTerminal(context.runtime.paths.bundle(container.id), height, width);
  emit(context, container, 'resize', { height: String(height), width: String(width) });
}

export function checkSize(height: number, width: number): void {
  for (const [name, value] of [
    ['h', height],
    ['w', width],
  ] as const) {
    if (!Number.isInteger(value) || value < 0 || value > LARGEST)
      throw invalid(`invalid resize ${name === 'h' ? 'height' : 'width'} "${value}": value out of range`);
  }
}
