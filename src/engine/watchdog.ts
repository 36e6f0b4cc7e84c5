// Looks now and then for what no event told: an exit that inotify lost, or a process that is gone together with its monitor.
import type { Exits } from '../runtime/index.ts';
import type { EngineContext } from './container/context.ts';
import { hasProcess } from './lifecycle/index.ts';
import { UNKNOWN_EXIT } from './verbs/adopt.ts';
import { exited } from './verbs/exited.ts';

/** Milliseconds between two looks; a monitor has that long to write the exit code of a process that is gone. */
const EVERY_MS = 3000;

export function startWatchdog(context: EngineContext, exits: Exits): Disposable {
  /** Gone at the last look, without an exit code. */
  let suspects = new Set<string>();
  const look = (): void => {
    const now = new Set<string>();
    for (const { id, state } of context.registry.all()) {
      if (!hasProcess(state.phase) || context.runtime.alive(state.process, context.boot)) continue;
      const code = exits.read(id);
      if (code === undefined && !suspects.has(id)) now.add(id);
      else void exited(context, id, code ?? UNKNOWN_EXIT);
    }
    suspects = now;
  };
  const timer = setInterval(look, EVERY_MS);
  timer.unref();
  return { [Symbol.dispose]: () => clearInterval(timer) };
}
