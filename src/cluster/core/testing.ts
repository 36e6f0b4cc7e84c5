// A cluster in memory for tests: plans are applied to it, agents do what they are asked, and time is a number. Pure.
import {
  apply,
  type Load,
  type Needs,
  type Node,
  type Plan,
  type RolloutPolicy,
  type RolloutSignals,
  reap,
  reconcile,
  type Schedule,
  type ScheduleSnapshot,
  schedule,
  type Service,
  type Step,
  type Task,
  type TaskState,
  type World,
} from './index.ts';

export const GB = 1 << 30;
export const CPU = 1e9;

export const ROLLOUT: RolloutPolicy = {
  parallelism: 1,
  delay: 0,
  order: 'stop-first',
  monitor: 5000,
  failureAction: 'pause',
  maxFailureRatio: 0,
};

export function aNode(
  id: string,
  more: Partial<Node> & { readonly load?: Load; readonly resources?: Needs } = {},
): Node {
  return {
    id,
    hostname: id,
    state: 'ready',
    availability: 'active',
    role: 'worker',
    platform: { os: 'linux', arch: 'x86_64' },
    resources: { nanoCpus: 4 * CPU, memoryBytes: 8 * GB },
    ...more,
  };
}

export function aService(name: string, more: Partial<Service> = {}): Service {
  return {
    id: name,
    name,
    createdAt: 0,
    mode: { kind: 'replicated', replicas: 1 },
    revision: 'r1',
    placement: {},
    restart: { condition: 'any', delay: 5000, maxAttempts: 0, window: 0 },
    update: ROLLOUT,
    rollback: ROLLOUT,
    ...more,
  };
}

export function aTask(id: string, more: Partial<Task> = {}): Task {
  return {
    id,
    serviceId: 'web',
    slot: 1,
    desired: 'running',
    state: 'running',
    revision: 'r1',
    createdAt: 0,
    stateAt: 0,
    ...more,
  };
}

/** What a task does on its node: how long each stretch takes, and how it ends. */
export interface Behaviour {
  /** From assigned to prepared. */
  readonly prepare?: number;
  /** From started to running, healthy. */
  readonly start?: number;
  readonly stop?: number;
  /** It never becomes healthy. */
  readonly neverRuns?: boolean;
  /** The image cannot be had: rejected, with this error. */
  readonly rejects?: string | undefined;
  /** It ends by itself so long after it ran; by exit 0 where `completes`. */
  readonly endsAfter?: number | undefined;
  readonly completes?: boolean;
}

/** A fake world with a clock of its own. Every call of `tick` is one round of a leader and of all agents. */
export class Simulator {
  now = 0;
  world: World;
  signals: RolloutSignals = {};
  historyLimit = 5;
  /** Every step of every round, with its time. */
  readonly log: { readonly at: number; readonly step: Step }[] = [];
  snapshot: Partial<ScheduleSnapshot> = {};
  last: Schedule | undefined;
  readonly #behaviour: (task: Task) => Behaviour;

  constructor(nodes: readonly Node[], services: readonly Service[], behaviour: (task: Task) => Behaviour = () => ({})) {
    this.world = {
      nodes: new Map(nodes.map((node) => [node.id, node])),
      services: new Map(services.map((service) => [service.id, service])),
      tasks: new Map(),
    };
    this.#behaviour = behaviour;
  }

  get tasks(): readonly Task[] {
    return [...this.world.tasks.values()];
  }

  tasksOf(serviceId: string): readonly Task[] {
    return this.tasks.filter((task) => task.serviceId === serviceId);
  }

  service(id: string): Service {
    const found = this.world.services.get(id);
    if (!found) throw new Error(`no service ${id}`);
    return found;
  }

  setService(id: string, change: Partial<Service>): void {
    this.world = { ...this.world, services: new Map(this.world.services).set(id, { ...this.service(id), ...change }) };
  }

  /** As the API changes a template: the status of the last update is cleared. */
  update(id: string, revision: string, more: Partial<Service> = {}): void {
    this.setService(id, { ...more, previousRevision: this.service(id).revision, revision, updateStatus: undefined });
  }

  setNode(id: string, change: Partial<Node>): void {
    const old = this.world.nodes.get(id) ?? aNode(id);
    this.world = { ...this.world, nodes: new Map(this.world.nodes).set(id, { ...old, ...change }) };
  }

  setTask(id: string, change: Partial<Task>): void {
    const old = this.world.tasks.get(id);
    if (old) this.world = { ...this.world, tasks: new Map(this.world.tasks).set(id, { ...old, ...change }) };
  }

  running(serviceId: string): readonly Task[] {
    return this.tasksOf(serviceId).filter(({ state }) => state === 'running');
  }

  /** One round: every service is reconciled, tasks are placed, agents act, the past is reaped. */
  tick(ms = 0): void {
    this.now += ms;
    this.#agents();
    for (const service of this.world.services.values()) this.#apply(this.plan(service.id));
    this.last = schedule({
      nodes: [...this.world.nodes.values()],
      tasks: this.tasks,
      services: this.world.services,
      now: this.now,
      ...this.snapshot,
    });
    this.#apply(this.last);
    this.#agents();
    for (const service of this.world.services.values())
      this.#apply(reap(service, this.tasksOf(service.id), this.historyLimit));
  }

  /** Rounds till `ms` have passed; `check` after each. */
  run(ms: number, every = 500, check: () => void = () => undefined): void {
    for (const end = this.now + ms; this.now < end; ) {
      this.tick(every);
      check();
    }
  }

  /** Rounds till it is so, at most for `ms`; `check` after each. */
  until(ms: number, every: number, isSo: () => boolean, check: () => void = () => undefined): void {
    for (const end = this.now + ms; this.now < end && !isSo(); ) {
      this.tick(every);
      check();
    }
  }

  plan(serviceId: string): Plan {
    const service = this.service(serviceId);
    return reconcile(service, this.tasksOf(serviceId), this.world.nodes, this.signals, this.now);
  }

  /** The world after steps, which the caller may take for its own. */
  applied(steps: readonly Step[]): World {
    return apply(this.world, steps, this.now);
  }

  #apply({ steps }: { readonly steps: readonly Step[] }): void {
    for (const step of steps) this.log.push({ at: this.now, step });
    this.world = apply(this.world, steps, this.now);
  }

  #agents(): void {
    const tasks = new Map(this.world.tasks);
    for (const task of tasks.values()) {
      const node = task.nodeId === undefined ? undefined : this.world.nodes.get(task.nodeId);
      if (node?.state === 'ready' && task.state !== 'pending')
        tasks.set(task.id, advance(task, this.#behaviour(task), this.now));
    }
    this.world = { ...this.world, tasks };
  }
}

function isStopped({ desired }: Task): boolean {
  return desired === 'shutdown' || desired === 'remove';
}

/** As far as an agent brings a task by `now`. */
function advance(task: Task, behaviour: Behaviour, now: number): Task {
  let at = task;
  for (;;) {
    const next = nextState(at, behaviour, now);
    if (next === undefined) return at;
    at = next;
  }
}

function nextState(task: Task, behaviour: Behaviour, now: number): Task | undefined {
  const to = (state: TaskState, more: Partial<Task> = {}): Task => ({ ...task, ...more, state, stateAt: now });
  const since = now - task.stateAt;
  if (['complete', 'shutdown', 'failed', 'rejected', 'remove', 'orphaned'].includes(task.state)) return undefined;
  if (isStopped(task)) {
    if (task.state !== 'running') return to('shutdown');
    if (task.error === 'stopping')
      return since >= (behaviour.stop ?? 0) ? to('shutdown', { error: undefined }) : undefined;
    return (behaviour.stop ?? 0) === 0 ? to('shutdown') : { ...task, error: 'stopping', stateAt: now };
  }
  switch (task.state) {
    case 'assigned':
      return to('preparing');
    case 'preparing':
      if (since < (behaviour.prepare ?? 0)) return undefined;
      return behaviour.rejects === undefined ? to('ready') : to('rejected', { error: behaviour.rejects });
    case 'ready':
      return task.desired === 'ready' ? undefined : to('starting');
    case 'starting':
      if (behaviour.neverRuns || since < (behaviour.start ?? 0)) return undefined;
      return to('running', { runningAt: now });
    case 'running':
      if (behaviour.endsAfter === undefined || since < behaviour.endsAfter) return undefined;
      return behaviour.completes ? to('complete') : to('failed', { error: 'task: non-zero exit (1)' });
    case 'new':
    case 'pending':
    case 'accepted':
    case 'complete':
    case 'shutdown':
    case 'failed':
    case 'rejected':
    case 'remove':
    case 'orphaned':
      return undefined;
  }
}
