// The store in this process's memory: for tests and simulations, with etcd's rules.
import { conflict, notFound } from '../../base/errors.ts';
import {
  type Change,
  type Entry,
  type KeyValueStore,
  type ListOptions,
  QUOTA_BYTES,
  type Range,
  tooMuch,
  type Transaction,
  type Usage,
  type WatchFrom,
} from './port.ts';

interface Version {
  readonly revision: number;
  /** Absent: deleted at this revision. */
  readonly entry?: Entry;
}

interface Watcher {
  readonly prefix: string;
  readonly from: WatchFrom;
  readonly pending: Change[][];
  wake: () => void;
}

interface Lease {
  readonly seconds: number;
  readonly keys: Set<string>;
  timer: NodeJS.Timeout;
}

export class MemoryStore implements KeyValueStore {
  /** Of each key its versions, oldest first. */
  readonly #keys = new Map<string, Version[]>();
  readonly #watchers = new Set<Watcher>();
  readonly #leases = new Map<string, Lease>();
  #revision = 1;
  #compacted = 0;
  #leaseCount = 0;
  readonly #quota: number;

  /** `quota` in bytes; nothing is refused by this store. */
  constructor(quota = QUOTA_BYTES) {
    this.#quota = quota;
  }

  get(key: string): Promise<Entry | undefined> {
    return Promise.resolve(this.#keys.get(key)?.at(-1)?.entry);
  }

  list(prefix: string, { at, most, keysOnly = false }: ListOptions = {}): Promise<Range> {
    if (at !== undefined && at < this.#compacted)
      return Promise.reject(conflict('required revision has been compacted'));
    const { revision, entries } = this.#range(prefix, at ?? this.#revision);
    const found = keysOnly ? entries.map((entry) => ({ ...entry, value: '' })) : entries;
    if (most !== undefined && bytesOf(found) > most) return Promise.reject(tooMuch(most));
    return Promise.resolve({ revision, entries: found });
  }

  revision(): Promise<number> {
    return Promise.resolve(this.#revision);
  }

  usage(): Promise<Usage> {
    const entries = [...this.#keys.values()].flatMap((versions) => versions.at(-1)?.entry ?? []);
    return Promise.resolve({ bytes: bytesOf(entries), quota: this.#quota });
  }

  #range(prefix: string, at: number): Range {
    const entries = [...this.#keys]
      .filter(([key]) => key.startsWith(prefix))
      .flatMap(([, versions]) => versions.findLast(({ revision }) => revision <= at)?.entry ?? []);
    entries.sort((a, b) => Buffer.compare(Buffer.from(a.key), Buffer.from(b.key)));
    return { revision: at, entries };
  }

  commit({ guards, writes }: Transaction): Promise<number | undefined> {
    const holds = guards.every(({ key, revision }) => (this.#keys.get(key)?.at(-1)?.entry?.revision ?? 0) === revision);
    if (!holds) return Promise.resolve(undefined);
    const leases = writes.flatMap((write) => ('put' in write && write.lease !== undefined ? [write.lease] : []));
    if (leases.some((lease) => !this.#leases.has(lease))) return Promise.reject(notFound('requested lease not found'));
    const revision = this.#revision + 1;
    const changes: Change[] = [];
    for (const write of writes) {
      const key = 'put' in write ? write.put : write.delete;
      const versions = this.#keys.get(key) ?? [];
      if ('delete' in write && versions.at(-1)?.entry === undefined) continue;
      this.#keys.set(key, versions);
      if ('put' in write) {
        const entry = { key, value: write.value, revision };
        versions.push({ revision, entry });
        for (const lease of this.#leases.values()) lease.keys.delete(key);
        if (write.lease !== undefined) this.#leases.get(write.lease)?.keys.add(key);
        changes.push({ kind: 'put', entry });
      } else {
        versions.push({ revision });
        changes.push({ kind: 'delete', key, revision });
      }
    }
    if (changes.length > 0) this.#revision = revision;
    this.#publish(changes);
    return Promise.resolve(this.#revision);
  }

  #publish(changes: readonly Change[]): void {
    for (const watcher of this.#watchers) {
      const seen = changes.filter((change) => keyOf(change)?.startsWith(watcher.prefix));
      if (seen.length === 0) continue;
      watcher.pending.push(seen);
      watcher.wake();
    }
  }

  async *watch(prefix: string, signal: AbortSignal, from: WatchFrom = 'all'): AsyncIterable<readonly Change[]> {
    const watcher: Watcher = { prefix, from, pending: [], wake: () => undefined };
    const aborted = (): void => watcher.wake();
    signal.addEventListener('abort', aborted);
    this.#watchers.add(watcher);
    try {
      watcher.pending.push(this.#beginning(watcher));
      while (!signal.aborted) {
        const next = watcher.pending.shift();
        if (next) yield next;
        else await new Promise<void>((resolve) => (watcher.wake = resolve));
      }
    } finally {
      signal.removeEventListener('abort', aborted);
      this.#watchers.delete(watcher);
    }
  }

  #beginning({ prefix, from }: Watcher): Change[] {
    const range = from === 'all' ? this.#range(prefix, this.#revision) : { revision: this.#revision, entries: [] };
    return [{ kind: 'all', range }];
  }

  /** Forgets history, and puts all watches out of their place as a compaction puts those that are behind. */
  compact(): void {
    this.#compacted = this.#revision;
    for (const [key, versions] of this.#keys) {
      const last = versions.at(-1);
      if (last?.entry) this.#keys.set(key, [last]);
      else this.#keys.delete(key);
    }
    for (const watcher of this.#watchers) {
      watcher.pending.splice(0, watcher.pending.length, this.#beginning(watcher));
      watcher.wake();
    }
  }

  grant(seconds: number): Promise<string> {
    this.#leaseCount += 1;
    const id = String(this.#leaseCount);
    this.#leases.set(id, { seconds, keys: new Set(), timer: this.#expiry(id, seconds) });
    return Promise.resolve(id);
  }

  #expiry(id: string, seconds: number): NodeJS.Timeout {
    return setTimeout(() => void this.revoke(id), seconds * 1000).unref();
  }

  keepAlive(id: string): Promise<boolean> {
    const lease = this.#leases.get(id);
    if (!lease) return Promise.resolve(false);
    clearTimeout(lease.timer);
    lease.timer = this.#expiry(id, lease.seconds);
    return Promise.resolve(true);
  }

  async revoke(id: string): Promise<void> {
    const lease = this.#leases.get(id);
    if (!lease) return;
    clearTimeout(lease.timer);
    this.#leases.delete(id);
    await this.commit({ guards: [], writes: [...lease.keys].map((key) => ({ delete: key })) });
  }

  close(): void {
    for (const { timer } of this.#leases.values()) clearTimeout(timer);
  }
}

function bytesOf(entries: readonly Entry[]): number {
  return entries.reduce((sum, { key, value }) => sum + key.length + value.length, 0);
}

function keyOf(change: Change): string | undefined {
  if (change.kind === 'all') return undefined;
  return change.kind === 'put' ? change.entry.key : change.key;
}
