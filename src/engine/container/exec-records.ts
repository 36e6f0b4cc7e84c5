// How long execs are remembered: those that have ended for some minutes, and of those that were never started only so many.
import type { Exec } from './exec.ts';

/** A client may ask for the exit code so long after the end, milliseconds; dockerd collects them at this interval. */
export const ENDED_MS = 300_000;
/** Execs of one container that were created and not started. The oldest makes room for a new one. */
export const MAX_CREATED = 256;

type Execs = Map<string, Exec>;

/** `all` are the daemon's, `own` those of the exec's container that have not ended. */
export function rememberExec(all: Execs, own: Execs, exec: Exec): void {
  if (own.size >= MAX_CREATED) {
    const waiting = [...own.values()].filter(({ phase }) => phase === 'created');
    for (const oldest of waiting.slice(0, waiting.length - MAX_CREATED + 1)) {
      own.delete(oldest.id);
      all.delete(oldest.id);
    }
  }
  all.set(exec.id, exec);
  own.set(exec.id, exec);
}

export function forgetEndedExec(all: Execs, own: Execs, exec: Exec): void {
  own.delete(exec.id);
  setTimeout(() => all.delete(exec.id), ENDED_MS).unref();
}

/** With the container's process go those that were to run beside it and never did; a client that starts one finds none. */
export function forgetCreatedExecs(all: Execs, own: Execs): void {
  for (const exec of own.values()) {
    if (exec.phase !== 'created') continue;
    own.delete(exec.id);
    all.delete(exec.id);
  }
}
