// Verbs on nodes: list, inspect, update with promotion and demotion, remove.
import { conflict, internal, invalid, unavailable } from '../../base/errors.ts';
import type { Cluster } from '../member/cluster.ts';
import { availability, tlsInfo } from '../member/init.ts';
import { type ClusterNode, keys, type NodeSpec } from '../model/objects.ts';
import { byLabels, byPrefix, type Filters, find, known, oneOf } from './find.ts';
import { nodeShape, shaped } from './shape.ts';
import { OUT_OF_SEQUENCE } from './swarm.ts';

const FILTERS = ['id', 'label', 'membership', 'name', 'role', 'node.label'];

export class NodeControl {
  readonly #cluster: Cluster;

  constructor(cluster: Cluster) {
    this.#cluster = cluster;
  }

  list(filters: Filters): object[] {
    known(filters, FILTERS, invalid);
    return this.#cluster.manager.cache
      .all('nodes')
      .filter(
        (node) =>
          byPrefix(filters, 'id', node.ID) &&
          byPrefix(filters, 'name', node.Description.Hostname) &&
          oneOf(filters, 'role', node.Spec.Role) &&
          oneOf(filters, 'membership', 'accepted') &&
          byLabels(filters, 'node.label', node.Spec.Labels) &&
          byLabels(filters, 'label', node.Description.Engine.Labels),
      )
      .sort((a, b) => (a.CreatedAt < b.CreatedAt ? -1 : 1))
      .map((node) => this.#view(node));
  }

  inspect(reference: string): object {
    return this.#view(this.get(reference));
  }

  get(reference: string): ClusterNode {
    const id = reference === 'self' ? (this.#cluster.identity?.node ?? '') : reference;
    return find(id, {
      noun: 'node',
      all: this.#cluster.manager.cache.all('nodes'),
      id: ({ ID }) => ID,
      name: ({ Description }) => Description.Hostname,
    });
  }

  #view(node: ClusterNode): object {
    const { election, cache } = this.#cluster.manager;
    const { ID, Version, CreatedAt, UpdatedAt, Spec, Description, Status, ManagerStatus } = node;
    const { State, Message, Addr } = Status;
    return {
      ID,
      Version,
      CreatedAt,
      UpdatedAt,
      Spec,
      Description: { ...Description, TLSInfo: tlsInfo(cache.cluster.RootCA.certificate) },
      Status: { State, ...(Message ? { Message } : {}), Addr },
      ...(ManagerStatus
        ? {
            ManagerStatus: {
              ...(election.current?.node === ID ? { Leader: true } : {}),
              Reachability: State === 'down' ? 'unreachable' : 'reachable',
              Addr: ManagerStatus.Addr,
            },
          }
        : {}),
    };
  }

  async update(id: string, version: number | undefined, body: unknown): Promise<void> {
    const { writer } = this.#cluster.manager;
    if (version === undefined) throw invalid(`invalid node version '': strconv.ParseUint: parsing "": invalid syntax`);
    const spec = shaped(body, nodeShape) as Partial<NodeSpec>;
    const node = this.get(id);
    const role = (spec.Role ?? 'worker').toLowerCase();
    if (role !== 'worker' && role !== 'manager') throw invalid(`invalid Role: "${spec.Role}"`);
    if (role === 'worker' && node.ManagerStatus) this.#checkDemotion();
    let stale = false;
    await writer.update<'nodes'>(keys.node(node.ID), ({ Version }) => {
      stale = Version.Index !== version;
      if (stale) return undefined;
      return {
        Spec: {
          ...(spec.Name ? { Name: spec.Name } : {}),
          Labels: spec.Labels ?? {},
          Role: role,
          Availability: availability(spec.Availability),
        },
      };
    });
    if (stale) throw internal(OUT_OF_SEQUENCE);
  }

  #checkDemotion(): void {
    const managers = this.#cluster.manager.cache
      .all('nodes')
      .filter(({ ManagerStatus, Spec }) => ManagerStatus && Spec.Role === 'manager');
    if (managers.length === 1)
      throw unavailable(
        'rpc error: code = FailedPrecondition desc = attempting to demote the last manager of the swarm',
      );
  }

  async remove(id: string, force: boolean): Promise<void> {
    const { writer, cache } = this.#cluster.manager;
    const node = this.get(id);
    if (node.ManagerStatus)
      throw conflict(
        `rpc error: code = FailedPrecondition desc = node ${node.ID} is a cluster manager and is a member of the raft cluster. It must be demoted to worker before removal`,
      );
    if (node.Status.State !== 'down' && !force)
      throw conflict(`rpc error: code = FailedPrecondition desc = node ${node.ID} is not down and can't be removed`);
    const orphans = cache.all('tasks').filter(({ NodeID }) => NodeID === node.ID);
    await writer.remove([keys.node(node.ID)]);
    for (const task of orphans)
      await writer.update<'tasks'>(task.key, ({ Status }) => ({
        Status: { ...Status, State: 'orphaned', Err: 'its node was removed' },
      }));
  }
}
