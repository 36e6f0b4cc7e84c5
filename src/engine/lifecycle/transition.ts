// The one place where a container's state changes: (state, event, now) -> the next state, and what is to be done about it. Pure.
import { parseRfc3339, formatRfc3339 } from '../../base/timestamp.ts';
import { internal } from '../../base/errors.ts';
import type { RestartPolicy } from '../../spec/docker/index.ts';
import type { ContainerStateRecord, Phase, ProcessIdentity } from './state.ts';
import { afterExit } from './restart-policy.ts';
import { neverStarted } from './state.ts';

export type LifecycleEvent =
  /** A person starts it: its restart policy has all its tries again. */
  | { readonly type: 'startRequested' }
  | { readonly type: 'starting' }
  /** There is a process, which waits. */
  | { readonly type: 'launched'; readonly process: ProcessIdentity; readonly monitor: ProcessIdentity }
  | { readonly type: 'running' }
  | {
      readonly type: 'startFailed';
      /** In Docker's words. */
      readonly message: string;
      readonly exitCode: number;
      readonly autoRemove: boolean;
    }
  | {
      readonly type: 'exited';
      readonly exitCode: number;
      readonly policy: RestartPolicy;
      /** Somebody asked for this end. */
      readonly stopRequested: boolean;
      /** The daemon is ending, or leaves restarts to its start. */
      readonly daemonStopping: boolean;
      /** The pause before the last restart, milliseconds; 0 for none. */
      readonly lastDelayMs: number;
      readonly autoRemove: boolean;
    }
  | { readonly type: 'restartCancelled' }
  /** A new daemon finds a start or a restart that its predecessor did not finish; nothing of it runs. */
  | { readonly type: 'startAbandoned' }
  | { readonly type: 'paused' }
  | { readonly type: 'unpaused' }
  | { readonly type: 'stoppedByUser' }
  | { readonly type: 'outOfMemory' }
  | { readonly type: 'removing' }
  | { readonly type: 'removalFailed'; readonly message: string };

export type Effect =
  /** The record is written; nothing that follows happens before it is. */
  | { readonly type: 'save' }
  | { readonly type: 'emit'; readonly action: string; readonly attributes?: Readonly<Record<string, string>> }
  /** `exit`: how it ended is known; `stop`: all of it is tidied up. */
  | { readonly type: 'notify'; readonly whom: 'exit' | 'stop' }
  | { readonly type: 'notifyRemovalFailed'; readonly message: string }
  /** Networks, mounts and control groups are given back. */
  | { readonly type: 'release' }
  | { readonly type: 'autoRemove' }
  | { readonly type: 'scheduleRestart'; readonly delayMs: number }
  | { readonly type: 'log'; readonly text: string };

export interface Transition {
  readonly state: ContainerStateRecord;
  /** In this order, each done before the next. */
  readonly effects: readonly Effect[];
}

const SAVE: Effect = { type: 'save' };

/** In which phases an event can come. Anything else is a fault of ours. */
const LEGAL: Readonly<Record<LifecycleEvent['type'], readonly Phase[]>> = {
  startRequested: ['created', 'exited', 'restarting', 'running', 'paused', 'starting'],
  starting: ['created', 'exited', 'restarting'],
  launched: ['starting'],
  running: ['starting'],
  startFailed: ['starting'],
  exited: ['running', 'paused'],
  restartCancelled: ['restarting'],
  startAbandoned: ['starting', 'restarting'],
  paused: ['running'],
  unpaused: ['paused'],
  stoppedByUser: ['created', 'exited', 'restarting', 'running', 'paused', 'starting', 'removing', 'dead'],
  // the kernel's word may come after the end
  outOfMemory: ['starting', 'running', 'paused', 'exited', 'restarting', 'removing', 'dead'],
  removing: ['created', 'exited', 'restarting', 'dead', 'removing'],
  removalFailed: ['removing'],
};

export function isLegal({ phase, process }: ContainerStateRecord, type: LifecycleEvent['type']): boolean {
  return LEGAL[type].includes(phase) && (type !== 'running' || process !== undefined);
}

/** `now`: nanoseconds since 1970. Throws internal for an event that cannot come in this state. */
export function transition(state: ContainerStateRecord, event: LifecycleEvent, now: bigint): Transition {
  if (!isLegal(state, event.type)) throw internal(`a container that is ${state.phase} cannot be ${event.type}`);
  switch (event.type) {
    case 'startRequested':
      return { state: { ...state, stoppedByUser: false, restartCount: 0 }, effects: [] };
    case 'starting':
      return { state: { ...state, phase: 'starting', error: '' }, effects: [SAVE] };
    case 'launched':
      // not written: what a dead daemon was starting is found by its cgroup, and taken back
      return { state: { ...state, process: event.process, monitor: event.monitor }, effects: [] };
    case 'running':
      return {
        state: {
          ...state,
          phase: 'running',
          stoppedByUser: false,
          startedAt: formatRfc3339(now),
          oomKilled: false,
          exitCode: 0,
        },
        effects: [SAVE, { type: 'emit', action: 'start' }],
      };
    case 'startFailed':
      return {
        state: { ...withoutProcess(state), phase: beforeStart(state), error: event.message, exitCode: event.exitCode },
        effects: [
          SAVE,
          { type: 'notify', whom: 'exit' },
          { type: 'notify', whom: 'stop' },
          ...(event.autoRemove ? [{ type: 'autoRemove' } as const] : []),
        ],
      };
    case 'exited':
      return exited(state, event, now);
    case 'restartCancelled':
      return { state: { ...state, phase: 'exited' }, effects: [SAVE, { type: 'notify', whom: 'stop' }] };
    case 'startAbandoned':
      return { state: { ...withoutProcess(state), phase: beforeStart(state) }, effects: [SAVE] };
    case 'paused':
      return { state: { ...state, phase: 'paused' }, effects: [SAVE, { type: 'emit', action: 'pause' }] };
    case 'unpaused':
      return { state: { ...state, phase: 'running' }, effects: [SAVE, { type: 'emit', action: 'unpause' }] };
    case 'stoppedByUser':
      return { state: { ...state, stoppedByUser: true }, effects: [SAVE] };
    case 'outOfMemory':
      return { state: { ...state, oomKilled: true }, effects: [SAVE, { type: 'emit', action: 'oom' }] };
    case 'removing':
      return { state: { ...state, phase: 'removing' }, effects: [SAVE] };
    case 'removalFailed':
      return {
        state: { ...state, phase: 'dead' },
        effects: [SAVE, { type: 'notifyRemovalFailed', message: event.message }],
      };
  }
}

type Exited = Extract<LifecycleEvent, { type: 'exited' }>;

function exited(state: ContainerStateRecord, event: Exited, now: bigint): Transition {
  const ranMs = Number((now - (parseRfc3339(state.startedAt) ?? now)) / 1_000_000n);
  const next = afterExit({
    exitCode: event.exitCode,
    policy: event.policy,
    restartCount: state.restartCount,
    stoppedByUser: event.stopRequested || (event.policy.Name === 'unless-stopped' && state.stoppedByUser),
    daemonStopping: event.daemonStopping,
    ranMs,
    lastDelayMs: event.lastDelayMs,
  });
  const attributes = {
    exitCode: String(event.exitCode),
    execDuration: String(Math.max(0, Math.floor(ranMs / 1000))),
  };
  return {
    state: {
      ...withoutProcess(state),
      phase: next.restart ? 'restarting' : 'exited',
      restartCount: state.restartCount + (next.restart ? 1 : 0),
      exitCode: event.exitCode,
      finishedAt: formatRfc3339(now),
    },
    effects: [
      // first of all: the exit file and the control group, which say the same, go with the resources
      SAVE,
      { type: 'notify', whom: 'exit' },
      { type: 'emit', action: 'die', attributes },
      { type: 'release' },
      { type: 'log', text: `ended with ${event.exitCode}: ${next.why}` },
      ...(event.autoRemove && !next.restart ? [{ type: 'autoRemove' } as const] : []),
      ...(next.restart ? [{ type: 'scheduleRestart', delayMs: next.delayMs } as const] : []),
      // those who wait for the end alone, when it stayed
      { type: 'notify', whom: 'stop' },
    ],
  };
}

/** What a container is again whose start did not come to its end. */
function beforeStart(state: ContainerStateRecord): Phase {
  return neverStarted(state) ? 'created' : 'exited';
}

function withoutProcess({ process: _process, monitor: _monitor, ...rest }: ContainerStateRecord): ContainerStateRecord {
  return rest;
}
