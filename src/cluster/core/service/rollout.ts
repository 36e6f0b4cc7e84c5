// An update or rollback, some slots at a time: what is replaced next, and whether failures stop it or turn it back. Pure.
import { isPaused } from './handover.ts';
import { create, mayHaveGlobal } from './maintain.ts';
import { countsAsAttempt, restart } from './restart.ts';
import { type Nodes, type Slot, isGone, isJob, slotsOf } from '../model/slots.ts';
import { isActive, isPlaced, ranFor } from '../model/states.ts';
import { type Plan, type Step, joinPlans } from '../model/steps.ts';
import { type Traffic, trafficVerdict } from './traffic.ts';
import type { RolloutPolicy, Service, Task, UpdateStatus } from '../model/types.ts';

/** What was measured since the rollout began. */
export interface RolloutSignals {
  readonly traffic?: Traffic | undefined;
}

type Progress =
  | { readonly kind: 'done' }
  /** It takes one of the places of the parallelism, till `until` where only time is waited for. */
  | { readonly kind: 'busy'; readonly until?: number; readonly cause: string }
  /** Nothing runs or ran there, for want of a node: it holds the end up, and no other slot. */
  | { readonly kind: 'waiting' }
  | { readonly kind: 'dirty' };

export function rollout(
  service: Service,
  tasks: readonly Task[],
  nodes: Nodes,
  signals: RolloutSignals,
  now: number,
): Plan {
  if (isJob(service) || isPaused(service)) return { steps: [] };
  const slots = slotsToUpdate(service, tasks, nodes);
  const isBack = service.updateStatus?.state === 'rollback_started';
  const policy = isBack ? service.rollback : service.update;
  const isUnderWay = isBack || service.updateStatus?.state === 'updating';
  const startedAt = isUnderWay ? (service.updateStatus?.startedAt ?? now) : now;
  const progress = slots.map((slot) => ({ slot, is: progressOf(service, slot, policy, nodes, startedAt, now) }));
  const dirty = progress.filter(({ is }) => is.kind === 'dirty').map(({ slot }) => slot);
  if (!isUnderWay && dirty.length === 0) return { steps: [] };

  const failure = isUnderWay ? failureOf(service, slots, dirty.length, policy, signals, startedAt, now) : undefined;
  if (failure && policy.failureAction !== 'continue') return act(service, policy, isBack, failure, startedAt, now);

  const begin: Step[] = isUnderWay
    ? []
    : [
        status(
          service,
          { state: 'updating', startedAt: now, message: 'update in progress' },
          `${dirty.length} of ${slots.length} tasks are of another template`,
        ),
      ];
  const busy = progress.flatMap(({ is }) => (is.kind === 'busy' ? [is] : []));
  const times = busy.flatMap(({ until }) => (until === undefined ? [] : [until]));
  const deadlines = deadlineTimes(service, tasks, policy, startedAt).filter((at) => at > now);
  if (progress.every(({ is }) => is.kind === 'done')) return complete(service, tasks, policy, isBack, startedAt, now);
  const hold = trafficHold(service, tasks, policy, signals, startedAt, now);
  const free = hold === undefined ? places(policy, busy.length, dirty.length) : 0;
  return joinPlans([
    { steps: begin },
    ...inOrder(dirty)
      .slice(0, free)
      .map((slot) => replaceSlot(service, slot, policy, now)),
    ...[...times, ...deadlines, ...(hold === undefined ? [] : [hold])].map((wakeAt) => ({ steps: [], wakeAt })),
  ]);
}

/** Not those that are to go, nor of a global service those of nodes that it has left. */
function slotsToUpdate(service: Service, tasks: readonly Task[], nodes: Nodes): readonly Slot[] {
  return [...slotsOf(service, tasks).values()].filter(({ tasks: members, nodeId }) => {
    if (members.every(({ desired }) => desired === 'remove')) return false;
    const node = nodeId === undefined ? undefined : nodes.get(nodeId);
    return nodeId === undefined || members.some(isActive) || (node !== undefined && mayHaveGlobal(service, node));
  });
}

function progressOf(
  service: Service,
  slot: Slot,
  policy: RolloutPolicy,
  nodes: Nodes,
  startedAt: number,
  now: number,
): Progress {
  const active = slot.tasks.filter(isActive);
  const fresh = active.findLast(({ revision }) => revision === service.revision);
  if (fresh === undefined) {
    const tried = slot.tasks.filter((task) => task.revision === service.revision && countsAsAttempt(task));
    const hasGivenUp = tried.length > 0 && restart(tried, service.restart).kind === 'stop';
    // with the failure action `continue` a slot that is out of attempts is left as it is
    if (hasGivenUp) return { kind: 'done' };
    const last = slot.tasks.at(-1);
    // restarts of the present template are not for the rollout to make
    if (active.length === 0 && last?.revision === service.revision) return { kind: 'busy', cause: `${last.id} ended` };
    return { kind: 'dirty' };
  }
  const leaving = slot.tasks.find((task) => task !== fresh && !isGone(service, task, nodes, now));
  if (!leaving && !isPlaced(fresh)) return { kind: 'waiting' };
  if (fresh.state !== 'running' || fresh.desired !== 'running')
    return { kind: 'busy', cause: `${fresh.id} is ${fresh.state}` };
  if (leaving) return { kind: 'busy', cause: `${leaving.id} still stops` };
  if (fresh.createdAt < startedAt) return { kind: 'done' };
  const until =
    Math.max(...slot.tasks.map((task) => (task === fresh ? (task.runningAt ?? task.stateAt) : task.stateAt))) +
    policy.delay;
  return until > now ? { kind: 'busy', until, cause: 'waits the delay' } : { kind: 'done' };
}

function places({ parallelism }: RolloutPolicy, busy: number, dirty: number): number {
  return parallelism === 0 ? dirty : Math.max(0, parallelism - busy);
}

/** What does not run costs nothing to replace; then by number. */
function inOrder(slots: readonly Slot[]): readonly Slot[] {
  const runs = (slot: Slot): number => (slot.tasks.some((task) => isActive(task) && task.state === 'running') ? 1 : 0);
  return slots.toSorted((a, b) => runs(a) - runs(b) || (a.slot ?? 0) - (b.slot ?? 0) || (a.key < b.key ? -1 : 1));
}

function replaceSlot(service: Service, slot: Slot, policy: RolloutPolicy, now: number): Plan {
  const old = slot.tasks.findLast((task) => isActive(task) && isPlaced(task));
  const tried = slot.tasks.filter((task) => task.revision === service.revision && countsAsAttempt(task));
  const again = tried.length === 0 || old === undefined ? undefined : restart(tried, service.restart);
  if (again?.kind === 'stop') return { steps: [] };
  const waits = again !== undefined && again.at > now;
  const step = create(
    service,
    slot,
    now,
    again?.cause ?? `its template is ${old?.revision ?? 'old'}, not ${service.revision}`,
    {
      desired: old !== undefined && (policy.order === 'stop-first' || waits) ? 'ready' : 'running',
      replaces: (old ?? slot.tasks.at(-1))?.id,
      ...(again ? { notBefore: again.at, attempt: again.attempt } : {}),
    },
  );
  return waits ? { steps: [step], wakeAt: again.at } : { steps: [step] };
}

interface Failure {
  readonly taskId: string;
  readonly cause: string;
}

function failureOf(
  service: Service,
  slots: readonly Slot[],
  dirty: number,
  policy: RolloutPolicy,
  signals: RolloutSignals,
  startedAt: number,
  now: number,
): Failure | undefined {
  const isNew = (task: Task): boolean => task.revision === service.revision && task.createdAt >= startedAt;
  const touched = slots.filter((slot) => slot.tasks.some(isNew));
  const failed = touched.flatMap(
    (slot) => slot.tasks.findLast((task) => isNew(task) && hasFailed(task, policy, now)) ?? [],
  );
  const total = touched.length + dirtyOnly(touched, slots, service, dirty);
  const [first] = failed;
  if (first && failed.length / Math.max(1, total) > policy.maxFailureRatio) {
    const why = first.error ?? (isActive(first) ? `not running after ${policy.deadline ?? 0} ms` : first.state);
    return {
      taskId: first.id,
      cause: `${failed.length} of ${total} failed (${first.id}: ${why}), more than ${policy.maxFailureRatio} of them`,
    };
  }
  const verdict = trafficVerdict(policy.traffic, signals.traffic);
  const newest = touched.flatMap((slot) => slot.tasks.filter(isNew)).at(-1);
  return verdict.kind === 'worse' && newest ? { taskId: newest.id, cause: verdict.cause } : undefined;
}

/** Slots still to be touched. */
function dirtyOnly(touched: readonly Slot[], slots: readonly Slot[], service: Service, dirty: number): number {
  const again = touched.filter(
    (slot) => !slot.tasks.some((task) => isActive(task) && task.revision === service.revision),
  );
  return Math.max(0, Math.min(slots.length - touched.length, dirty - again.length));
}

/** It ended within the monitor's time, or does not run by the deadline. */
function hasFailed(task: Task, policy: RolloutPolicy, now: number): boolean {
  if (countsAsAttempt(task)) return task.runningAt === undefined || ranFor(task) <= policy.monitor;
  const at = deadlineOf(task, policy);
  return at !== undefined && isActive(task) && task.state !== 'running' && at <= now;
}

function deadlineOf(task: Task, { deadline }: RolloutPolicy): number | undefined {
  return deadline === undefined ? undefined : Math.max(task.createdAt, task.notBefore ?? 0) + deadline;
}

function deadlineTimes(
  service: Service,
  tasks: readonly Task[],
  policy: RolloutPolicy,
  startedAt: number,
): readonly number[] {
  return tasks
    .filter(
      (task) =>
        task.revision === service.revision && task.createdAt >= startedAt && isActive(task) && task.state !== 'running',
    )
    .flatMap((task) => deadlineOf(task, policy) ?? []);
}

function act(
  service: Service,
  policy: RolloutPolicy,
  isBack: boolean,
  { taskId, cause }: Failure,
  startedAt: number,
  now: number,
): Plan {
  const because = `due to failure or early termination of task ${taskId}`;
  if (policy.failureAction === 'rollback' && !isBack && service.previousRevision !== undefined) {
    const next: UpdateStatus = { state: 'rollback_started', startedAt: now, message: `update rolled back ${because}` };
    return { steps: [{ op: { kind: 'rollbackService', serviceId: service.id, status: next }, cause }] };
  }
  const next: UpdateStatus = isBack
    ? { state: 'rollback_paused', startedAt, message: `rollback paused ${because}` }
    : { state: 'paused', startedAt, message: `update paused ${because}` };
  return { steps: [status(service, next, cause)] };
}

/** After the last one's monitor time. */
function complete(
  service: Service,
  tasks: readonly Task[],
  policy: RolloutPolicy,
  isBack: boolean,
  startedAt: number,
  now: number,
): Plan {
  const times = tasks
    .filter((task) => isActive(task) && task.createdAt >= startedAt)
    .map((task) => task.runningAt ?? task.stateAt);
  const at = Math.max(startedAt, ...times.map((time) => time + policy.monitor));
  if (at > now) return { steps: [], wakeAt: at };
  const next: UpdateStatus = isBack
    ? { state: 'rollback_completed', startedAt, completedAt: now, message: 'rollback completed' }
    : { state: 'completed', startedAt, completedAt: now, message: 'update completed' };
  return { steps: [status(service, next, 'every task is of this template and ran through the monitor time')] };
}

/** While too few requests were seen the next batch waits, at most the monitor's time. */
function trafficHold(
  service: Service,
  tasks: readonly Task[],
  policy: RolloutPolicy,
  signals: RolloutSignals,
  startedAt: number,
  now: number,
): number | undefined {
  if (policy.traffic === undefined || trafficVerdict(policy.traffic, signals.traffic).kind !== 'unknown')
    return undefined;
  const times = tasks
    .filter((task) => task.revision === service.revision && task.createdAt >= startedAt && isActive(task))
    .flatMap(({ runningAt }) => runningAt ?? []);
  const until = Math.max(0, ...times) + policy.monitor;
  return times.length > 0 && until > now ? until : undefined;
}

function status(service: Service, next: UpdateStatus, cause: string): Step {
  return { op: { kind: 'setUpdateStatus', serviceId: service.id, status: next }, cause };
}
