// The leader's loop: what changed goes into the core, what it plans goes into the store, guarded by what was read.
import { messageOf } from '../../base/errors.ts';
import type { Log } from '../../base/log.ts';
import { steadyNow } from '../../base/steady.ts';
import * as core from '../core/index.ts';
import type { Service, Task } from '../model/objects.ts';
import { Allocator } from '../network/allocate.ts';
import type { Guard } from '../store/port.ts';
import type { Autoscaler } from './autoscaler.ts';
import { type CacheChange, encode, type Held } from './cache.ts';
import { fold } from './fold.ts';
import { allocateServices, allocateTasks } from './give-addresses.ts';
import { Overlay } from './overlay.ts';
import type { Sessions } from './sessions.ts';
import { coreNode, coreService, coreTask } from './translate.ts';
import type { Writer } from './writer.ts';

/** Changes are gathered for so long; a plan after a conflict is made after RETRY_MS. */
const GATHER_MS = 10;
const RETRY_MS = 100;
/** Whatever is forgotten by a timer is seen then: everything is looked at. */
const IDLE_MS = 30_000;

export interface LoopOptions {
  readonly writer: Writer;
  readonly sessions: Sessions;
  readonly autoscaler?: Autoscaler;
  readonly guard: () => Guard | undefined;
  readonly log: Log;
}

interface Round {
  readonly services: Overlay<'services'>;
  readonly tasks: Overlay<'tasks'>;
  readonly nodes: Overlay<'nodes'>;
  /** Tasks that this round has made, by service. */
  readonly made: Map<string, Set<string>>;
  readonly now: number;
}

export class Loop {
  readonly #options: LoopOptions;
  #timer: NodeJS.Timeout | undefined;
  #due = Number.POSITIVE_INFINITY;
  #running = false;
  #closed = false;
  #cursor: string | undefined;
  /** Services to be looked at; everything where `#all`. */
  #dirty = new Set<string>();
  #all = true;
  #lastAll = 0;
  /** Addresses that were given last, by network. */
  #last = new Map<string, bigint>();
  /** When time alone may change a service. */
  readonly #wakes = new Map<string, number>();
  /** Objects are never changed, only exchanged: what was made of one holds as long as it does. */
  readonly #tasks = new WeakMap<Held<Task>, core.Task>();
  readonly #services = new WeakMap<Held<Service>, core.Service>();

  constructor(options: LoopOptions) {
    this.#options = options;
  }

  onChange(changes: readonly CacheChange[]): void {
    for (const { kind, id, service } of changes) {
      if (kind === 'tasks') this.#dirty.add(service ?? '');
      else if (kind === 'services') this.#dirty.add(id);
      else if (kind === 'nodes' || kind === 'cluster' || kind === 'networks') this.#all = true;
    }
    this.wake();
  }

  /** Plans within so many milliseconds. */
  wake(inMs = GATHER_MS): void {
    const due = Date.now() + inMs;
    if (this.#closed || due >= this.#due) return;
    this.#due = due;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => void this.#run(), inMs);
  }

  async #run(): Promise<void> {
    this.#due = Number.POSITIVE_INFINITY;
    if (this.#running || this.#closed) {
      this.wake(GATHER_MS);
      return;
    }
    this.#running = true;
    let next = IDLE_MS;
    try {
      next = await this.#round();
    } catch (error) {
      this.#options.log.warn(`cluster: the plan could not be carried out: ${messageOf(error)}`);
      this.#all = true;
      next = RETRY_MS * 5;
    }
    this.#running = false;
    this.wake(next);
  }

  /** Milliseconds until time alone may change something. */
  async #round(): Promise<number> {
    const { writer, guard, log } = this.#options;
    const held = guard();
    if (!held) return IDLE_MS;
    const now = Date.now();
    const dirty = this.#takeDirty(now);
    const { cache } = writer;
    const round: Round = {
      services: new Overlay(cache, 'services'),
      tasks: new Overlay(cache, 'tasks'),
      nodes: new Overlay(cache, 'nodes'),
      made: new Map(),
      now,
    };
    const allocator = this.#allocator(round);
    if (!(await this.#options.sessions.joins.answer(allocator, held))) {
      for (const id of dirty) this.#dirty.add(id);
      return RETRY_MS;
    }
    const changed = new Set<string>();
    const steps: core.Step[] = [];
    const add = (plan: Pick<core.Plan, 'steps'>): void => {
      steps.push(...plan.steps);
      for (const key of fold(round, plan.steps, now)) changed.add(key);
      for (const { op } of plan.steps)
        if (op.kind === 'createTask') {
          const made = round.made.get(op.serviceId) ?? new Set();
          round.made.set(op.serviceId, made.add(op.id));
          dirty.add(op.serviceId);
        } else if (op.kind === 'scaleService') dirty.add(op.serviceId);
    };
    const life = this.#nodeLife(now);
    add(life);
    // a node that comes or goes is everybody's business
    if (life.steps.length > 0) for (const { ID } of cache.all('services')) dirty.add(ID);
    const scale = this.#options.autoscaler?.plan(cache.all('services'), (id) => cache.tasksOf(id)) ?? { steps: [] };
    add(scale);
    const nodes = core.nodeMap(round.nodes.values().map((node) => coreNode(node, this.#factsOf(node.ID, now))));
    if (this.#lastAll === now || life.steps.length > 0) add(this.#orphans(nodes, now));
    for (const key of allocateServices(round, dirty, allocator)) changed.add(key);
    for (const id of dirty) add(this.#keep(id, round, nodes));
    if (cache.unplaced.size > 0 || round.made.size > 0) add({ steps: this.#place(round, [...nodes.values()]) });
    for (const key of allocateTasks(round, this.#unaddressed(round, dirty, steps), allocator)) changed.add(key);
    this.#last = allocator.last;
    for (const { op, cause } of steps) log.debug({ op: op.kind, cause }, 'cluster plan');
    if (changed.size > 0 && !(await this.#write(round, held))) {
      for (const id of dirty) this.#dirty.add(id);
      if (life.steps.length > 0) this.#all = true;
      return RETRY_MS;
    }
    const wakes = [life.wakeAt, scale.wakeAt, ...this.#wakes.values()].filter((at) => at !== undefined);
    return Math.max(
      GATHER_MS,
      wakes.reduce((least, at) => Math.min(least, at - now), IDLE_MS),
    );
  }

  #allocator({ services, tasks, nodes }: Round): Allocator {
    const { cache } = this.#options.writer;
    return new Allocator({
      networks: new Map(cache.all('networks').map((one) => [one.ID, one])),
      services,
      tasks,
      nodes,
      attachments: cache.all('attachments'),
      last: this.#last,
    });
  }

  /** Tasks that may lack addresses. */
  #unaddressed(round: Round, dirty: ReadonlySet<string>, steps: readonly core.Step[]): Set<string> {
    const { cache } = this.#options.writer;
    return new Set([
      ...[...dirty].flatMap((id) => [...cache.tasksOf(id).map(({ ID }) => ID), ...(round.made.get(id) ?? [])]),
      ...steps.flatMap(({ op }) => (op.kind === 'assignTask' ? [op.taskId] : [])),
    ]);
  }

  /** Services that changed, and those whose time has come. */
  #takeDirty(now: number): Set<string> {
    const { cache } = this.#options.writer;
    const all = this.#all || now - this.#lastAll >= IDLE_MS || now < this.#lastAll;
    const dirty = this.#dirty;
    this.#dirty = new Set();
    this.#all = false;
    if (all) {
      this.#lastAll = now;
      for (const { ID } of cache.all('services')) dirty.add(ID);
      for (const id of cache.servicesWithTasks) dirty.add(id);
    }
    for (const [id, at] of this.#wakes) if (at <= now) dirty.add(id);
    return dirty;
  }

  #factsOf(node: string, now: number) {
    const { sessions, autoscaler } = this.#options;
    const steady = steadyNow();
    return {
      load: autoscaler?.loads.get(node),
      // both clocks meet here: how far off it is, from now
      fencedAt: Math.max(0, sessions.fencedAt(node) - steady) + now,
    };
  }

  /** By the steady clock: who sets the machine's clock kills no node. */
  #nodeLife(now: number): core.Plan {
    const { sessions, writer } = this.#options;
    const steady = steadyNow();
    const policy = core.nodeLifePolicy(writer.cache.cluster.Spec.Dispatcher.HeartbeatPeriod / 1e6);
    const plan = core.joinPlans(
      writer.cache.all('nodes').map((node): core.Plan => {
        if (node.Status.State === 'down' && !sessions.has(node.ID)) return { steps: [] };
        const facts = {
          state: node.Status.State,
          lastSeen: sessions.lastSeen.get(node.ID),
          sessionLostAt: sessions.lostAt.get(node.ID),
          leaderSince: sessions.since,
        };
        const { state, cause, wakeAt } = core.nodeLife(facts, policy, steady);
        // a short break is nobody's business
        const shown = state === 'unknown' ? node.Status.State : state === 'disconnected' ? 'down' : state;
        const steps: core.Step[] =
          shown === node.Status.State ? [] : [{ op: { kind: 'setNodeState', nodeId: node.ID, state: shown }, cause }];
        return wakeAt === undefined ? { steps } : { steps, wakeAt };
      }),
    );
    return plan.wakeAt === undefined ? plan : { ...plan, wakeAt: plan.wakeAt - steady + now };
  }

  /** Tasks of nodes that are gone, or down for long. */
  #orphans(nodes: core.Nodes, now: number): core.Plan {
    const { cache } = this.#options.writer;
    const tasks = cache
      .all('tasks')
      .filter(({ NodeID }) => NodeID !== undefined && nodes.get(NodeID)?.state !== 'ready')
      .map((task) => this.#task(task));
    return core.orphan(tasks, nodes, now);
  }

  #task(task: Held<Task>): core.Task {
    const known = this.#tasks.get(task) ?? coreTask(task);
    this.#tasks.set(task, known);
    return known;
  }

  #service(service: Held<Service>): core.Service {
    const known = this.#services.get(service) ?? coreService(service);
    this.#services.set(service, known);
    return known;
  }

  #tasksOf(id: string, round: Round): core.Task[] {
    const own = this.#options.writer.cache.tasksOf(id).flatMap(({ ID }) => round.tasks.get(ID) ?? []);
    const made = [...(round.made.get(id) ?? [])].flatMap((task) => round.tasks.get(task) ?? []);
    return [...own, ...made].map((task) => this.#task(task));
  }

  #keep(id: string, round: Round, nodes: core.Nodes): core.Plan {
    this.#wakes.delete(id);
    const limit = this.#options.writer.cache.cluster.Spec.Orchestration.TaskHistoryRetentionLimit;
    const service = round.services.get(id);
    const own = this.#tasksOf(id, round);
    if (!service) return forgotten(own);
    const wanted = this.#service(service);
    const plan = core.joinPlans([core.reconcile(wanted, own, nodes, {}, round.now), core.reap(wanted, own, limit)]);
    if (plan.wakeAt !== undefined) this.#wakes.set(id, plan.wakeAt);
    return plan;
  }

  #place(round: Round, nodes: readonly core.Node[]): readonly core.Step[] {
    const { steps, cursor } = core.schedule({
      nodes,
      tasks: round.tasks.values().map((task) => this.#task(task)),
      services: new Map(round.services.values().map((service) => [service.ID, this.#service(service)])),
      now: round.now,
      cursor: this.#cursor,
    });
    this.#cursor = cursor;
    return steps;
  }

  #write(round: Round, guard: Guard): Promise<boolean> {
    const { writer } = this.#options;
    const { cache } = writer;
    const writes = (['services', 'tasks', 'nodes'] as const).flatMap((kind) =>
      [...round[kind].changed()].flatMap(([id, object]) => {
        const old = cache.get(kind, id);
        const key = object?.key ?? old?.key;
        if (key === undefined) return [];
        return [
          {
            guard: { key, revision: old?.Version.Index ?? 0 },
            write: object ? { put: key, value: encode(object) } : { delete: key },
          },
        ];
      }),
    );
    return writer.commitAll(guard, writes);
  }

  close(): void {
    this.#closed = true;
    clearTimeout(this.#timer);
  }
}

/** What becomes of the tasks of a service that is gone. */
function forgotten(own: readonly core.Task[]): core.Plan {
  const cause = 'its service is gone';
  return core.joinPlans([
    {
      steps: own
        .filter(({ desired }) => desired !== 'remove')
        .map((task) => ({ op: { kind: 'setDesired', taskId: task.id, desired: 'remove' }, cause })),
    },
    // nobody will tell what became of a task that never had a node
    {
      steps: own
        .filter(({ nodeId, state }) => nodeId === undefined && state === 'pending')
        .map((task) => ({ op: { kind: 'deleteTask', taskId: task.id }, cause })),
    },
    core.reapServiceless(own),
  ]);
}
