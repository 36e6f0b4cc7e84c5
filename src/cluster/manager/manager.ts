// A manager: etcd beside it, a copy of everything, a door for nodes, and the loop while it leads.
import { join } from 'node:path';
import type { Duplex } from 'node:stream';
import { notFound, unavailable } from '../../base/errors.ts';
import type { Log } from '../../base/log.ts';
import type { Identity } from '../security/identity.ts';
import type { SealKey } from '../security/seal.ts';
import { EtcdChild } from '../store/child.ts';
import { TaskAccess } from '../kv/task-access.ts';
import { KeyValues } from '../kv/values.ts';
import { Watches } from '../kv/watch.ts';
import { Autoscaler } from './autoscaler.ts';
import { Cache } from './cache.ts';
import { Door } from './door.ts';
import { Election } from './election.ts';
import { type ClusterEvent, eventsOf } from './events.ts';
import { Loop } from './loop.ts';
import { Membership } from './membership.ts';
import { Sessions } from './sessions.ts';
import { Tunnels } from './tunnels.ts';
import { Writer } from './writer.ts';
import { ask, dialManager } from '../wire/dial.ts';
import type { Question } from '../wire/messages.ts';

export interface ManagerOptions {
  readonly identity: Identity;
  readonly folder: string;
  readonly etcdProgram: string | undefined;
  readonly tls: { readonly certificate: string; readonly key: string; readonly authority: string };
  /** The other managers are lost: etcd goes on with this member alone. */
  readonly forceNew?: boolean;
  readonly log: Log;
  readonly emit: (event: ClusterEvent) => void;
}

export class Manager {
  readonly #options: ManagerOptions;
  readonly #sealKey: SealKey;
  readonly etcd: EtcdChild;
  readonly writer: Writer;
  /** What applications keep in the cluster. */
  readonly values: KeyValues;
  readonly watches: Watches;
  readonly election: Election;
  readonly #cache: Cache;
  readonly #tunnels = new Tunnels();
  #door: Door | undefined;
  #sessions: Sessions | undefined;
  #autoscaler: Autoscaler | undefined;
  #loop: Loop | undefined;
  #membership: Membership | undefined;

  constructor(options: ManagerOptions) {
    const { identity, etcdProgram, log } = options;
    if (!identity.manager) throw unavailable('this node is no manager');
    if (etcdProgram === undefined)
      throw unavailable('etcd is not installed, and a manager of a cluster keeps its memory in it', {
        hint: "'apt-get install etcd-server' brings it; its service is not needed",
      });
    this.#options = options;
    const { peer, members, joins, sealKey } = identity.manager;
    this.#sealKey = sealKey;
    this.etcd = new EtcdChild({
      program: etcdProgram,
      folder: join(options.folder, 'etcd'),
      name: identity.node,
      peer,
      members,
      joins,
      tls: options.tls,
      ...(options.forceNew ? { forceNew: true } : {}),
      log,
    });
    this.#cache = new Cache(this.etcd.store);
    this.writer = new Writer(this.etcd.store, this.#cache);
    this.values = new KeyValues(this.etcd.store);
    this.watches = new Watches(this.etcd.store, this.#cache, this.values, log);
    this.election = new Election(this.etcd.store, { node: identity.node, address: identity.advertise }, log);
  }

  get cache(): Cache {
    return this.#cache;
  }

  /** Of the leader only. */
  get sessions(): Sessions | undefined {
    return this.#sessions;
  }

  /** What the leader alone knows. Throws where this manager does not lead. */
  #answer(question: Question): unknown {
    if (!this.#autoscaler) throw unavailable('this manager does not lead');
    if (question.about === 'loads') return Object.fromEntries(this.#autoscaler.loads);
    if (question.about === 'tunnel') {
      const { node, address, token } = question;
      if (!this.#sessions?.askTunnel(node, address, token))
        throw unavailable(`node ${this.#cache.get('nodes', node)?.Description.Hostname ?? node} has no session`);
      return true;
    }
    const service = this.#cache.get('services', question.service);
    if (!service) throw notFound(`service ${question.service} not found`);
    return this.#autoscaler.explain(service);
  }

  /** A connection to the API of a node, which opens it towards this manager. */
  async tunnel(node: string): Promise<Duplex> {
    const { token, opened } = this.#tunnels.expect(node);
    await this.ask({ about: 'tunnel', node, address: this.#options.identity.advertise, token });
    return opened;
  }

  /** Of this manager where it leads, else of the leader. */
  async ask<T>(question: Question): Promise<T> {
    if (this.#autoscaler) return this.#answer(question) as T;
    const leader = this.election.current;
    if (!leader) throw unavailable('no manager leads');
    const connection = await dialManager(leader.address, this.#options.identity);
    try {
      const answer = await ask(connection, { type: 'ask', question });
      if (answer.type !== 'answer') throw unavailable('the leader answered something else');
      return answer.answer as T;
    } finally {
      connection.close();
    }
  }

  /** `prepare` is called when etcd answers and before anything else: a new cluster writes itself there. */
  async start(prepare: (manager: Manager) => Promise<void> = () => Promise.resolve()): Promise<void> {
    this.etcd.start();
    await this.etcd.ready();
    // what is written is waited for to come back
    await this.#cache.open();
    await prepare(this);
    await this.open();
  }

  /** etcd answers already. */
  async open(): Promise<void> {
    const { identity, log } = this.#options;
    await this.#cache.open();
    this.#cache.onChange((changes) => {
      for (const change of changes)
        for (const event of eventsOf(change, this.#cache.get(change.kind, change.id))) this.#options.emit(event);
      this.#sessions?.onChange(changes);
      this.#loop?.onChange(changes);
      this.#membership?.wake();
    });
    this.watches.open();
    this.election.onLead = () => this.#lead();
    this.election.onFollow = () => this.#follow();
    this.#door = new Door({
      listen: identity.listen,
      root: identity.root,
      certificate: identity.certificate,
      key: identity.key,
      cluster: identity.cluster,
      sealKey: this.#sealKey,
      writer: this.writer,
      etcd: this.etcd.store,
      election: this.election,
      sessions: () => this.#sessions,
      answer: (question) => this.#answer(question),
      tunnels: this.#tunnels,
      values: new TaskAccess(this.#cache, this.values, this.watches),
      log,
    });
    await this.#door.listen();
    this.election.start();
  }

  #lead(): void {
    const { identity, log } = this.#options;
    log.info('cluster: this manager leads');
    const autoscaler = new Autoscaler();
    const sessions = new Sessions({
      surelyLeads: () => this.election.surelyLeads,
      autoscaler,
      writer: this.writer,
      sealKey: this.#sealKey,
      log,
      heartbeatMs: () => this.#cache.cluster.Spec.Dispatcher.HeartbeatPeriod / 1e6,
    });
    const former = this.election.former;
    // its lease has ended: it is waited for as for one whose session broke
    if (former && former.node !== identity.node) sessions.lostAt.set(former.node, sessions.since);
    const loop = new Loop({ writer: this.writer, sessions, autoscaler, guard: () => this.election.guard, log });
    sessions.onEvent = () => loop.wake();
    sessions.joins.onRequest = () => loop.wake();
    this.#sessions = sessions;
    this.#autoscaler = autoscaler;
    this.#loop = loop;
    this.#membership = new Membership({
      node: identity.node,
      writer: this.writer,
      etcd: this.etcd.store,
      election: this.election,
      log,
    });
    this.#membership.wake();
    loop.wake();
  }

  #follow(): void {
    this.#loop?.close();
    this.#membership?.close();
    this.#membership = undefined;
    this.#sessions?.close();
    this.#loop = undefined;
    this.#sessions = undefined;
    this.#autoscaler = undefined;
  }

  async stop(): Promise<void> {
    this.#door?.close();
    await this.election.stop();
    this.#follow();
    this.watches.close();
    this.#cache.close();
    await this.etcd.stop();
  }
}
