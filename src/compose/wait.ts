// Waiting for containers: until they run, are healthy, or have ended well.
import { BerthError } from '../base/errors.ts';
import type { Client } from '../client/index.ts';
import type { ContainerInspect } from '../spec/docker/container.ts';

export type Standing =
  | { readonly kind: 'ready'; readonly text: 'Healthy' | 'Exited' }
  | { readonly kind: 'wait' }
  | { readonly kind: 'failed'; readonly message: string; readonly exitCode?: number };

/** Whether a container meets a condition. Pure. */
export function standingOf({ Name, State: state }: ContainerInspect, condition: string): Standing {
  const name = Name.slice(1);
  const hasEnded = state.Status === 'exited' || state.Status === 'dead';
  if (condition === 'service_completed_successfully') {
    if (!hasEnded) return { kind: 'wait' };
    if (state.ExitCode === 0) return { kind: 'ready', text: 'Exited' };
    return { kind: 'failed', message: `exit ${state.ExitCode}`, exitCode: state.ExitCode };
  }
  if (hasEnded)
    return { kind: 'failed', message: `container ${name} exited (${state.ExitCode})`, exitCode: state.ExitCode };
  const health = state.Health?.Status;
  if (health === undefined || health === 'none') {
    if (condition === 'service_healthy')
      return { kind: 'failed', message: `container ${name} has no healthcheck configured` };
    return state.Status === 'running' ? { kind: 'ready', text: 'Healthy' } : { kind: 'wait' };
  }
  if (health === 'healthy') return { kind: 'ready', text: 'Healthy' };
  if (health === 'unhealthy') return { kind: 'failed', message: `container ${name} is unhealthy` };
  return { kind: 'wait' };
}

/** How long a container without a check has to run before it counts as one that goes on. */
const STEADY_MS = 500;

/** Whether it has only just started, so that nobody knows yet whether it goes on. Pure. */
function isFresh({ State: state }: ContainerInspect, now: number): boolean {
  return state.Health === undefined && state.Status === 'running' && now - Date.parse(state.StartedAt) < STEADY_MS;
}

/**
 * Looks often at first, then less; `isSteady` passes over one that runs and has only just begun to, for as long as that may be by
 * this clock: the daemon's may be ahead. Throws `cancelled` when the signal comes.
 */
export async function waitFor(
  client: Client,
  id: string,
  condition: string,
  signal?: AbortSignal,
  isSteady = false,
): Promise<Exclude<Standing, { kind: 'wait' }>> {
  const begun = Date.now();
  for (let pause = 50; ; pause = Math.min(pause * 1.5, 500)) {
    const seen = await client.call('ContainerInspect', { params: { id } });
    const standing = standingOf(seen, condition);
    const now = Date.now();
    const isEarly = isSteady && standing.kind === 'ready' && now - begun < STEADY_MS && isFresh(seen, now);
    if (standing.kind !== 'wait' && !isEarly) return standing;
    await sleep(pause, signal);
  }
}

export function sleep(ms: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const cancel = (): void => {
      clearTimeout(timer);
      reject(new BerthError('cancelled', 'context canceled'));
    };
    if (signal?.aborted === true) {
      reject(new BerthError('cancelled', 'context canceled'));
      return;
    }
    const timer = setTimeout(() => {
      signal?.removeEventListener('abort', cancel);
      resolve();
    }, ms);
    signal?.addEventListener('abort', cancel, { once: true });
  });
}
