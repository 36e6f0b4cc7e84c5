// Verbs on keys and values: what the applications keep, and under `services/` the tasks that take connections.
import type { KeyValueChanges, KeyValueEntry, KeyValueLease, KeyValueList } from '../../spec/berth/index.ts';
import type { PutOptions } from '../kv/values.ts';
import type { WatchRequest } from '../kv/watch.ts';
import type { Cluster } from '../member/cluster.ts';

export class KeyValueControl {
  readonly #cluster: Cluster;

  constructor(cluster: Cluster) {
    this.#cluster = cluster;
  }

  get(key: string): Promise<KeyValueEntry> {
    return this.#cluster.manager.watches.get(key);
  }

  list(prefix: string): Promise<KeyValueList> {
    return this.#cluster.manager.watches.list(prefix);
  }

  async put(key: string, options: PutOptions): Promise<{ Revision: number }> {
    return { Revision: await this.#cluster.manager.values.put(key, options) };
  }

  delete(key: string, revision: number | undefined): Promise<void> {
    return this.#cluster.manager.values.delete(key, revision);
  }

  async deleteAll(prefix: string): Promise<{ Deleted: number }> {
    return { Deleted: await this.#cluster.manager.values.deleteAll(prefix) };
  }

  watch(request: WatchRequest, signal: AbortSignal): Promise<KeyValueChanges> {
    return this.#cluster.manager.watches.changes(request, signal);
  }

  grant(seconds: number | undefined): Promise<KeyValueLease> {
    return this.#cluster.manager.values.grant(seconds);
  }

  keepAlive(id: string): Promise<KeyValueLease> {
    return this.#cluster.manager.values.keepAlive(id);
  }

  revoke(id: string): Promise<void> {
    return this.#cluster.manager.values.revoke(id);
  }
}
