// The leader's loop: what is there goes into the core, what it plans goes into the store, guarded by what was read.
import { messageOf } from '../../base/errors.ts';
import type { Log } from '../../base/log.ts';
import * as core from '../core/index.ts';
import type { Guard } from '../store/port.ts';
import { encode } from './cache.ts';
import { fold, type Objects } from './fold.ts';
import type { Sessions } from './sessions.ts';
import { coreNode, coreService, coreTask } from './translate.ts';
import type { Writer } from './writer.ts';

/** Changes are gathered for so long; a plan after a conflict is made after RETRY_MS. */
const GATHER_MS = 10;
const RETRY_MS = 100;
/** Whatever is forgotten by a timer is seen then. */
const IDLE_MS = 30_000;

export interface LoopOptions {
  readonly writer: Writer;
  readonly sessions: Sessions;
  readonly guard: () => Guard | undefined;
  readonly log: Log;
}

export class Loop {
  readonly #options: LoopOptions;
  #timer: NodeJS.Timeout | undefined;
  #due = Number.POSITIVE_INFINITY;
  #running = false;
  #closed = false;
  #cursor: string | undefined;

  constructor(options: LoopOptions) {
    this.#options = options;
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
      next = RETRY_MS * 5;
    }
    this.#running = false;
    this.wake(next);
  }

  /** Milliseconds until time alone may change something. */
  async #round(): Promise<number> {
    const { writer, guard } = this.#options;
    const held = guard();
    if (!held) return IDLE_MS;
    const now = Date.now();
    const objects: Objects = {
      services: new Map(writer.cache.all('services').map((one) => [one.ID, one])),
      tasks: new Map(writer.cache.all('tasks').map((one) => [one.ID, one])),
      nodes: new Map(writer.cache.all('nodes').map((one) => [one.ID, one])),
    };
    const versions = new Map(
      [...objects.services.values(), ...objects.tasks.values(), ...objects.nodes.values()].map(({ key, Version }) => [
        key,
        Version.Index,
      ]),
    );
    const life = this.#nodeLife(objects, now);
    const changed = fold(objects, life.steps, now);
    const kept = this.#keep(objects, now);
    for (const key of fold(objects, kept.steps, now)) changed.add(key);
    const placed = this.#place(objects, now);
    for (const key of fold(objects, placed, now)) changed.add(key);
    for (const { op, cause } of [...life.steps, ...kept.steps, ...placed])
      this.#options.log.debug({ op: op.kind, cause }, 'cluster plan');
    if (changed.size > 0 && !(await this.#write(objects, changed, versions, held))) return RETRY_MS;
    const wakes = [life.wakeAt, kept.wakeAt].filter((at) => at !== undefined);
    return Math.max(GATHER_MS, Math.min(IDLE_MS, ...wakes.map((at) => at - now)));
  }

  #nodeLife(objects: Objects, now: number): core.Plan {
    const { sessions, writer } = this.#options;
    const policy = core.nodeLifePolicy(writer.cache.cluster.Spec.Dispatcher.HeartbeatPeriod / 1e6);
    return core.joinPlans(
      [...objects.nodes.values()].map((node): core.Plan => {
        if (node.Status.State === 'down' && !sessions.has(node.ID)) return { steps: [] };
        const facts = {
          state: node.Status.State,
          lastSeen: sessions.lastSeen.get(node.ID),
          sessionLostAt: sessions.lostAt.get(node.ID),
          leaderSince: sessions.since,
        };
        const { state, cause, wakeAt } = core.nodeLife(facts, policy, now);
        // a short break is nobody's business
        const shown = state === 'unknown' ? node.Status.State : state === 'disconnected' ? 'down' : state;
        const steps: core.Step[] =
          shown === node.Status.State ? [] : [{ op: { kind: 'setNodeState', nodeId: node.ID, state: shown }, cause }];
        return wakeAt === undefined ? { steps } : { steps, wakeAt };
      }),
    );
  }

  #keep(objects: Objects, now: number): core.Plan {
    const limit = this.#options.writer.cache.cluster.Spec.Orchestration.TaskHistoryRetentionLimit;
    const nodes = core.nodeMap([...objects.nodes.values()].map(coreNode));
    const tasks = [...objects.tasks.values()].map(coreTask);
    const byService = Map.groupBy(tasks, ({ serviceId }) => serviceId);
    const plans = [core.orphan(tasks, nodes, now)];
    for (const service of objects.services.values()) {
      const own = byService.get(service.ID) ?? [];
      const wanted = coreService(service);
      plans.push(core.reconcile(wanted, own, nodes, {}, now), core.reap(wanted, own, limit));
    }
    for (const [id, own] of byService) {
      if (objects.services.has(id)) continue;
      plans.push(
        {
          steps: own
            .filter(({ desired }) => desired !== 'remove')
            .map((task) => ({
              op: { kind: 'setDesired', taskId: task.id, desired: 'remove' },
              cause: 'its service is gone',
            })),
        },
        // nobody will tell what became of a task that never had a node
        {
          steps: own
            .filter(({ nodeId, state }) => nodeId === undefined && state === 'pending')
            .map((task) => ({ op: { kind: 'deleteTask', taskId: task.id }, cause: 'its service is gone' })),
        },
        core.reapServiceless(own),
      );
    }
    return core.joinPlans(plans);
  }

  #place(objects: Objects, now: number): readonly core.Step[] {
    const { steps, cursor } = core.schedule({
      nodes: [...objects.nodes.values()].map(coreNode),
      tasks: [...objects.tasks.values()].map(coreTask),
      services: new Map([...objects.services.values()].map((service) => [service.ID, coreService(service)])),
      now,
      cursor: this.#cursor,
    });
    this.#cursor = cursor;
    return steps;
  }

  #write(
    { services, tasks, nodes }: Objects,
    changed: ReadonlySet<string>,
    versions: ReadonlyMap<string, number>,
    guard: Guard,
  ): Promise<boolean> {
    const present = new Map(
      [...services.values(), ...tasks.values(), ...nodes.values()].map((object) => [object.key, object]),
    );
    return this.#options.writer.commitAll(
      guard,
      [...changed].flatMap((key) => {
        const object = present.get(key);
        const revision = versions.get(key) ?? 0;
        if (!object && revision === 0) return [];
        return [
          {
            guard: { key, revision },
            write: object ? { put: key, value: encode(object) } : { delete: key },
          },
        ];
      }),
    );
  }

  close(): void {
    this.#closed = true;
    clearTimeout(this.#timer);
  }
}
