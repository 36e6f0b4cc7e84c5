// What a container's state allows, and how it is shown. Pure.
import { ZERO_TIME } from '../../base/timestamp.ts';
import type { ContainerState, ContainerStatus, HealthcheckResult } from '../../spec/docker/index.ts';

/** A process as nothing else can be: its number, when it started, and in which boot of the kernel. */
export interface ProcessIdentity {
  readonly pid: number;
  readonly ticks: string;
  readonly boot: string;
}

export type Phase = 'created' | 'starting' | 'running' | 'paused' | 'restarting' | 'exited' | 'removing' | 'dead';

export interface ContainerStateRecord {
  phase: Phase;
  /** The container's first process, while there is one. */
  process?: ProcessIdentity;
  monitor?: ProcessIdentity;
  exitCode: number;
  oomKilled: boolean;
  /** Why the last start failed, in Docker's words. */
  error: string;
  startedAt: string;
  finishedAt: string;
  restartCount: number;
  /** Stopped by a person: `unless-stopped` does not bring it back. */
  stoppedByUser: boolean;
  health?: { status: 'none' | 'starting' | 'healthy' | 'unhealthy'; failingStreak: number; log: HealthcheckResult[] };
}

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

/** No process of it has ever run. */
export function neverStarted({ startedAt }: ContainerStateRecord): boolean {
  return startedAt === ZERO_TIME;
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

/** A policy starts it again, now or after a pause. */
export function isRestarting(state: ContainerStateRecord): boolean {
  return shownStatus(state) === 'restarting';
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
