// What would become of the tasks if nodes died or came, or services were scaled: the same decisions on a copy, with agents that obey at once. Pure.
import { type World, apply } from './model/apply.ts';
import { hasEnded, isActive, isWanted } from './model/states.ts';
import type { Node, Task } from './model/types.ts';
import { type Pending, type ScheduleSnapshot, schedule } from './schedule/schedule.ts';
import { reconcile } from './service/reconcile.ts';

export type Change =
  | { readonly kind: 'kill'; readonly nodeId: string }
  | { readonly kind: 'drain'; readonly nodeId: string }
  | { readonly kind: 'add'; readonly node: Node }
  | { readonly kind: 'scale'; readonly serviceId: string; readonly replicas: number };

export interface Forecast {
  readonly world: World;
  /** Tasks that would be made, with the node of the one before them in their slot. */
  readonly placed: readonly { readonly task: Task; readonly from?: string }[];
  readonly stopped: readonly Task[];
  readonly pending: readonly Pending[];
  readonly cursor: string | undefined;
}

/** A plan leads to another one at most so often: made, prepared, started, the old one stopped. */
const MAX_ROUNDS = 10_000;

export function whatIf(
  world: World,
  changes: readonly Change[],
  now: number,
  options: Partial<Pick<ScheduleSnapshot, 'strategy' | 'seed' | 'cursor' | 'preemption'>> & {
    readonly rounds?: number;
  } = {},
): Forecast {
  let after = changes.reduce((state, change) => changed(state, change, now), world);
  let pending: readonly Pending[] = [];
  const { rounds = MAX_ROUNDS, ...settings } = options;
  let { cursor } = settings;
  for (let round = 0; round < rounds; round += 1) {
    let count = 0;
    for (const service of after.services.values()) {
      const tasks = [...after.tasks.values()].filter((task) => task.serviceId === service.id);
      const { steps } = reconcile(service, tasks, after.nodes, {}, now);
      count += steps.length;
      after = apply(after, steps, now);
    }
    const placed = schedule({
      ...settings,
      nodes: [...after.nodes.values()],
      tasks: after.tasks.values(),
      services: after.services,
      now,
      cursor,
    });
    ({ pending, cursor } = placed);
    after = obeyed(apply(after, placed.steps, now), now);
    if (count + placed.steps.length === 0) break;
  }
  return { world: after, ...difference(world, after), pending, cursor };
}

export function printForecast({ placed, stopped, pending, world }: Forecast): string {
  const name = (task: Task): string =>
    `${world.services.get(task.serviceId)?.name ?? task.serviceId}.${task.slot ?? task.nodeId}`;
  const host = (id: string | undefined): string => (id === undefined ? '-' : (world.nodes.get(id)?.hostname ?? id));
  const lines = [
    ...placed.map(
      ({ task, from }) => `${name(task)}: ${from === undefined ? 'new' : host(from)} -> ${host(task.nodeId)}`,
    ),
    ...stopped.map((task) => `${name(task)}: stops on ${host(task.nodeId)}`),
    ...pending.map(({ taskId, why }) => {
      const task = world.tasks.get(taskId);
      return `${task ? name(task) : taskId}: waits, ${why.detail}`;
    }),
  ];
  return lines.length === 0 ? 'nothing changes' : lines.join('\n');
}

function changed(world: World, change: Change, now: number): World {
  const withNode = (node: Node | undefined): World =>
    node ? { ...world, nodes: new Map(world.nodes).set(node.id, node) } : world;
  switch (change.kind) {
    case 'kill': {
      const node = world.nodes.get(change.nodeId);
      return withNode(node && { ...node, state: 'down', downAt: now, fencedAt: now });
    }
    case 'drain': {
      const node = world.nodes.get(change.nodeId);
      return withNode(node && { ...node, availability: 'drain' });
    }
    case 'add':
      return withNode(change.node);
    case 'scale':
      return apply(
        world,
        [{ op: { kind: 'scaleService', serviceId: change.serviceId, replicas: change.replicas }, cause: 'what if' }],
        now,
      );
  }
}

/** Every agent has done what it was asked. */
function obeyed(world: World, now: number): World {
  const tasks = new Map(world.tasks);
  for (const task of tasks.values()) {
    const isThere = task.nodeId === undefined || world.nodes.get(task.nodeId)?.state === 'ready';
    if (hasEnded(task) || !isThere) continue;
    const state = !isWanted(task)
      ? 'shutdown'
      : task.state === 'new' || task.state === 'pending'
        ? task.state
        : task.desired === 'ready'
          ? 'ready'
          : 'running';
    if (state !== task.state)
      tasks.set(task.id, {
        ...task,
        state,
        stateAt: now,
        runningAt: state === 'running' ? (task.runningAt ?? now) : task.runningAt,
      });
  }
  return { ...world, tasks };
}

function difference(before: World, after: World): Pick<Forecast, 'placed' | 'stopped'> {
  const slotOf = (task: Task): string => `${task.serviceId} ${task.slot ?? task.nodeId}`;
  const old = new Map([...before.tasks.values()].filter(isActive).map((task) => [slotOf(task), task.nodeId]));
  const active = [...after.tasks.values()].filter(isActive);
  const filled = new Set(active.map(slotOf));
  return {
    placed: active
      .filter((task) => task.nodeId !== undefined && before.tasks.get(task.id)?.nodeId === undefined)
      .map((task) => {
        const from = old.get(slotOf(task));
        return from === undefined ? { task } : { task, from };
      }),
    stopped: [...before.tasks.values()].filter((task) => isActive(task) && !filled.has(slotOf(task))),
  };
}
