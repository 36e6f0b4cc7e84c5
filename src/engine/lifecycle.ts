// What a container may do in which state, and what follows from an exit: pure decisions.
import { ZERO_TIME } from '../base/clock.ts';
import type { ContainerState, ContainerStatus, RestartPolicy } from '../spec/docker/index.ts';
import type { ContainerStateRecord, Phase } from './record.ts';

export function freshState(): ContainerStateRecord {
  return {
    phase: 'created',
    exitCode: 0,
    oomKilled: false,
    error: '',
    startedAt: ZERO_TIME,
    finishedAt: ZERO_TIME,
    restartCount: 0,
    stoppedByUser: false,
  };
}

/** There is a process, or one is being made. */
export function isActive(phase: Phase): boolean {
  return phase === 'running' || phase === 'paused' || phase === 'starting' || phase === 'restarting';
}

export function hasProcess(phase: Phase): boolean {
  return phase === 'running' || phase === 'paused';
}

const STATUS: Record<Phase, ContainerStatus> = {
  created: 'created',
  starting: 'created',
  running: 'running',
  paused: 'paused',
  restarting: 'restarting',
  exited: 'exited',
  removing: 'removing',
  dead: 'dead',
};

/** A start that is under way is shown as what was before: between two tries of a policy nothing else was meant to be seen. */
function shownStatus({ phase, startedAt, restartCount }: ContainerStateRecord): ContainerStatus {
  if (phase !== 'starting' || startedAt === ZERO_TIME) return STATUS[phase];
  return restartCount > 0 ? 'restarting' : 'exited';
}

/** The state as the API shows it. */
export function shownState(state: ContainerStateRecord): ContainerState {
  const status = shownStatus(state);
  const running = hasProcess(state.phase) || status === 'restarting';
  return {
    Status: status,
    Running: running,
    Paused: state.phase === 'paused',
    Restarting: status === 'restarting',
    OOMKilled: state.oomKilled,
    Dead: state.phase === 'dead',
    Pid: hasProcess(state.phase) ? (state.process?.pid ?? 0) : 0,
    ExitCode: state.exitCode,
    Error: state.error,
    StartedAt: state.startedAt,
    FinishedAt: state.finishedAt,
    ...(state.health
      ? { Health: { Status: state.health.status, FailingStreak: state.health.failingStreak, Log: state.health.log } }
      : {}),
  };
}

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

/** "Up 3 minutes", "Exited (0) 2 hours ago": the column of `ps`. `human` turns seconds into words. */
export function statusText(state: ContainerStateRecord, now: number, human: (seconds: number) => string): string {
  const since = (time: string): string => human(Math.max(0, (now - Date.parse(time)) / 1000));
  const health =
    state.health && state.health.status !== 'none'
      ? ` (${state.health.status === 'starting' ? 'health: starting' : state.health.status})`
      : '';
  switch (shownStatus(state)) {
    case 'running':
      return `Up ${since(state.startedAt)}${health}`;
    case 'paused':
      return `Up ${since(state.startedAt)} (Paused)`;
    case 'restarting':
      return `Restarting (${state.exitCode}) ${since(state.finishedAt)} ago`;
    case 'removing':
      return 'Removal In Progress';
    case 'dead':
      return 'Dead';
    case 'created':
      return 'Created';
    case 'exited':
      return `Exited (${state.exitCode}) ${since(state.finishedAt)} ago`;
  }
}
