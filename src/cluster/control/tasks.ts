// Verbs on tasks: list, inspect, logs.
import { invalid } from '../../base/errors.ts';
import type { Cluster } from '../member/cluster.ts';
import { setTimeout as pause } from 'node:timers/promises';
import { dialManager } from '../wire/dial.ts';
import type { LogLine, LogsOptions } from '../wire/messages.ts';
import { addressesIn } from '../model/network.ts';
import type { Task } from '../model/objects.ts';
import { byLabels, byPrefix, type Filters, find, known, oneOf } from './find.ts';
import { MergedLogs } from './merge-logs.ts';
import type { NodeControl } from './nodes.ts';
import type { ServiceControl } from './services.ts';

const FILTERS = ['desired-state', 'id', 'label', 'name', 'node', 'service', 'up-to-date', 'runtime', '_up-to-date'];

export interface TaskLine {
  readonly task: Task;
  readonly line: LogLine;
}

export class TaskControl {
  readonly #cluster: Cluster;
  readonly #nodes: NodeControl;
  readonly #services: ServiceControl;

  constructor(cluster: Cluster, nodes: NodeControl, services: ServiceControl) {
    this.#cluster = cluster;
    this.#nodes = nodes;
    this.#services = services;
  }

  list(filters: Filters): object[] {
    known(filters, FILTERS, invalid);
    const services = (filters.get('service') ?? []).map((one) => this.#services.get(one).ID);
    const nodes = (filters.get('node') ?? []).map((one) => this.#nodes.get(one).ID);
    return this.#cluster.manager.cache
      .all('tasks')
      .filter(
        (task) =>
          // tasks on their way out are not shown, as in Swarm
          task.DesiredState !== 'remove' &&
          byPrefix(filters, 'id', task.ID) &&
          byPrefix(filters, 'name', taskName(task)) &&
          (services.length === 0 || services.includes(task.ServiceID)) &&
          (nodes.length === 0 || nodes.includes(task.NodeID ?? '')) &&
          oneOf(filters, 'desired-state', task.DesiredState) &&
          byLabels(filters, 'label', task.Spec.ContainerSpec?.Labels) &&
          this.#upToDate(filters, task),
      )
      .map((task) => this.#view(task));
  }

  #view(task: Task): object {
    const { cache } = this.#cluster.manager;
    const attachments = (task.Addresses ?? []).flatMap((address) => {
      const network = cache.get('networks', address.NetworkID);
      if (!network) return [];
      const { ID, Version, CreatedAt, UpdatedAt, Spec } = network;
      return [{ Network: { ID, Version, CreatedAt, UpdatedAt, Spec }, Addresses: addressesIn(address) }];
    });
    return { ...view(task), ...(attachments.length === 0 ? {} : { NetworksAttachments: attachments }) };
  }

  #upToDate(filters: Filters, task: Task): boolean {
    const [wanted] = filters.get('_up-to-date') ?? filters.get('up-to-date') ?? [];
    if (wanted === undefined) return true;
    const service = this.#cluster.manager.cache.get('services', task.ServiceID);
    return (service?.SpecVersion.Index === task.SpecVersion.Index) === /^(?:true|1)$/.test(wanted);
  }

  get(reference: string): Task {
    return find(reference, {
      noun: 'task',
      all: this.#cluster.manager.cache.all('tasks'),
      id: ({ ID }) => ID,
      name: taskName,
    });
  }

  inspect(reference: string): object {
    return this.#view(this.get(reference));
  }

  /** Why it is where it is, and what became of it. */
  why(reference: string): object {
    const task = this.get(reference);
    const { cache } = this.#cluster.manager;
    return {
      ID: task.ID,
      Name: taskName(task),
      Node: cache.get('nodes', task.NodeID ?? '')?.Description.Hostname ?? '',
      State: task.Status.State,
      DesiredState: task.DesiredState,
      Error: task.Status.Err ?? '',
      Reasons: task.Reasons ?? [],
    };
  }

  /** Lines of all tasks in order; without `follow` it ends when all that was there is given. With a service, tasks that it gets later too. */
  async *logs(
    tasks: readonly Task[],
    options: LogsOptions,
    signal: AbortSignal,
    service?: string,
  ): AsyncIterable<readonly TaskLine[]> {
    const merged = new MergedLogs<TaskLine>(options.follow);
    const stops: Promise<() => void>[] = [];
    const known = new Set<string>();
    let wake = (): void => undefined;
    const add = (task: Task, own: LogsOptions): void => {
      known.add(task.ID);
      merged.open(task.ID);
      const lines = (found: readonly LogLine[]): void => {
        for (const line of found) merged.push(task.ID, { task, line }, line.time, Date.now());
        wake();
      };
      const end = (): void => {
        merged.end(task.ID);
        wake();
      };
      stops.push(
        this.#follow(task, own, lines, end).catch(() => {
          end();
          return () => undefined;
        }),
      );
    };
    for (const task of tasks) add(task, options);
    const follows = options.follow && service !== undefined;
    const { cache } = this.#cluster.manager;
    // of a task that comes later everything is new
    const { tail: _, since: __, ...later } = options;
    const forget = cache.onChange((changes) => {
      if (!follows) return;
      for (const { kind, id, service: of, gone } of changes) {
        const task = kind === 'tasks' && of === service && !gone && !known.has(id) ? cache.get('tasks', id) : undefined;
        if (task?.NodeID !== undefined && task.Status.ContainerStatus) add(task, later);
      }
    });
    const aborted = (): void => wake();
    signal.addEventListener('abort', aborted);
    try {
      while (!signal.aborted) {
        const next = merged.take(Date.now());
        if (next.length > 0) yield next;
        else if (merged.isDone && !follows) return;
        else await Promise.race([new Promise<void>((resolve) => (wake = resolve)), pause(options.follow ? 50 : 5000)]);
      }
    } finally {
      signal.removeEventListener('abort', aborted);
      forget();
      for (const stop of stops) (await stop)();
    }
  }

  /** From the leader, who has the sessions. */
  async #follow(
    task: Task,
    options: LogsOptions,
    lines: (lines: readonly LogLine[]) => void,
    end: () => void,
  ): Promise<() => void> {
    const { manager, identity } = this.#cluster;
    const node = task.NodeID ?? '';
    if (manager.sessions) return manager.sessions.logs(node, task.ID, options, lines, end);
    const leader = manager.election.current;
    if (!leader || !identity) {
      end();
      return () => undefined;
    }
    const connection = await dialManager(leader.address, identity);
    connection.onClose(end);
    connection.onMessage = (message) => {
      if (message.type === 'log') lines(message.lines);
      else if (message.type === 'log-end') connection.close();
    };
    connection.send({ type: 'task-logs', node, task: task.ID, options });
    return () => connection.close();
  }

  of(reference: string): { readonly service: string; readonly tasks: readonly Task[] } {
    return { service: this.#services.get(reference).ID, tasks: this.#services.tasksOf(reference) };
  }
}

export function taskName(task: Task): string {
  return `${task.Annotations.Name}.${task.Slot ?? task.NodeID ?? ''}`;
}

function view(task: Task): object {
  const { ID, Version, CreatedAt, UpdatedAt, Spec, ServiceID, Slot, NodeID, Status, DesiredState, JobIteration } = task;
  return {
    ID,
    Version,
    CreatedAt,
    UpdatedAt,
    Labels: task.Labels,
    Spec,
    ServiceID,
    ...(Slot === undefined ? {} : { Slot }),
    ...(NodeID === undefined ? {} : { NodeID }),
    Status: { ...Status, PortStatus: Status.PortStatus ?? {} },
    DesiredState,
    ...(JobIteration ? { JobIteration } : {}),
  };
}
