// Answers to who waits for changes: of keys from one watch of the store, of tasks from what this manager knows of the cluster.
import { notFound } from '../../base/errors.ts';
import type { KeyValueChange, KeyValueChanges, KeyValueEntry, KeyValueList } from '../../spec/berth/index.ts';
import { type Kind, keys, type Objects } from '../model/objects.ts';
import type { Change, KeyValueStore } from '../store/port.ts';
import { History } from './history.ts';
import { checkPrefix, isRegistry } from './key.ts';
import { registryChanges, registryOf } from './registry.ts';
import { type KeyValues, shown } from './values.ts';

const LIMITS = { changes: 4096, bytes: 16 * 1024 * 1024 };
/** The longest that an answer is held back, seconds. */
const MAX_WAIT = 300;
/** Changes of the cluster's objects that come together are looked at together, milliseconds. */
const GATHER_MS = 20;

export interface WatchRequest {
  readonly prefix: string;
  /** What the client has seen; undefined: all that there is, at once. */
  readonly since: number | undefined;
  /** Seconds. */
  readonly wait: number;
}

/** What a manager knows of the cluster. */
export interface ClusterView {
  readonly revision: number;
  all<K extends Kind>(kind: K): readonly Objects[K][];
  onChange(listener: (changes: readonly { readonly kind: Kind }[]) => void): unknown;
}

interface Source {
  readonly history: History;
  readonly list: (prefix: string) => Promise<KeyValueList>;
}

export class Watches {
  readonly #store: KeyValueStore;
  readonly #view: ClusterView;
  readonly #values: KeyValues;
  readonly #abort = new AbortController();
  readonly #keys = new History(LIMITS);
  readonly #tasks = new History(LIMITS);
  #registered: ReadonlyMap<string, KeyValueEntry> = new Map();
  #watchesKeys = false;
  #watchesTasks = false;
  #timer: NodeJS.Timeout | undefined;

  constructor(store: KeyValueStore, view: ClusterView, values: KeyValues) {
    this.#store = store;
    this.#view = view;
    this.#values = values;
  }

  /** Of tasks, as this manager knows them. */
  registered(prefix: string): KeyValueList {
    const entries = [...this.#registry().values()].filter(({ Key }) => Key.startsWith(checkPrefix(prefix)));
    return { Revision: this.#view.revision, Entries: entries };
  }

  registeredAt(key: string): KeyValueEntry {
    const entry = this.#registry().get(key);
    if (!entry) throw notFound(`key ${key} not found`);
    return entry;
  }

  /** Resolves with the first changes since then, or with none when the time is over. */
  async changes({ prefix, since, wait }: WatchRequest, signal: AbortSignal): Promise<KeyValueChanges> {
    checkPrefix(prefix);
    const over = AbortSignal.any([
      signal,
      this.#abort.signal,
      AbortSignal.timeout(Math.min(Math.max(wait, 0), MAX_WAIT) * 1000),
    ]);
    const { history, list } = this.#source(prefix);
    // what is listed now is then not before the history begins
    while (!history.isBegun && !over.aborted) await history.next(over);
    for (;;) {
      const found = since === undefined ? undefined : history.since(since, prefix);
      if (found === undefined || since === undefined) return reset(await list(prefix));
      if (found.length > 0 || over.aborted)
        return { Revision: Math.max(since, history.revision), Reset: false, Changes: found };
      await history.next(over);
    }
  }

  #source(prefix: string): Source {
    if (isRegistry(prefix)) {
      this.#watchTasks();
      return { history: this.#tasks, list: (one) => Promise.resolve(this.registered(one)) };
    }
    this.#watchKeys();
    return { history: this.#keys, list: (one) => this.#values.list(one) };
  }

  #watchKeys(): void {
    if (this.#watchesKeys) return;
    this.#watchesKeys = true;
    void (async () => {
      for await (const changes of this.#store.watch(keys.values, this.#abort.signal)) this.#take(changes);
    })();
  }

  #take(changes: readonly Change[]): void {
    const all = changes.findLast((change) => change.kind === 'all');
    if (all) this.#keys.restart(all.range.revision);
    const later = all ? changes.slice(changes.indexOf(all) + 1) : changes;
    const seen = later.flatMap((change): KeyValueChange[] => {
      if (change.kind === 'all') return [];
      if (change.kind === 'put') return [{ Kind: 'put', ...shown(change.entry) }];
      return [{ Kind: 'delete', Key: change.key.slice(keys.values.length), Revision: change.revision }];
    });
    this.#keys.add(seen, seen.at(-1)?.Revision ?? 0);
  }

  #watchTasks(): void {
    if (this.#watchesTasks) return;
    this.#watchesTasks = true;
    this.#registered = this.#registry();
    this.#tasks.restart(this.#view.revision);
    this.#view.onChange((changes) => {
      if (changes.some(({ kind }) => ['tasks', 'nodes', 'services', 'networks', 'cluster'].includes(kind)))
        this.#timer ??= setTimeout(() => this.#look(), GATHER_MS);
    });
  }

  #look(): void {
    this.#timer = undefined;
    const now = this.#registry();
    const { revision } = this.#view;
    const changes = registryChanges(this.#registered, now, revision);
    this.#registered = now;
    this.#tasks.add(changes, revision);
  }

  #registry(): Map<string, KeyValueEntry> {
    const byId = <T extends { readonly ID: string }>(all: readonly T[]): Map<string, T> =>
      new Map(all.map((one) => [one.ID, one]));
    return registryOf({
      tasks: this.#view.all('tasks'),
      services: byId(this.#view.all('services')),
      nodes: byId(this.#view.all('nodes')),
      networks: byId(this.#view.all('networks')),
    });
  }

  close(): void {
    clearTimeout(this.#timer);
    this.#abort.abort();
  }
}

function reset({ Revision, Entries }: KeyValueList): KeyValueChanges {
  return { Revision, Reset: true, Changes: Entries.map((entry) => ({ Kind: 'put', ...entry })) };
}
