// The leader's sessions with nodes: who is there, what each is to run, and what they report.
import type { Log } from '../../base/log.ts';
import {
  isTerminal,
  keys,
  type ClusterNode,
  type NodeDescription,
  type NodeRole,
  stateOrder,
  type Task,
  type TaskStatus,
} from '../model/objects.ts';
import { type SealKey, unseal } from '../security/seal.ts';
import type { Connection } from '../wire/connection.ts';
import type { Assignment, Files, LogLine, LogsOptions, ManagerMessage, NodeMessage } from '../wire/messages.ts';
import type { CacheChange } from './cache.ts';
import type { Writer } from './writer.ts';

export type ToNode = Connection<NodeMessage, ManagerMessage>;

interface Session {
  readonly node: string;
  readonly connection: ToNode;
  /** What it was last sent, as text, by task. */
  readonly sent: Map<string, string>;
  role: NodeRole;
}

export interface SessionsOptions {
  readonly writer: Writer;
  readonly sealKey: SealKey;
  readonly log: Log;
  readonly heartbeatMs: () => number;
}

export class Sessions {
  readonly #options: SessionsOptions;
  readonly #sessions = new Map<string, Session>();
  /** When each node was last heard of; only this manager knows. */
  readonly lastSeen = new Map<string, number>();
  /** When a node's session broke, until it has another. */
  readonly lostAt = new Map<string, number>();
  /** Something that the loop should look at, though the store did not change. */
  onEvent: () => void = () => undefined;
  readonly #logs = new Map<number, { node: string; lines: (lines: readonly LogLine[]) => void; end: () => void }>();
  /** Since when this manager leads: nodes have one term of grace from then on. */
  readonly since = Date.now();
  #count = 0;

  constructor(options: SessionsOptions) {
    this.#options = options;
  }

  get #cache() {
    return this.#options.writer.cache;
  }

  managers(): string[] {
    return this.#cache.all('nodes').flatMap(({ ManagerStatus }) => (ManagerStatus ? [ManagerStatus.Addr] : []));
  }

  open(node: string, connection: ToNode, description: NodeDescription, address: string): void {
    const known = this.#cache.get('nodes', node);
    if (!known) {
      connection.send({ type: 'removed' });
      connection.end();
      return;
    }
    this.#sessions.get(node)?.connection.close();
    const session: Session = { node, connection, sent: new Map(), role: effectiveRole(known) };
    this.#sessions.set(node, session);
    this.lastSeen.set(node, Date.now());
    connection.onClose(() => {
      if (this.#sessions.get(node) !== session) return;
      this.#sessions.delete(node);
      this.lostAt.set(node, Date.now());
      this.onEvent();
    });
    this.lostAt.delete(node);
    this.#greet(session);
    const { set, files } = this.#difference(session);
    connection.send({ type: 'assignments', tasks: set, files });
    void this.#options.writer
      .update<'nodes'>(keys.node(node), () => ({
        Description: description,
        Status: { State: 'ready', Addr: address },
      }))
      .then(() => this.onEvent())
      .catch(() => undefined);
  }

  #greet(session: Session): void {
    session.connection.send({
      type: 'session',
      heartbeatMs: this.#options.heartbeatMs(),
      role: session.role,
      managers: this.managers(),
    });
  }

  seen(node: string): void {
    this.lastSeen.set(node, Date.now());
  }

  has(node: string): boolean {
    return this.#sessions.has(node);
  }

  /** Sends each node what changed for it. */
  onChange(changes: readonly CacheChange[]): void {
    const nodesChanged = changes.some(({ kind }) => kind === 'nodes');
    for (const session of this.#sessions.values()) {
      const node = this.#cache.get('nodes', session.node);
      if (!node) {
        session.connection.send({ type: 'removed' });
        session.connection.end();
        continue;
      }
      if (nodesChanged && session.role !== effectiveRole(node)) {
        session.role = effectiveRole(node);
        this.#greet(session);
      } else if (changes.some(({ kind, id }) => kind === 'nodes' && this.#cache.get('nodes', id)?.ManagerStatus))
        this.#greet(session);
      if (!changes.some(({ kind }) => kind === 'tasks')) continue;
      const { set, gone, files } = this.#difference(session);
      if (set.length > 0 || gone.length > 0) session.connection.send({ type: 'changes', set, gone, files });
    }
  }

  #difference(session: Session): { set: Assignment[]; gone: string[]; files: Files } {
    const set: Assignment[] = [];
    const present = new Set<string>();
    for (const task of this.#cache.all('tasks')) {
      if (task.NodeID !== session.node) continue;
      present.add(task.ID);
      const assignment = this.#assignment(task);
      const text = JSON.stringify(assignment);
      if (session.sent.get(task.ID) === text) continue;
      session.sent.set(task.ID, text);
      set.push(assignment);
    }
    const gone = [...session.sent.keys()].filter((id) => !present.has(id));
    for (const id of gone) session.sent.delete(id);
    return { set, gone, files: this.#files(set) };
  }

  #assignment(task: Task): Assignment {
    const service = this.#cache.get('services', task.ServiceID);
    return {
      id: task.ID,
      service: task.ServiceID,
      serviceName: task.Annotations.Name.split('.')[0] ?? '',
      serviceLabels: service?.Spec.Labels ?? {},
      ...(task.Slot === undefined ? {} : { slot: task.Slot }),
      desired: task.DesiredState,
      ended: isTerminal(task.Status.State),
      spec: task.Spec,
      ports: task.Endpoint?.Ports ?? [],
    };
  }

  #files(tasks: readonly Assignment[]): Files {
    const files: Record<string, string> = {};
    for (const { spec, ended } of tasks) {
      if (ended) continue;
      for (const { SecretID } of spec.ContainerSpec?.Secrets ?? []) {
        const secret = this.#cache.get('secrets', SecretID);
        if (secret) files[SecretID] = unseal(this.#options.sealKey, SecretID, secret.sealed).toString('base64');
      }
      for (const { ConfigID } of spec.ContainerSpec?.Configs ?? []) {
        const config = this.#cache.get('configs', ConfigID);
        if (config) files[ConfigID] = config.Spec.Data;
      }
    }
    return files;
  }

  /** A node writes the status of its own tasks, only forwards. */
  async report(node: string, task: string, service: string, status: TaskStatus): Promise<void> {
    await this.#options.writer.update<'tasks'>(keys.task(service, task), ({ NodeID, Status, RunningAt }) => {
      if (NodeID !== node || isTerminal(Status.State)) return undefined;
      if (stateOrder(status.State) < stateOrder(Status.State)) return undefined;
      const same = JSON.stringify({ ...Status, Timestamp: '' }) === JSON.stringify({ ...status, Timestamp: '' });
      if (same) return undefined;
      const started = status.State === 'running' && RunningAt === undefined;
      return { Status: status, ...(started ? { RunningAt: status.Timestamp } : {}) };
    });
  }

  /** Lines of a task's log, from the node that it is on. */
  logs(
    node: string,
    task: string,
    options: LogsOptions,
    lines: (lines: readonly LogLine[]) => void,
    end: () => void,
  ): () => void {
    const session = this.#sessions.get(node);
    if (!session) {
      end();
      return () => undefined;
    }
    this.#count += 1;
    const id = this.#count;
    let forget = (): void => undefined;
    const finish = (): void => {
      forget();
      if (this.#logs.delete(id)) end();
    };
    this.#logs.set(id, { node, lines, end: finish });
    forget = session.connection.onClose(finish);
    session.connection.send({ type: 'logs', id, task, options });
    return () => {
      session.connection.send({ type: 'logs-stop', id });
      finish();
    };
  }

  /** Only what the node was asked for. */
  logLines(node: string, id: number, lines: readonly LogLine[] | undefined): void {
    const log = this.#logs.get(id);
    if (log?.node !== node) return;
    if (lines) log.lines(lines);
    else log.end();
  }

  close(): void {
    for (const { connection } of this.#sessions.values()) connection.close();
    this.#sessions.clear();
  }
}

/** One that is demoted is a manager until etcd has let it go. */
export function effectiveRole({ Spec, ManagerStatus }: ClusterNode): NodeRole {
  return ManagerStatus ? 'manager' : Spec.Role;
}
