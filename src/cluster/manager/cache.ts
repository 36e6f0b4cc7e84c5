// A manager's copy of all objects, kept by one watch; what loops and the API read.
import { setTimeout as pause } from 'node:timers/promises';
import { unavailable } from '../../base/errors.ts';
import {
  type Kind,
  KINDS,
  keys,
  kindOf,
  type Meta,
  type Objects,
  SCHEMA,
  stateOrder,
  type Task,
} from '../model/objects.ts';
import type { Change, Entry, KeyValueStore } from '../store/port.ts';

/** As it lies in the store: all but what the store itself knows. */
export type Stored<T extends Meta> = Omit<T, 'Version'>;

interface Envelope {
  readonly schema: number;
  readonly object: Omit<Meta, 'Version'>;
}

export type Held<T> = T & { readonly key: string };

type Tables = { readonly [K in Kind]: Map<string, Held<Objects[K]>> };

/** How long a reader waits for its own write to come back, milliseconds. */
const CATCH_UP_MS = 3000;

export class Cache {
  readonly #tables: Tables = {
    cluster: new Map(),
    nodes: new Map(),
    services: new Map(),
    tasks: new Map(),
    secrets: new Map(),
    configs: new Map(),
    networks: new Map(),
    attachments: new Map(),
  };
  /** Tasks by service and by node, and those that have no place yet. */
  readonly #ofService = new Index();
  readonly #onNode = new Index();
  readonly #unplaced = new Set<string>();
  readonly #listeners = new Set<(changes: readonly CacheChange[]) => void>();
  readonly #abort = new AbortController();
  readonly #store: KeyValueStore;
  #revision = 0;
  #opened: Promise<void> | undefined;

  constructor(store: KeyValueStore) {
    this.#store = store;
  }

  /** Resolves when everything is there. */
  open(): Promise<void> {
    return (this.#opened ??= this.#open());
  }

  async #open(): Promise<void> {
    let filled = (): void => undefined;
    const ready = new Promise<void>((resolve) => (filled = resolve));
    void (async () => {
      for await (const changes of this.#store.watch(keys.root, this.#abort.signal)) {
        const seen = changes.flatMap((change) => this.#apply(change));
        filled();
        for (const listener of this.#listeners) listener(seen);
      }
    })();
    await ready;
  }

  get revision(): number {
    return this.#revision;
  }

  /** Called after each batch of changes. */
  onChange(listener: (changes: readonly CacheChange[]) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  all<K extends Kind>(kind: K): Held<Objects[K]>[] {
    return [...this.#tables[kind].values()];
  }

  tasksOf(service: string): readonly Held<Task>[] {
    return this.#ofService.of(service);
  }

  tasksOn(node: string): readonly Held<Task>[] {
    return this.#onNode.of(node);
  }

  /** Services of which there are tasks, some of which may be gone. */
  get servicesWithTasks(): Iterable<string> {
    return this.#ofService.keys();
  }

  /** Tasks that wait for a node. */
  get unplaced(): ReadonlySet<string> {
    return this.#unplaced;
  }

  get<K extends Kind>(kind: K, id: string): Held<Objects[K]> | undefined {
    return this.#tables[kind].get(id);
  }

  get cluster(): Held<Objects['cluster']> {
    const [cluster] = this.#tables.cluster.values();
    if (!cluster) throw unavailable('the cluster has no record of itself');
    return cluster;
  }

  /** Until the watch has brought this revision: one reads what one wrote. */
  async reached(revision: number): Promise<void> {
    const end = Date.now() + CATCH_UP_MS;
    while (this.#revision < revision && Date.now() < end) await pause(5);
  }

  close(): void {
    this.#abort.abort();
    this.#listeners.clear();
  }

  #apply(change: Change): CacheChange[] {
    if (change.kind === 'all') {
      const before = new Map(
        KINDS.flatMap((kind) => [...this.#tables[kind]].map(([id, one]) => [`${kind} ${id}`, one])),
      );
      const isFirst = this.#revision === 0;
      for (const kind of KINDS) this.#tables[kind].clear();
      for (const index of [this.#ofService, this.#onNode, this.#unplaced]) index.clear();
      this.#revision = change.range.revision;
      const all = change.range.entries
        .flatMap((entry) => this.#put(entry))
        .map((one): CacheChange => {
          const old = before.get(`${one.kind} ${one.id}`);
          before.delete(`${one.kind} ${one.id}`);
          const isSame = old?.Version.Index === this.#tables[one.kind].get(one.id)?.Version.Index;
          return { ...one, before: old, isOld: isFirst || isSame };
        });
      const gone = [...before].map(([name, old]): CacheChange => {
        const [kind, id] = name.split(' ') as [Kind, string];
        return { kind, id, gone: true, before: old };
      });
      return [...all, ...gone, { kind: 'cluster', id: '', gone: false, relisted: true, isOld: true }];
    }
    if (change.kind === 'put') {
      this.#revision = Math.max(this.#revision, change.entry.revision);
      return this.#put(change.entry);
    }
    this.#revision = Math.max(this.#revision, change.revision);
    const kind = kindOf(change.key);
    const id = change.key.split('/').at(-1) ?? '';
    const old = kind === 'tasks' ? this.#tables.tasks.get(id) : undefined;
    const before = kind && this.#tables[kind].get(id);
    if (!kind || !this.#tables[kind].delete(id)) return [];
    if (!old) return [{ kind, id, gone: true, before }];
    this.#ofService.delete(old.ServiceID, id);
    this.#onNode.delete(old.NodeID, id);
    this.#unplaced.delete(id);
    return [{ kind, id, gone: true, service: old.ServiceID, node: old.NodeID }];
  }

  #put(entry: Entry): CacheChange[] {
    const kind = kindOf(entry.key);
    if (!kind) return [];
    const object = decode<Objects[typeof kind]>(entry);
    const before = this.#tables[kind].get(object.ID);
    (this.#tables[kind] as Map<string, Meta>).set(object.ID, object);
    if (kind !== 'tasks') return [{ kind, id: object.ID, gone: false, before }];
    const task = object as Held<Task>;
    this.#ofService.put(task.ServiceID, task);
    this.#onNode.put(task.NodeID, task);
    if (stateOrder(task.Status.State) < stateOrder('assigned')) this.#unplaced.add(task.ID);
    else this.#unplaced.delete(task.ID);
    return [{ kind, id: task.ID, gone: false, service: task.ServiceID, node: task.NodeID }];
  }
}

export interface CacheChange {
  readonly kind: Kind;
  readonly id: string;
  readonly gone: boolean;
  /** Of tasks. */
  readonly service?: string | undefined;
  readonly node?: string | undefined;
  /** Everything was read anew: what is not named may be gone. */
  readonly relisted?: true;
  /** As it was; absent for what is new, or was not known to this manager before. */
  readonly before?: Meta | undefined;
  /** It was there when this manager began to look, or did not change while it did not. */
  readonly isOld?: boolean;
}

/** Tasks by a key that never changes once a task has it. */
class Index {
  readonly #groups = new Map<string, Map<string, Held<Task>>>();

  of(key: string): readonly Held<Task>[] {
    return [...(this.#groups.get(key)?.values() ?? [])];
  }

  keys(): Iterable<string> {
    return this.#groups.keys();
  }

  put(key: string | undefined, task: Held<Task>): void {
    if (key === undefined) return;
    const group = this.#groups.get(key);
    if (group) group.set(task.ID, task);
    else this.#groups.set(key, new Map([[task.ID, task]]));
  }

  delete(key: string | undefined, id: string): void {
    if (key === undefined) return;
    const group = this.#groups.get(key);
    group?.delete(id);
    if (group?.size === 0) this.#groups.delete(key);
  }

  clear(): void {
    this.#groups.clear();
  }
}

export function decode<T extends Meta>(entry: Entry): Held<T> {
  const { schema, object } = JSON.parse(entry.value) as Envelope;
  if (schema > SCHEMA)
    throw unavailable(`${entry.key} was written by a newer version of the cluster (schema ${schema})`);
  return { ...object, Version: { Index: entry.revision }, key: entry.key } as unknown as Held<T>;
}

export function encode<T extends Meta>(object: Stored<T>): string {
  const { key: _, Version: __, ...kept } = object as Stored<T> & { key?: string; Version?: unknown };
  return JSON.stringify({ schema: SCHEMA, object: kept });
}
