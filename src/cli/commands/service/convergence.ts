// How far a service is on its way to what was asked of it, as messages of progress in Docker's words. Pure.
import type { ProgressMessage } from '../../../spec/docker/image.ts';
import { ellipsis } from '../shared/ellipsis.ts';
import { SCHEDULE_LABEL } from './spec/policies.ts';
import type { Labels, ServiceMode, UpdateConfig } from './spec/model.ts';

const SECOND = 1000;
const DEFAULT_MONITOR = 5 * SECOND;
/** More tasks than these have no bars of their own. */
const MAX_BARS = 20;
const LONGEST_ERROR = 75;

/** In the order in which a task goes through them; what is beyond has ended. */
const STATES = ['new', 'allocated', 'pending', 'assigned', 'accepted', 'preparing', 'ready', 'starting', 'running'];
const LONGEST_STATE = Math.max(...STATES.map(({ length }) => length));
const rank = (state: string): number => STATES.indexOf(state) + 1;

export interface SeenTask {
  readonly Slot?: number;
  readonly NodeID?: string;
  readonly DesiredState: string;
  readonly Status: { readonly State: string; readonly Err?: string };
  readonly JobIteration?: { readonly Index?: number };
}

export interface SeenService {
  readonly Spec: {
    readonly Labels?: Labels | undefined;
    readonly Mode: ServiceMode;
    readonly UpdateConfig?: UpdateConfig | undefined;
  };
  readonly UpdateStatus?: { readonly State?: string; readonly Message?: string };
  readonly JobStatus?: { readonly JobIteration?: { readonly Index?: number } };
}

export interface Seen {
  readonly service: SeenService;
  /** Those of the newest specification. */
  readonly tasks: readonly SeenTask[];
  /** Nodes that are up, by id, with their names. */
  readonly nodes: ReadonlyMap<string, string>;
  /** Milliseconds. */
  readonly now: number;
}

export interface Convergence {
  /** Since when all tasks are as they are to be. */
  readonly since?: number | undefined;
  /** Since when there is no task left that could come to run. */
  readonly hopelessSince?: number | undefined;
  /** The first message was given. */
  readonly isBegun: boolean;
  /** All tasks were there once: from then on it is only watched whether they stay. */
  readonly isComplete: boolean;
  readonly isRollback: boolean;
  /** Said at the end. */
  readonly last?: ProgressMessage | undefined;
}

export interface Step {
  readonly state: Convergence;
  readonly messages: readonly ProgressMessage[];
  readonly end?: 'converged' | { readonly failure: string } | undefined;
}

export const START: Convergence = { isBegun: false, isComplete: false, isRollback: false };

/** `name`: as the user called the service. */
export function converge(before: Convergence, seen: Seen, name: string): Step {
  const { service, now } = seen;
  // it runs when it is due, which nobody waits for
  if (service.Spec.Labels?.[SCHEDULE_LABEL] !== undefined) return { state: before, messages: [], end: 'converged' };
  const messages: ProgressMessage[] = [];
  const say = (id: string, status: string, detail: ProgressMessage['progressDetail'] = {}): void => {
    messages.push({ id, status, progressDetail: detail });
  };
  const monitor = (service.Spec.UpdateConfig?.Monitor ?? 0) / 1e6 || DEFAULT_MONITOR;
  let { isRollback, last } = before;
  const { State = '', Message = '' } = service.UpdateStatus ?? {};
  const end = (what: Step['end'], state: Partial<Convergence> = {}): Step => ({
    state: { ...before, isRollback, last, ...state },
    messages,
    end: what,
  });
  switch (State) {
    case 'updating':
      isRollback = false;
      break;
    case 'completed':
      if (before.since === undefined && before.isBegun) return end('converged');
      break;
    case 'paused':
      return end({ failure: `service update paused: ${Message}` });
    case 'rollback_started':
      if (!isRollback && Message !== '') say('rollback', Message);
      isRollback = true;
      break;
    case 'rollback_paused':
      return end({ failure: `service rollback paused: ${Message}` });
    case 'rollback_completed':
      if (before.since === undefined) last = { id: 'rollback', status: Message, progressDetail: {} };
      isRollback = true;
      break;
  }
  if (before.since !== undefined && now - before.since >= monitor) {
    say('verify', `Service ${name} converged`);
    if (last) messages.push(last);
    return end('converged');
  }
  const { Mode } = service.Spec;
  const isJob = Mode.ReplicatedJob !== undefined || Mode.GlobalJob !== undefined;
  const progress = isJob ? jobProgress(seen, before, say) : tasksProgress(seen, before, say, isRollback);
  if (isJob && progress.isDone) {
    messages.push({ status: 'job complete' });
    return end('converged');
  }
  const hopelessSince = isHopeless(seen) ? (before.hopelessSince ?? now) : undefined;
  if (!progress.isDone && hopelessSince !== undefined && now - hopelessSince >= monitor)
    return end({ failure: `service ${name} does not converge: ${whyHopeless(seen)}` });
  if (!progress.isDone) {
    if (before.since !== undefined) say('verify', 'Detected task failure');
  } else {
    const left = monitor - (now - (before.since ?? now));
    say('verify', `Waiting ${Math.max(1, Math.ceil(left / SECOND))} seconds to verify that tasks are stable...`);
  }
  const state = {
    since: progress.isDone ? (before.since ?? now) : undefined,
    hopelessSince,
    isBegun: before.isBegun || progress.isBegun,
    isComplete: before.isComplete || progress.isDone,
    isRollback,
    last,
  };
  return { state, messages };
}

type Say = (id: string, status: string, detail?: ProgressMessage['progressDetail']) => void;

interface Progress {
  readonly isBegun: boolean;
  readonly isDone: boolean;
}

function tasksProgress(seen: Seen, before: Convergence, say: Say, isRollback: boolean): Progress {
  const { service, tasks, nodes } = seen;
  const isGlobal = service.Spec.Mode.Global !== undefined;
  const current = newest(tasks, nodes, ({ Slot, NodeID }) => String(isGlobal ? NodeID : Slot));
  const total = isGlobal ? current.length : (service.Spec.Mode.Replicated?.Replicas ?? 1);
  const overall = (count: number): void =>
    say('overall progress', `${isRollback ? 'rolling back update: ' : ''}${count} out of ${total} tasks`);
  if (isGlobal && total === 0) {
    if (!before.isBegun) say('overall progress', 'waiting for new tasks');
    return { isBegun: false, isDone: false };
  }
  const hasBars = total <= MAX_BARS;
  if (!before.isBegun) {
    overall(0);
    if (hasBars && !isGlobal) for (let at = 1; at <= total; at++) say(`${at}/${total}`, ' ');
  }
  let running = 0;
  for (const [index, task] of current.entries()) {
    if (hasBars && !before.isComplete && index < total)
      say(isGlobal ? (nodes.get(task.NodeID ?? '') ?? '') : `${index + 1}/${total}`, ...bar(task));
    if (task.Status.State === 'running' && rank(task.DesiredState) > 0) running++;
  }
  if (!before.isComplete) overall(running);
  return { isBegun: true, isDone: running === total };
}

function jobProgress(seen: Seen, before: Convergence, say: Say): Progress {
  const { service, tasks, nodes } = seen;
  const job = service.Spec.Mode.ReplicatedJob;
  const iteration = service.JobStatus?.JobIteration?.Index ?? 0;
  const own = tasks.filter(({ JobIteration }) => (JobIteration?.Index ?? 0) === iteration);
  const completed = own.filter(({ Status }) => Status.State === 'complete').length;
  const active = own.filter(
    ({ Status, NodeID }) => rank(Status.State) > 0 && (NodeID === undefined || nodes.has(NodeID)),
  );
  const concurrent = job?.MaxConcurrent ?? 1;
  // of a global job it is not known how many there will be before they are there
  const total = job ? (job.TotalCompletions ?? concurrent) : new Set(own.map(({ NodeID }) => NodeID)).size;
  if (total === 0) {
    if (!before.isBegun) say('job progress', 'waiting for tasks');
    return { isBegun: false, isDone: job !== undefined };
  }
  say('job progress', `${completed} out of ${total} complete`);
  if (job) say('active tasks', `${active.length} out of ${Math.min(concurrent, total - completed)} tasks`);
  if (total <= MAX_BARS)
    for (const task of active) {
      const place = job ? `${(task.Slot ?? 0) + 1}/${total}` : (nodes.get(task.NodeID ?? '') ?? '');
      say(place, ...bar(task));
    }
  return { isBegun: true, isDone: completed === total };
}

/** One task a slot: the one that is meant to run, and of those the one that is farther behind. */
function newest(
  tasks: readonly SeenTask[],
  nodes: ReadonlyMap<string, string>,
  slotOf: (task: SeenTask) => string,
): SeenTask[] {
  const found = new Map<string, SeenTask>();
  for (const task of tasks) {
    if (rank(task.DesiredState) === 0 || rank(task.Status.State) === 0) continue;
    if (task.NodeID !== undefined && !nodes.has(task.NodeID)) continue;
    const other = found.get(slotOf(task));
    const gap = other ? rank(other.DesiredState) - rank(task.DesiredState) : 1;
    if (gap < 0 || (gap === 0 && rank(other?.Status.State ?? '') <= rank(task.Status.State))) continue;
    found.set(slotOf(task), task);
  }
  return [...found].sort(([a], [b]) => a.localeCompare(b, 'en', { numeric: true })).map(([, task]) => task);
}

/** Its error, or how far it is of all states up to running. */
function bar({ Status }: SeenTask): [string, ProgressMessage['progressDetail']] {
  if (Status.Err) return [ellipsis(Status.Err.replaceAll('\n', ' '), LONGEST_ERROR), {}];
  return [Status.State.padEnd(LONGEST_STATE), { current: rank(Status.State), total: STATES.length, hidecounts: true }];
}

/** All tasks have ended, and none is made in their place. */
function isHopeless({ tasks, service }: Seen): boolean {
  return tasks.length > 0 && tasks.every(isOver) && (service.Spec.Mode.Replicated?.Replicas ?? 1) > 0;
}

const isOver = ({ Status }: SeenTask): boolean => rank(Status.State) === 0;

function whyHopeless({ tasks }: Seen): string {
  const error = tasks.find(({ Status }) => Status.Err)?.Status.Err;
  return error === undefined ? 'its tasks have ended' : `its tasks have ended: ${error}`;
}
