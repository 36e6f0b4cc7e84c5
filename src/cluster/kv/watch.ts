// Answers to who waits for changes: of keys from one watch of the store, of tasks from what this manager knows of the cluster.
import { messageOf, notFound } from '../../base/errors.ts';
import type { Log } from '../../base/log.ts';
import type { KeyValueChange, KeyValueChanges, KeyValueEntry, KeyValueList } from '../../spec/berth/index.ts';
import { type Kind, keys, type Objects, type Task } from '../model/objects.ts';
import type { Change, KeyValueStore } from '../store/port.ts';
import { History } from './history.ts';
import { checkKey, checkPrefix, isRegistry } from './key.ts';
import { registeredEntry, registryChanges, type RegistryInput, registryOf } from './registry.ts';
import { type KeyValues, shown } from './values.ts';

const LIMITS = { changes: 4096, bytes: 16 * 1024 * 1024 };
/** How long an answer is held back where nobody says, and at most; seconds. */
const WAIT = { usual: 30, most: 300 } as const;
/** Changes of the cluster's objects that come together are looked at together, milliseconds. */
const GATHER_MS = 20;

export interface WatchRequest {
  readonly prefix: string;
  /** What the client has seen; undefined: all that there is, at once. */
  readonly since?: number | undefined;
  /** Seconds. */
  readonly wait?: number | undefined;
}

/** What a manager knows of the cluster. */
export interface ClusterView {
  readonly revision: number;
  all<K extends Kind>(kind: K): readonly Objects[K][];
  get<K extends Kind>(kind: K, id: string): Objects[K] | undefined;
  onChange(listener: (changes: readonly { readonly kind: Kind }[]) => void): unknown;
}

/** What of the store is needed. */
export type WatchedStore = Pick<KeyValueStore, 'watch' | 'revision'>;

/** What a task's entry in the registry is made of besides the task; `cluster` when everything was read anew. */
const MADE_OF: ReadonlySet<Kind> = new Set(['nodes', 'services', 'networks', 'cluster']);

export class Watches {
  readonly #store: WatchedStore;
  readonly #view: ClusterView;
  readonly #values: KeyValues;
  readonly #abort = new AbortController();
  readonly #log: Log;
  readonly #keys = new History(LIMITS);
  readonly #tasks = new History(LIMITS);
  readonly #input: RegistryInput;
  #entries = new WeakMap<Task, { readonly entry: KeyValueEntry | undefined }>();
  #registered: ReadonlyMap<string, KeyValueEntry> = new Map();
  #watchesKeys = false;
  #watchesTasks = false;
  #timer: NodeJS.Timeout | undefined;

  constructor(store: WatchedStore, view: ClusterView, values: KeyValues, log: Log) {
    this.#store = store;
    this.#view = view;
    this.#values = values;
    this.#log = log;
    this.#input = {
      services: { get: (id) => view.get('services', id) },
      nodes: { get: (id) => view.get('nodes', id) },
      networks: { get: (id) => view.get('networks', id) },
    };
    view.onChange((changes) => {
      // of these each entry has something
      if (changes.some(({ kind }) => MADE_OF.has(kind))) this.#entries = new WeakMap();
    });
  }

  /** Changes of keys are remembered from now on; else from when the first asks for them. */
  open(): void {
    this.#watchKeys();
  }

  /** What is kept at the key, or registered. Throws notFound. */
  async get(key: string): Promise<KeyValueEntry> {
    return isRegistry(checkKey(key)) ? this.#registeredAt(key) : this.#values.get(key);
  }

  async list(prefix: string): Promise<KeyValueList> {
    return isRegistry(checkPrefix(prefix)) ? this.#registeredUnder(prefix) : this.#values.list(prefix);
  }

  /** Of tasks, as this manager knows them. */
  #registeredUnder(prefix: string): KeyValueList {
    const entries = [...this.#registry().values()].filter(({ Key }) => Key.startsWith(prefix));
    return { Revision: this.#view.revision, Entries: entries };
  }

  #registeredAt(key: string): KeyValueEntry {
    const task = this.#view.get('tasks', key.split('/').at(-1) ?? '');
    const entry = task && this.#entryOf(task);
    if (entry?.Key !== key) throw notFound(`key ${key} not found`);
    return entry;
  }

  /** Resolves with the first changes since then, or with none when the time is over. */
  async changes({ prefix, since, wait = WAIT.usual }: WatchRequest, signal: AbortSignal): Promise<KeyValueChanges> {
    checkPrefix(prefix);
    const over = AbortSignal.any([
      signal,
      this.#abort.signal,
      AbortSignal.timeout(Math.min(Math.max(wait, 0), WAIT.most) * 1000),
    ]);
    const history = this.#historyOf(prefix);
    // what is listed now is then not before the history begins
    while (!history.isBegun && !over.aborted) await history.next(over);
    const isKnown = since !== undefined && (since <= history.revision || since <= (await this.#store.revision()));
    for (;;) {
      // of a revision that the store is not at yet: it was begun anew from a backup
      const found = isKnown ? history.since(since, prefix) : undefined;
      if (found === undefined || since === undefined) return reset(await this.list(prefix));
      if (found.length > 0 || over.aborted)
        return { Revision: Math.max(since, history.revision), Reset: false, Changes: found };
      await history.next(over);
    }
  }

  #historyOf(prefix: string): History {
    if (isRegistry(prefix)) {
      this.#watchTasks();
      return this.#tasks;
    }
    this.#watchKeys();
    return this.#keys;
  }

  #watchKeys(): void {
    if (this.#watchesKeys) return;
    this.#watchesKeys = true;
    void (async () => {
      for await (const changes of this.#store.watch(keys.values, this.#abort.signal, 'now')) this.#take(changes);
    })().catch((error: unknown) => {
      // whoever asks next begins it anew
      this.#watchesKeys = false;
      this.#log.warn(`cluster: keys are watched no more: ${messageOf(error)}`);
    });
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
      if (changes.some(({ kind }) => kind === 'tasks' || MADE_OF.has(kind)))
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
    return registryOf(this.#view.all('tasks'), (task) => this.#entryOf(task));
  }

  /** Objects are never changed, only exchanged: what was made of a task holds until something else that it is made of changes. */
  #entryOf(task: Task): KeyValueEntry | undefined {
    const known = this.#entries.get(task);
    if (known) return known.entry;
    const entry = registeredEntry(task, this.#input);
    this.#entries.set(task, { entry });
    return entry;
  }

  close(): void {
    clearTimeout(this.#timer);
    this.#abort.abort();
  }
}

function reset({ Revision, Entries }: KeyValueList): KeyValueChanges {
  return { Revision, Reset: true, Changes: Entries.map((entry) => ({ Kind: 'put', ...entry })) };
}
