// Whether a container is started again after its end, and with the daemon. Pure.
import type { RestartPolicy } from '../../spec/docker/index.ts';
import type { ContainerStateRecord } from './state.ts';

export interface ExitFacts {
  readonly exitCode: number;
  readonly policy: RestartPolicy;
  readonly restartCount: number;
  readonly stoppedByUser: boolean;
  readonly daemonStopping: boolean;
  /** How long the process ran, milliseconds. */
  readonly ranMs: number;
  /** The delay before the last restart, milliseconds; 0 for none. */
  readonly lastDelayMs: number;
}

export type AfterExit =
  | { readonly restart: false; readonly why: string }
  | { readonly restart: true; readonly delayMs: number; readonly why: string };

const FIRST_DELAY_MS = 100;
const MAX_DELAY_MS = 60_000;
const STABLE_MS = 10_000;

/** Whether the container is started again, and after which pause: 100 ms, doubled each time, from the beginning after 10 s of running. */
export function afterExit(facts: ExitFacts): AfterExit {
  const { policy } = facts;
  if (facts.daemonStopping) return { restart: false, why: 'the daemon is stopping' };
  if (facts.stoppedByUser) return { restart: false, why: 'it was stopped by a user' };
  if (policy.Name === '' || policy.Name === 'no') return { restart: false, why: 'no restart policy' };
  if (policy.Name === 'on-failure') {
    if (facts.exitCode === 0) return { restart: false, why: 'it succeeded' };
    if (policy.MaximumRetryCount > 0 && facts.restartCount >= policy.MaximumRetryCount)
      return { restart: false, why: `it failed ${policy.MaximumRetryCount} times` };
  }
  const stable = facts.ranMs >= STABLE_MS || facts.lastDelayMs === 0;
  return {
    restart: true,
    delayMs: stable ? FIRST_DELAY_MS : Math.min(facts.lastDelayMs * 2, MAX_DELAY_MS),
    why: `restart policy ${policy.Name}`,
  };
}

/** Whether a container that was running, or wanted to, is started when the daemon starts. */
export function startsWithDaemon(policy: RestartPolicy, state: ContainerStateRecord, wasActive: boolean): boolean {
  if (policy.Name === 'always') return true;
  if (policy.Name === 'unless-stopped') return !state.stoppedByUser;
  return policy.Name === 'on-failure' && wasActive && state.exitCode !== 0;
}
