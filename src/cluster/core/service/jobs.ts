// Tasks that run to their end: so many in all and at a time, or one on each node, once or by a schedule. Pure.
import { planSchedule } from './cron.ts';
import { create, maintain, mayHaveGlobal, removeSlot } from './maintain.ts';
import { restart } from './restart.ts';
import { type Nodes, type Slot, slotsOf } from '../model/slots.ts';
import { hasEnded, isActive } from '../model/states.ts';
import { type Plan, joinPlans } from '../model/steps.ts';
import type { Service, Task } from '../model/types.ts';

export function orchestrateJob(service: Service, tasks: readonly Task[], nodes: Nodes, now: number): Plan {
  const iteration = service.job?.iteration ?? 0;
  const current = tasks.filter((task) => (task.iteration ?? 0) === iteration);
  const earlier = tasks.filter((task) => (task.iteration ?? 0) !== iteration && isActive(task));
  const isScheduled = service.schedule !== undefined;
  const due = isScheduled ? planSchedule(service, tasks.some(isActive), now) : { steps: [] };
  // what a schedule has not begun yet does not run
  if (isScheduled && iteration === 0) return due;
  const stale =
    service.schedule?.overlap === 'allow'
      ? []
      : earlier.map((task) => removeSlot({ key: '', tasks: [task] }, `iteration ${iteration} has begun`));
  return joinPlans([due, ...stale, runIteration(service, current, nodes, now)]);
}

function runIteration(service: Service, tasks: readonly Task[], nodes: Nodes, now: number): Plan {
  const slots = slotsOf(service, tasks);
  const iteration = service.job?.iteration ?? 0;
  if (service.mode.kind === 'global-job') {
    const eligible = [...nodes.values()].filter((node) => mayHaveGlobal(service, node));
    const wanted = new Set(eligible.map(({ id }) => id));
    const open = [...slots.values()].filter((slot) => !isDone(slot));
    return withIteration(
      joinPlans([
        maintain(service, open, tasks, nodes, now, wanted),
        {
          steps: eligible
            .filter(({ id }) => !slots.has(id))
            .map((node) => create(service, { nodeId: node.id }, now, `node ${node.hostname} has not run it`)),
        },
      ]),
      iteration,
    );
  }
  if (service.mode.kind !== 'replicated-job') return { steps: [] };
  const { totalCompletions: total, maxConcurrent } = service.mode;
  const all = [...slots.values()];
  const done = all.filter(isDone);
  const open = all.filter((slot) => !isDone(slot));
  const givenUp = open.filter((slot) => hasGivenUp(service, slot)).length;
  const busy = open.length - givenUp;
  const count = Math.max(0, Math.min((maxConcurrent || total) - busy, total - done.length - open.length));
  const cause = `${done.length} of ${total} completed, ${busy} under way`;
  return withIteration(
    joinPlans([
      maintain(service, open, tasks, nodes, now),
      { steps: freeNumbers(slots, count).map((slot) => create(service, { slot }, now, cause)) },
    ]),
    iteration,
  );
}

function isDone(slot: Slot): boolean {
  return slot.tasks.some(({ state }) => state === 'complete');
}

function hasGivenUp(service: Service, slot: Slot): boolean {
  const last = slot.tasks.at(-1);
  if (last === undefined || !hasEnded(last) || slot.tasks.some(isActive)) return false;
  return restart(slot.tasks, service.restart).kind === 'stop';
}

/** Slots of jobs count from 0. */
function freeNumbers(slots: ReadonlyMap<string, Slot>, count: number): readonly number[] {
  const free: number[] = [];
  for (let slot = 0; free.length < count; slot += 1) if (!slots.has(String(slot))) free.push(slot);
  return free;
}

function withIteration(plan: Plan, iteration: number): Plan {
  return {
    ...plan,
    steps: plan.steps.map((step) =>
      step.op.kind === 'createTask' ? { ...step, op: { ...step.op, iteration } } : step,
    ),
  };
}
