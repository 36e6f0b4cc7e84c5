// This machine's part in a cluster: none, a worker's, or a manager's; and the ways between them.
import { setTimeout as pause } from 'node:timers/promises';
import { conflict, messageOf, unavailable } from '../../base/errors.ts';
import type { Log } from '../../base/log.ts';
import { Agent } from '../agent/agent.ts';
import { AgentNetworks } from '../agent/networks.ts';
import { TaskValues } from '../agent/values.ts';
import { NodeSession } from '../agent/session.ts';
import { firstManager, makeCluster, type InitRequest } from './init.ts';
import { joinCluster, type JoinRequest, takePlaceInEtcd } from './join.ts';
import type { ClusterEvent } from '../manager/events.ts';
import { type Backup, forgetOthers, restoredIdentity, writeBackup } from './backup.ts';
import { Manager } from '../manager/manager.ts';
import { keys, type NodeRole } from '../model/objects.ts';
import type { Machine, TaskContainers, TaskNetworks } from '../agent/ports.ts';
import { type Identity, IdentityFile } from '../security/identity.ts';
import type { SealKey } from '../security/seal.ts';
import { readUnlockKey, unlockKeyOf } from '../security/unlock-key.ts';

export interface ClusterOptions {
  readonly dataRoot: string;
  readonly containers: TaskContainers;
  readonly machine: Machine;
  readonly networks: TaskNetworks;
  readonly log: Log;
  /** Something happened in the cluster. */
  readonly emit: (event: ClusterEvent) => void;
}

/** etcd lets a member go when the others are connected, for five seconds at least. */
const LEAVE_MS = 10_000;

/** How long an unlocked manager may take to come up before the one who unlocked it is answered. */
const UNLOCK_MS = 20_000;

/** Where the keys of a locked manager lie in memory, beside the files of tasks. */
const KEYS = 'manager';

const LOCKED =
  'Swarm is encrypted and needs to be unlocked before it can be used. Please use "docker swarm unlock" to unlock it.';
export const NO_MANAGER =
  'This node is not a swarm manager. Use "docker swarm init" or "docker swarm join" to connect this node to swarm and try again.';
export const WORKER_ONLY =
  "This node is not a swarm manager. Worker nodes can't be used to view or modify cluster state. Please run this command on a manager node or promote the current node to a manager.";
const ALREADY =
  'This node is already part of a swarm. Use "docker swarm leave" to leave this swarm and join another one.';

export class Cluster {
  readonly #options: ClusterOptions;
  readonly #file: IdentityFile;
  #identity: Identity | undefined;
  #agent: Agent | undefined;
  #networks: AgentNetworks | undefined;
  #values: TaskValues | undefined;
  #session: NodeSession | undefined;
  #manager: Manager | undefined;
  /** While a manager starts, or why it did not. */
  #problem = '';
  /** Its keys are sealed until somebody brings the unlock key. */
  #isLocked: boolean;
  #changing = false;
  #busy: Promise<void> = Promise.resolve();

  constructor(options: ClusterOptions) {
    this.#options = options;
    this.#file = new IdentityFile(options.dataRoot);
    this.#identity = this.#file.read();
    this.#isLocked = this.#file.isLocked;
  }

  get identity(): Identity | undefined {
    return this.#identity;
  }

  get isLocked(): boolean {
    return this.#isLocked;
  }

  /** This machine is a manager, and up. */
  get isManager(): boolean {
    return this.#manager !== undefined;
  }

  /** Of a manager that is up. Throws Docker's refusals on every other machine. */
  get manager(): Manager {
    if (this.#isLocked) throw unavailable(LOCKED);
    if (this.#manager) return this.#manager;
    if (this.#identity?.role === 'worker') throw unavailable(WORKER_ONLY);
    if (this.#identity) throw unavailable(`the manager on this node is not up yet: ${this.#problem}`);
    throw unavailable(NO_MANAGER);
  }

  /** What opens the cluster's secrets. Throws on a machine that has it not. */
  get sealKey(): SealKey {
    const sealKey = this.#identity?.manager?.sealKey ?? '';
    if (sealKey === '') throw unavailable(this.#isLocked ? LOCKED : NO_MANAGER);
    return sealKey;
  }

  /** Takes up what this machine was before: tasks go on at once, whoever else is up. */
  async start(): Promise<void> {
    const identity = this.#identity;
    if (!identity) return;
    // what was in memory when the daemon was killed
    if (this.#isLocked) await this.#options.machine.removeFiles(KEYS);
    await this.#startAgent();
    if (identity.manager && !this.#isLocked) this.#startManager();
  }

  /** Throws in Docker's words. */
  unlock(text: string): Promise<void> {
    return this.#alone(async () => {
      if (!this.#identity) throw unavailable('This node is not part of a swarm');
      if (!this.#isLocked) throw conflict('swarm is not locked');
      const unlockKey = readUnlockKey(text);
      this.#file.checkUnlock(unlockKey);
      this.#identity = this.#file.unlock({ unlockKey, memory: await this.#options.machine.memoryFiles(KEYS) });
      this.#isLocked = false;
      this.#session?.start();
      this.#startManager();
      await Promise.race([this.#busy, pause(UNLOCK_MS)]);
    });
  }

  /** As the cluster has it: keys on this machine are locked, locked with another key, or not. */
  async #followLock(manager: Manager): Promise<void> {
    const identity = this.#identity;
    if (!identity?.manager) return;
    const unlockKey = unlockKeyOf(manager.cache.cluster, identity.manager.sealKey);
    if (unlockKey === this.#file.unlockKey) return;
    await this.#setLock(unlockKey);
    this.#save(identity);
    if (unlockKey === undefined) await this.#options.machine.removeFiles(KEYS);
  }

  async #setLock(unlockKey: SealKey | undefined): Promise<void> {
    const memory = unlockKey === undefined ? '' : await this.#options.machine.memoryFiles(KEYS);
    this.#file.setLock(unlockKey === undefined ? undefined : { unlockKey, memory });
  }

  /** It is up: its keys are kept as the cluster wants it from now on. */
  #serve(manager: Manager): void {
    this.#manager = manager;
    const follow = (): void => {
      void this.#followLock(manager).catch((error: unknown) =>
        this.#options.log.warn(`cluster: the keys of this manager could not be locked: ${messageOf(error)}`),
      );
    };
    manager.cache.onChange((changes) => {
      if (changes.some(({ kind, relisted }) => kind === 'cluster' || relisted)) follow();
    });
    follow();
  }

  async #startAgent(): Promise<void> {
    const { containers, machine, log } = this.#options;
    const values = new TaskValues(log);
    this.#values = values;
    const agent = new Agent({ node: this.#known.node, folder: this.#file.folder, containers, machine, values, log });
    const { networks } = this.#options;
    this.#networks = new AgentNetworks({ node: this.#known.node, folder: this.#file.folder, networks, log });
    await this.#networks.start();
    this.#agent = agent;
    await agent.start();
    this.#session = new NodeSession({
      agent,
      networks: this.#networks,
      values,
      machine,
      log,
      identity: () => this.#known,
      save: (next) => this.#save(next),
      onRole: (role) => this.#changeRole(role),
      onRemoved: () => {
        log.warn('cluster: this node was removed from the cluster');
        void this.#wipe();
      },
    });
    if (!this.#isLocked) this.#session.start();
  }

  #newManager(forceNew = false): Manager {
    const { machine, log } = this.#options;
    return new Manager({
      forceNew,
      emit: this.#options.emit,
      identity: this.#known,
      folder: this.#file.folder,
      etcdProgram: machine.etcd(),
      tls: this.#file.tls,
      log,
    });
  }

  /** In the background: without a majority of managers it does not come up, and what runs goes on. */
  #startManager(): void {
    this.#problem = 'it waits for a majority of the managers';
    this.#serial(async () => {
      const manager = this.#newManager();
      this.#starting = manager;
      await manager.start();
      this.#starting = undefined;
      this.#serve(manager);
      this.#problem = '';
    });
  }

  #starting: Manager | undefined;

  #serial(work: () => Promise<void>): void {
    this.#busy = this.#busy.then(work).catch((error: unknown) => {
      this.#problem = messageOf(error);
      this.#options.log.warn(`cluster: ${messageOf(error)}`);
    });
  }

  get #known(): Identity {
    if (!this.#identity) throw unavailable(NO_MANAGER);
    return this.#identity;
  }

  /** A manager to be is written down when it has its place: only then it is known whether its keys are to be locked. */
  #save(identity: Identity): void {
    this.#identity = identity;
    if (identity.role === 'worker' || identity.manager) this.#file.write(identity);
  }

  init(request: InitRequest): Promise<string> {
    return this.#alone(() => this.#init(request));
  }

  restore(backup: Backup, request: InitRequest): Promise<string> {
    return this.#alone(async () => {
      if (this.#identity) throw unavailable(ALREADY);
      const { machine } = this.#options;
      const restored = await restoredIdentity(backup, request, machine);
      await this.#setLock(restored.unlockKey);
      this.#save(restored.identity);
      return this.#begin((one) => writeBackup(one, backup, this.#known, machine));
    });
  }

  join(request: JoinRequest): Promise<void> {
    return this.#alone(() => this.#join(request));
  }

  leave(force: boolean): Promise<void> {
    return this.#alone(() => this.#leave(force));
  }

  /** Into a cluster and out of it one goes one step at a time. */
  async #alone<T>(step: () => Promise<T>): Promise<T> {
    if (this.#changing) throw unavailable('this node is joining or leaving a swarm right now');
    this.#changing = true;
    try {
      return await step();
    } finally {
      this.#changing = false;
    }
  }

  async #init(request: InitRequest): Promise<string> {
    if (this.#isLocked && request.ForceNewCluster) throw unavailable(LOCKED);
    if (this.#identity?.manager && request.ForceNewCluster) return this.#beginAlone(this.#identity);
    if (this.#identity) throw unavailable(ALREADY);
    const { machine } = this.#options;
    const made = await makeCluster(request, machine);
    await this.#setLock(made.unlockKey);
    this.#save(made.identity);
    return this.#begin((one) => firstManager(one, made, machine));
  }

  /** As the only manager; a failure leaves nothing. */
  async #begin(prepare: (manager: Manager) => Promise<void>): Promise<string> {
    try {
      const manager = this.#newManager();
      this.#starting = manager;
      await manager.start(prepare);
      this.#starting = undefined;
      this.#serve(manager);
      await manager.election.leading();
      await this.#startAgent();
    } catch (error) {
      await this.#wipe();
      throw error;
    }
    return this.#known.node;
  }

  /** The other managers are lost: this one goes on alone, with what it knows. Tasks go on meanwhile. */
  async #beginAlone(identity: Identity): Promise<string> {
    const { manager: old } = identity;
    if (!old) throw unavailable(NO_MANAGER);
    const before = this.#manager ?? this.#starting;
    this.#manager = undefined;
    await before?.stop().catch(() => undefined);
    await this.#busy;
    const members = [`${identity.node}=${old.peer}`];
    this.#save({ ...identity, managers: [identity.advertise], manager: { ...old, members, joins: false } });
    const manager = this.#newManager(true);
    this.#starting = manager;
    await manager.start((one) => forgetOthers(one, identity.node));
    this.#starting = undefined;
    this.#serve(manager);
    await manager.election.leading();
    return identity.node;
  }

  async #join(request: JoinRequest): Promise<void> {
    if (this.#identity) throw unavailable(ALREADY);
    const { machine } = this.#options;
    this.#save(await joinCluster(request, machine));
    try {
      if (this.#known.role === 'manager') await this.#becomeManager();
      await this.#startAgent();
    } catch (error) {
      await this.#wipe();
      throw error;
    }
  }

  /** Takes a place in etcd, then serves. */
  async #becomeManager(): Promise<void> {
    const place = await takePlaceInEtcd(this.#known);
    await this.#setLock(place.unlockKey);
    this.#save({ ...this.#known, manager: place.manager });
    const manager = this.#newManager();
    this.#starting = manager;
    manager.etcd.start();
    await takePlaceInEtcd(this.#known, true);
    await manager.etcd.ready();
    await manager.open();
    const { node, advertise } = this.#known;
    const peer = this.#known.manager?.peer ?? '';
    const member = (await manager.etcd.store.members()).find(({ peers }) => peers.includes(peer))?.id ?? '';
    await manager.writer.update<'nodes'>(keys.node(node), () => ({ ManagerStatus: { Addr: advertise, member, peer } }));
    this.#starting = undefined;
    this.#serve(manager);
  }

  #changeRole(role: NodeRole): void {
    this.#serial(async () => {
      if (role === 'manager' && !this.#manager) {
        this.#problem = 'it is being promoted';
        await this.#becomeManager();
      } else if (role === 'worker') {
        const manager = this.#manager;
        this.#manager = undefined;
        await manager?.stop();
        const { manager: _, ...rest } = this.#known;
        this.#save(rest);
        this.#file.removeEtcd();
      }
    });
  }

  async #leave(force: boolean): Promise<void> {
    const identity = this.#identity;
    if (!identity) throw unavailable('This node is not part of a swarm');
    if (this.#isLocked && !force) throw unavailable(LOCKED);
    if (identity.manager && !force) throw unavailable(await this.#whyNotLeave());
    if (!this.#isLocked) await this.#session?.leave();
    this.#session?.close();
    if (this.#manager && identity.manager) await this.#leaveEtcd(this.#manager, identity, identity.manager.peer);
    await this.#wipe();
  }

  /** What is left of the managers must not count this one any more; where they do not let it go in time, it goes all the same. */
  async #leaveEtcd(manager: Manager, identity: Identity, peer: string): Promise<void> {
    const { store } = manager.etcd;
    const members = await store.members().catch(() => []);
    const own = members.find(({ peers }) => peers.includes(peer));
    if (members.length < 2 || !own) return;
    await manager.writer
      .update<'nodes'>(keys.node(identity.node), ({ Spec, Status }) => ({
        Spec: { ...Spec, Role: 'worker' },
        Status: { ...Status, State: 'down' },
        ManagerStatus: undefined,
      }))
      .catch(() => undefined);
    const end = Date.now() + LEAVE_MS;
    while (Date.now() < end) {
      try {
        await store.removeMember(own.id);
        return;
      } catch (error) {
        this.#options.log.info(`cluster: etcd does not let this manager go yet: ${messageOf(error)}`);
      }
      await pause(500);
    }
  }

  async #whyNotLeave(): Promise<string> {
    const head = 'You are attempting to leave the swarm on a node that is participating as a manager. ';
    const force = 'Use `--force` to suppress this message. ';
    const managers = this.#manager?.cache.all('nodes').filter(({ ManagerStatus }) => ManagerStatus).length ?? 0;
    if (managers === 1)
      return Promise.resolve(
        `${head}Removing the last manager erases all current state of the swarm. Use \`--force\` to ignore this message. `,
      );
    const left = managers - 1;
    return Promise.resolve(
      `${head}Removing this node leaves ${left} managers out of ${managers}. Without a Raft quorum your swarm will be inaccessible. The only way to restore a swarm that has lost consensus is to reinitialize it with \`--force-new-cluster\`. ${force}`,
    );
  }

  /** This machine is in no cluster any more, and nothing of one is left on it. */
  async #wipe(): Promise<void> {
    this.#session?.close();
    this.#values?.close();
    const [agent, manager, networks] = [this.#agent, this.#manager ?? this.#starting, this.#networks];
    this.#session = undefined;
    this.#agent = undefined;
    this.#networks = undefined;
    this.#manager = undefined;
    this.#starting = undefined;
    await manager?.stop().catch(() => undefined);
    await agent?.removeAll().catch(() => undefined);
    await networks?.removeAll().catch(() => undefined);
    this.#identity = undefined;
    this.#isLocked = false;
    this.#file.setLock(undefined);
    this.#file.remove();
    await this.#options.machine.removeFiles(KEYS);
  }

  /** As `info` shows it. */
  info(): object {
    const identity = this.#identity;
    if (!identity)
      return {
        NodeID: '',
        NodeAddr: '',
        LocalNodeState: 'inactive',
        ControlAvailable: false,
        Error: '',
        RemoteManagers: null,
      };
    const cache = this.#manager?.cache;
    const nodes = cache?.all('nodes') ?? [];
    const managers = cache
      ? nodes.flatMap(({ ID, ManagerStatus }) => (ManagerStatus ? [{ NodeID: ID, Addr: ManagerStatus.Addr }] : []))
      : identity.managers.map((Addr) => ({ NodeID: '', Addr }));
    const error = this.#isLocked
      ? LOCKED
      : identity.manager && !this.#manager
        ? this.#problem
        : this.#session?.connected
          ? ''
          : (this.#session?.error ?? '');
    return {
      NodeID: identity.node,
      NodeAddr: identity.address,
      LocalNodeState: this.#isLocked ? 'locked' : 'active',
      ControlAvailable: this.#manager !== undefined,
      Error: error,
      RemoteManagers: managers,
      ...(cache
        ? {
            Nodes: nodes.length,
            Managers: managers.length,
            Cluster: { ...clusterView(cache.cluster), ID: identity.cluster },
          }
        : {}),
    };
  }

  /** Containers and tasks go on. */
  async close(): Promise<void> {
    this.#session?.close();
    this.#agent?.close();
    this.#networks?.close();
    this.#values?.close();
    const manager = this.#manager ?? this.#starting;
    this.#manager = undefined;
    await Promise.race([manager?.stop(), pause(5000)]);
    // the keys that were in memory go with the daemon
    if (this.#file.unlockKey !== undefined) await this.#options.machine.removeFiles(KEYS);
  }
}

export function clusterView(cluster: Manager['cache']['cluster']): object {
  const { ID, Version, CreatedAt, UpdatedAt, Spec, RootCA, DefaultAddrPool, SubnetSize, DataPathPort } = cluster;
  return {
    ID,
    Version,
    CreatedAt,
    UpdatedAt,
    Spec,
    TLSInfo: { TrustRoot: RootCA.certificate },
    RootRotationInProgress: false,
    DefaultAddrPool,
    SubnetSize,
    DataPathPort,
  };
}
