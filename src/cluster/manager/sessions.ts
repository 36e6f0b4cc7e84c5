// The leader's sessions with nodes: who is there, what each is to run, and what they report.
import { setTimeout as pause } from 'node:timers/promises';
import { rfc3339 } from '../../base/clock.ts';
import { messageOf } from '../../base/errors.ts';
import type { Log } from '../../base/log.ts';
import { steadyNow } from '../../base/steady.ts';
import { FENCE_MS } from '../agent/lease.ts';
import { extensionsOf } from '../model/extensions.ts';
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
import { openPullAuth, type PullCredentials, pullFile } from '../security/pull-auth.ts';
import { type SealKey, unseal } from '../security/seal.ts';
import type { Connection } from '../wire/connection.ts';
import type { Assignment, Files, LogLine, LogsOptions, ManagerMessage, NodeMessage } from '../wire/messages.ts';
import type { Autoscaler } from './autoscaler.ts';
import { type CacheChange, encode } from './cache.ts';
import type { Writer } from './writer.ts';
import { isIngress } from '../network/allocate.ts';
import { Distribution } from './distribution.ts';
import { Joins } from './joins.ts';

export type ToNode = Connection<NodeMessage, ManagerMessage>;

interface Session {
  readonly node: string;
  readonly connection: ToNode;
  /** What it was last sent, as text, by task. */
  readonly sent: Map<string, string>;
  role: NodeRole;
}

/** A node that has lost its lease needs at most so long to stop its fenced tasks, milliseconds. */
const STOP_MS = 2000;
/** Reports are gathered for so long, and written together. */
const GATHER_MS = 15;

interface Report {
  readonly node: string;
  readonly status: TaskStatus;
}

export interface SessionsOptions {
  readonly writer: Writer;
  readonly sealKey: SealKey;
  readonly log: Log;
  readonly heartbeatMs: () => number;
  /** This manager leads, and cannot have lost that unknowingly. */
  readonly surelyLeads?: () => boolean;
  readonly autoscaler?: Autoscaler;
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
  /** Since when this manager leads: nodes have one term of grace from then on. All of these times are the steady clock's. */
  readonly since = steadyNow();
  /** The newest report of each task that is not written yet. */
  #reports = new Map<string, Report>();
  #flushing = false;
  #count = 0;
  readonly networks: Distribution;
  readonly joins: Joins;

  constructor(options: SessionsOptions) {
    this.#options = options;
    this.networks = new Distribution(options.writer.cache, (task) => this.#released(task));
    this.joins = new Joins(options.writer);
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
    this.lastSeen.set(node, steadyNow());
    const receiver = { node, send: (message: ManagerMessage) => connection.send(message) };
    connection.onClose(() => {
      this.networks.lost(receiver);
      if (this.#sessions.get(node) !== session) return;
      this.#sessions.delete(node);
      this.lostAt.set(node, steadyNow());
      this.onEvent();
    });
    this.lostAt.delete(node);
    this.#greet(session);
    this.networks.open(receiver);
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

  heartbeat(node: string, message: Extract<NodeMessage, { type: 'heartbeat' }>): void {
    this.lastSeen.set(node, steadyNow());
    const own = (message.usage ?? []).filter(([task]) => this.#cache.get('tasks', task)?.NodeID === node);
    this.#options.autoscaler?.record(node, message.load, own);
    // a leader of before must not lengthen the life of what a new one replaces
    if (this.#options.surelyLeads?.() ?? true)
      this.#sessions.get(node)?.connection.send({ type: 'beat', beat: message.beat });
  }

  /** From then on, by the steady clock, fenced tasks of a node that is not heard any more have stopped. */
  fencedAt(node: string): number {
    return Math.max(this.since, this.lastSeen.get(node) ?? 0) + FENCE_MS + STOP_MS;
  }

  /** Asks a node to open a tunnel; false when it has no session. */
  askTunnel(node: string, address: string, token: string): boolean {
    const session = this.#sessions.get(node);
    session?.connection.send({ type: 'tunnel', address, token });
    return session !== undefined;
  }

  has(node: string): boolean {
    return this.#sessions.has(node);
  }

  /** Sends each node what changed for it. */
  onChange(changes: readonly CacheChange[]): void {
    // networks before the tasks that are on them
    this.networks.onChange(changes);
    const isRelisted = changes.some(({ relisted }) => relisted);
    const changed = new Set<string>();
    let managersChanged = isRelisted;
    for (const { kind, id, node } of changes) {
      if (kind === 'tasks' && node !== undefined) changed.add(node);
      // labels of a service say how its tasks are run
      else if (kind === 'services') for (const { NodeID } of this.#cache.tasksOf(id)) changed.add(NodeID ?? '');
      else if (kind === 'nodes') {
        changed.add(id);
        managersChanged ||= this.#cache.get('nodes', id)?.ManagerStatus !== undefined;
      }
    }
    const sessions =
      isRelisted || managersChanged
        ? [...this.#sessions.values()]
        : [...changed].flatMap((node) => this.#sessions.get(node) ?? []);
    for (const session of sessions) this.#update(session, managersChanged);
  }

  #update(session: Session, managersChanged: boolean): void {
    const node = this.#cache.get('nodes', session.node);
    if (!node) {
      session.connection.send({ type: 'removed' });
      session.connection.end();
      return;
    }
    const role = effectiveRole(node);
    if (session.role !== role || managersChanged) {
      session.role = role;
      this.#greet(session);
    }
    this.#sendChanges(session);
  }

  #sendChanges(session: Session): void {
    const { set, gone, files } = this.#difference(session);
    if (set.length > 0 || gone.length > 0) session.connection.send({ type: 'changes', set, gone, files });
  }

  /** Nobody is led to the task any more: it may be told to stop. */
  #released(task: string): void {
    const session = this.#sessions.get(this.#cache.get('tasks', task)?.NodeID ?? '');
    if (session) this.#sendChanges(session);
  }

  #difference(session: Session): { set: Assignment[]; gone: string[]; files: Files } {
    const set: Assignment[] = [];
    const present = new Set<string>();
    for (const task of this.#cache.tasksOn(session.node)) {
      if (this.#waitsForAddress(task)) continue;
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

  /** Its networks are not its own before it has addresses on them. */
  #waitsForAddress(task: Task): boolean {
    if (task.Addresses || isTerminal(task.Status.State)) return false;
    const onCluster = (task.Spec.Networks ?? []).some(({ Target }) => this.#cache.get('networks', Target));
    return onCluster || ((task.Endpoint?.Ports ?? []).some(isIngress) && this.#ingress() !== undefined);
  }

  #ingress() {
    return this.#cache.all('networks').find(({ Spec }) => Spec.Ingress);
  }

  #assignment(task: Task): Assignment {
    const service = this.#cache.get('services', task.ServiceID);
    const { fence, autoscale, kv } = extensionsOf(service?.Spec.Labels).value;
    return {
      id: task.ID,
      service: task.ServiceID,
      serviceName: task.Annotations.Name.split('.')[0] ?? '',
      serviceLabels: service?.Spec.Labels ?? {},
      ...(task.Slot === undefined ? {} : { slot: task.Slot }),
      desired: this.networks.isHeld(task.ID) ? 'running' : task.DesiredState,
      ended: isTerminal(task.Status.State),
      spec: task.Spec,
      ports: task.Endpoint?.Ports ?? [],
      networks: (task.Addresses ?? []).map(({ NetworkID, Addr, Addr6 }) => ({
        id: NetworkID,
        address: Addr.split('/')[0] ?? '',
        ...(Addr6 === undefined ? {} : { address6: Addr6.split('/')[0] ?? '' }),
        ingress: this.#cache.get('networks', NetworkID)?.Spec.Ingress ?? false,
      })),
      ...(fence ? { fence } : {}),
      ...(autoscale ? { measure: true } : {}),
      ...(kv ? { kv: true } : {}),
    };
  }

  #files(tasks: readonly Assignment[]): Files {
    const files: Record<string, string> = {};
    for (const { spec, ended, service } of tasks) {
      if (ended) continue;
      const image = spec.ContainerSpec?.Image ?? '';
      const auth = this.#pullAuth(service, image);
      if (auth) files[pullFile(service, image)] = Buffer.from(JSON.stringify(auth)).toString('base64');
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

  #pullAuth(service: string, image: string): PullCredentials | undefined {
    return openPullAuth(this.#options.sealKey, service, image, this.#cache.get('services', service)?.PullAuth);
  }

  /** A node writes the status of its own tasks, only forwards. Reports of many nodes go in one transaction. */
  report(node: string, task: string, status: TaskStatus): void {
    if (this.#cache.get('tasks', task)?.NodeID !== node) return;
    const queued = this.#reports.get(task)?.status.State;
    if (queued !== undefined && (isTerminal(queued) || stateOrder(status.State) < stateOrder(queued))) return;
    this.#reports.set(task, { node, status });
    if (this.#flushing) return;
    this.#flushing = true;
    void (async () => {
      while (this.#reports.size > 0) {
        await pause(GATHER_MS);
        const reports = this.#reports;
        this.#reports = new Map();
        await this.#write(reports).catch((error: unknown) => this.#options.log.warn(`cluster: ${messageOf(error)}`));
      }
      this.#flushing = false;
    })();
  }

  async #write(reports: ReadonlyMap<string, Report>): Promise<void> {
    const { writer } = this.#options;
    const changed = [...reports].flatMap(([id, report]) => {
      const task = this.#cache.get('tasks', id);
      const change = task && reported(task, report);
      return change
        ? [{ key: task.key, report, next: { ...task, ...change, UpdatedAt: rfc3339() }, revision: task.Version.Index }]
        : [];
    });
    const writes = changed.map(({ key, next, revision }) => ({
      guard: { key, revision },
      write: { put: key, value: encode(next) },
    }));
    const failed = await writer.commitEach(writes);
    // somebody else was faster: one by one, from what is there now
    for (const at of failed) {
      const { key, report } = changed[at] ?? {};
      if (key !== undefined && report) await writer.update<'tasks'>(key, (task) => reported(task, report));
    }
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
    this.networks.close();
    this.joins.close();
    for (const { connection } of this.#sessions.values()) connection.close();
    this.#sessions.clear();
  }
}

function reported({ NodeID, Status, RunningAt }: Task, { node, status }: Report): Partial<Task> | undefined {
  if (NodeID !== node || isTerminal(Status.State)) return undefined;
  if (stateOrder(status.State) < stateOrder(Status.State)) return undefined;
  const same = JSON.stringify({ ...Status, Timestamp: '' }) === JSON.stringify({ ...status, Timestamp: '' });
  if (same) return undefined;
  const started = status.State === 'running' && RunningAt === undefined;
  return { Status: status, ...(started ? { RunningAt: status.Timestamp } : {}) };
}

/** One that is demoted is a manager until etcd has let it go. */
export function effectiveRole({ Spec, ManagerStatus }: ClusterNode): NodeRole {
  return ManagerStatus ? 'manager' : Spec.Role;
}
