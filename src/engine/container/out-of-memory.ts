// Processes of a container that the kernel killed for want of memory: told at once, also when its first process lives on.
import type { Container } from './container.ts';
import type { EngineContext } from './context.ts';
import { dispatch } from './dispatch.ts';

/** Most containers that do not live so long need no watch, which costs as much as two writes of a record. Milliseconds. */
const WATCH_AFTER_MS = 100;

/** From the start of its process, or from when it was taken back, to its end, where it is looked at once more. */
export function watchOutOfMemory(context: EngineContext, container: Container): void {
  container.oomStop?.();
  const timer = setTimeout(() => {
    container.oomStop = context.runtime.watchOutOfMemory(container.id, () => noteOutOfMemory(context, container));
    // what happened while nobody looked
    noteOutOfMemory(context, container);
  }, WATCH_AFTER_MS).unref();
  container.oomStop = () => clearTimeout(timer);
}

/** The kernel wakes the monitor more than once for one kill, milliseconds apart. */
const ONE_KILL_MS = 20;

/** The flag stays until the next start, as in dockerd. */
export function noteOutOfMemory(context: EngineContext, container: Container): void {
  if (!context.runtime.takeOutOfMemory(container.id)) return;
  const now = performance.now();
  const again = container.oomKilledAt > 0 && now - container.oomKilledAt < ONE_KILL_MS;
  container.oomKilledAt = now;
  if (again) return;
  void dispatch(context, container, { type: 'outOfMemory' });
}
