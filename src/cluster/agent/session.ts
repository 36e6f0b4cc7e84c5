// The one stream of a node to its managers: found, kept, and found again; what comes over it goes to the agent.
import { setTimeout as pause } from 'node:timers/promises';
import { X509Certificate } from 'node:crypto';
import { messageOf } from '../../base/errors.ts';
import type { Log } from '../../base/log.ts';
import type { NodeRole } from '../model/objects.ts';
import type { Machine } from './ports.ts';
import { newKeyPair } from '../security/authority.ts';
import type { Identity } from '../security/identity.ts';
import { dialManager, type ToManager } from '../wire/dial.ts';
import type { LogLine, ManagerMessage } from '../wire/messages.ts';
import type { Agent } from './agent.ts';
import { atAddress } from './moved.ts';
import type { AgentNetworks } from './networks.ts';
import type { TaskValues } from './values.ts';

export interface SessionOptions {
  readonly agent: Agent;
  readonly networks: AgentNetworks;
  readonly values: TaskValues;
  readonly machine: Machine;
  readonly log: Log;
  /** As it is now. */
  readonly identity: () => Identity;
  readonly save: (identity: Identity) => void;
  /** The cluster wants this node in another role, and its certificate says so now. */
  readonly onRole: (role: NodeRole) => void;
  /** The cluster knows this node no more. */
  readonly onRemoved: () => void;
}

const RETRY_MS = [50, 200, 500, 1000, 2000] as const;
const RENEW_CHECK_MS = 3600_000;

export class NodeSession {
  readonly #options: SessionOptions;
  readonly #abort = new AbortController();
  readonly #logs = new Map<number, AbortController>();
  #connection: ToManager | undefined;
  #hint: string | undefined;
  #heartbeat: NodeJS.Timeout | undefined;
  #renewal: NodeJS.Timeout | undefined;
  #pendingKey: string | undefined;
  #lastError = '';
  #beats = 0;

  constructor(options: SessionOptions) {
    this.#options = options;
  }

  start(): void {
    void this.#run();
  }

  /** Why there is no session; empty while there is one. */
  get error(): string {
    return this.#connection ? '' : this.#lastError;
  }

  get connected(): boolean {
    return this.#connection !== undefined;
  }

  async #run(): Promise<void> {
    const { signal } = this.#abort;
    let failures = 0;
    while (!signal.aborted) {
      const before = Date.now();
      await this.#once(this.#candidate(failures)).catch((error: unknown) => (this.#lastError = messageOf(error)));
      failures = Date.now() - before > 5000 ? 0 : failures + 1;
      const wait = RETRY_MS[Math.min(failures, RETRY_MS.length - 1)] ?? 0;
      await pause(wait * (0.75 + Math.random() / 2), undefined, { signal }).catch(() => undefined);
    }
  }

  #candidate(failures: number): string {
    const { managers, manager, advertise } = this.#options.identity();
    const hint = this.#hint;
    this.#hint = undefined;
    if (hint !== undefined && hint !== '') return hint;
    const known = [...new Set([...(manager ? [advertise] : []), ...managers])];
    return known[failures % Math.max(known.length, 1)] ?? '';
  }

  /** A session from its beginning to its end. */
  async #once(address: string): Promise<void> {
    const { agent, machine } = this.#options;
    const identity = this.#options.identity();
    const connection = await dialManager(address, identity);
    if (this.#abort.signal.aborted) {
      connection.close();
      return;
    }
    const closed = new Promise<void>((resolve) => connection.onClose(resolve));
    connection.onMessage = (message) => this.#take(connection, message);
    const own = machine.addresses().map(({ address }) => address);
    const now = atAddress(identity, own, connection.localAddress);
    if (now !== identity) this.#options.save(now);
    connection.send({ type: 'session', description: machine.describe(), address: now.address });
    await closed;
    if (this.#connection === connection) this.#connection = undefined;
    this.#options.networks.closed(connection);
    this.#options.values.closed(connection);
    agent.report = () => undefined;
    agent.lease.forget();
    clearInterval(this.#heartbeat);
    clearInterval(this.#renewal);
    for (const log of this.#logs.values()) log.abort();
    this.#logs.clear();
  }

  #take(connection: ToManager, message: ManagerMessage): void {
    const { agent, log } = this.#options;
    switch (message.type) {
      case 'redirect':
        this.#hint = message.address;
        this.#lastError = 'no manager leads';
        connection.close();
        return;
      case 'session':
        this.#begin(connection, message);
        return;
      case 'assignments':
        void agent
          .assign(message.tasks, message.files)
          .then(() => this.#reportAll())
          .catch((error: unknown) => log.warn(`cluster: ${messageOf(error)}`));
        return;
      case 'changes':
        agent.change(message.set, message.gone, message.files);
        return;
      case 'beat':
        agent.lease.answered(message.beat, agent.hasFenced);
        return;
      case 'networks':
        void this.#options.networks.take(connection, message);
        return;
      case 'attached':
        this.#options.networks.answered(message);
        return;
      case 'kv':
        this.#options.values.answered(message);
        return;
      case 'tunnel':
        void this.#tunnel(message.address, message.token).catch((error: unknown) =>
          log.info(`cluster: ${messageOf(error)}`),
        );
        return;
      case 'certificate':
        this.#certified(message.certificate, message.role);
        return;
      case 'removed':
        this.#options.onRemoved();
        return;
      case 'logs':
        this.#log(connection, message);
        return;
      case 'logs-stop':
        this.#logs.get(message.id)?.abort();
        return;
      case 'error':
        log.warn(`cluster: ${message.message}`);
        return;
      case 'joined':
      case 'left':
      case 'log':
      case 'log-end':
      case 'member':
      case 'answer':
      case 'promoted':
    }
  }

  #begin(connection: ToManager, message: Extract<ManagerMessage, { type: 'session' }>): void {
    const { agent } = this.#options;
    this.#connection = connection;
    this.#options.networks.opened(connection);
    this.#options.values.opened(connection);
    const identity = this.#options.identity();
    if (message.managers.length > 0 && message.managers.join() !== identity.managers.join())
      this.#options.save({ ...identity, managers: message.managers });
    clearInterval(this.#heartbeat);
    this.#heartbeat = setInterval(() => void this.#beat(connection), message.heartbeatMs / 2);
    void this.#beat(connection);
    agent.report = (task, status) => connection.send({ type: 'status', task: task.id, service: task.service, status });
    clearInterval(this.#renewal);
    this.#renewal = setInterval(() => this.#renewIfOld(), RENEW_CHECK_MS);
    if (message.role === identity.role) this.#renewIfOld();
    else this.#renew();
  }

  /** With what was measured; a heartbeat is never late because measuring is. */
  async #beat(connection: ToManager): Promise<void> {
    const { agent, machine } = this.#options;
    const usage = await Promise.race([agent.usage().catch(() => []), pause(500, [])]);
    const load = machine.load();
    this.#beats += 1;
    agent.lease.sent(this.#beats);
    connection.send({
      type: 'heartbeat',
      beat: this.#beats,
      ...(load ? { load } : {}),
      ...(usage.length > 0 ? { usage } : {}),
    });
  }

  /** A manager wants to speak to the API of this machine: about a task that runs here. */
  async #tunnel(address: string, token: string): Promise<void> {
    const connection = await dialManager(address, this.#options.identity());
    connection.send({ type: 'tunnel', token });
    const stream = connection.release();
    stream.allowHalfOpen = true;
    this.#options.machine.serve(stream);
  }

  #reportAll(): void {
    for (const { task, status } of this.#options.agent.statuses()) this.#options.agent.report(task, status);
  }

  /** At half of its life. */
  #renewIfOld(): void {
    const { validFromDate, validToDate } = new X509Certificate(this.#options.identity().certificate);
    if (Date.now() > (validFromDate.getTime() + validToDate.getTime()) / 2) this.#renew();
  }

  #renew(): void {
    const pair = newKeyPair();
    this.#pendingKey = pair.key;
    this.#connection?.send({ type: 'renew', publicKey: pair.publicKey });
  }

  #certified(certificate: string, role: NodeRole): void {
    const key = this.#pendingKey;
    if (key === undefined) return;
    this.#pendingKey = undefined;
    const before = this.#options.identity();
    this.#options.save({ ...before, certificate, key, role });
    if (before.role !== role) this.#options.onRole(role);
  }

  #log(connection: ToManager, message: Extract<ManagerMessage, { type: 'logs' }>): void {
    const abort = new AbortController();
    this.#logs.set(message.id, abort);
    void this.#options.agent
      .logs(message, abort.signal, (lines: readonly LogLine[]) =>
        connection.send({ type: 'log', id: message.id, lines }),
      )
      .catch(() => undefined)
      .finally(() => {
        this.#logs.delete(message.id);
        connection.send({ type: 'log-end', id: message.id });
      });
  }

  /** Tells the managers that this node goes. */
  async leave(): Promise<void> {
    const connection = this.#connection;
    if (!connection) return;
    const left = new Promise<void>((resolve) => {
      connection.onClose(resolve);
      connection.onMessage = ({ type }) => {
        if (type === 'left') resolve();
      };
    });
    connection.send({ type: 'leave' });
    await Promise.race([left, pause(3000)]);
  }

  close(): void {
    this.#abort.abort();
    this.#connection?.close();
    clearInterval(this.#heartbeat);
    clearInterval(this.#renewal);
  }
}
