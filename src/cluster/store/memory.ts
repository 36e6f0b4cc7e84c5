// The store in this process's memory: for tests and simulations, with etcd's rules.
import { conflict } from '../../base/errors.ts';
import type { Change, Entry, KeyValueStore, Range, Transaction } from './port.ts';

interface Version {
  readonly revision: number;
  /** Absent: deleted at this revision. */
  readonly entry?: Entry;
}

interface Watcher {
  readonly prefix: string;
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

  get(key: string): Promise<Entry | undefined> {
    return Promise.resolve(this.#keys.get(key)?.at(-1)?.entry);
  }

  list(prefix: string, at?: number): Promise<Range> {
    if (at !== undefined && at < this.#compacted)
      return Promise.reject(conflict('required revision has been compacted'));
    return Promise.resolve(this.#range(prefix, at ?? this.#revision));
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

  async *watch(prefix: string, signal: AbortSignal): AsyncIterable<readonly Change[]> {
    const watcher: Watcher = { prefix, pending: [], wake: () => undefined };
    const aborted = (): void => watcher.wake();
    signal.addEventListener('abort', aborted);
    this.#watchers.add(watcher);
    try {
      watcher.pending.push([{ kind: 'all', range: this.#range(prefix, this.#revision) }]);
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

  /** Forgets history, and puts all watches out of their place as a compaction puts those that are behind. */
  compact(): void {
    this.#compacted = this.#revision;
    for (const [key, versions] of this.#keys) {
      const last = versions.at(-1);
      if (last?.entry) this.#keys.set(key, [last]);
      else this.#keys.delete(key);
    }
    for (const watcher of this.#watchers) {
      watcher.pending.splice(0, watcher.pending.length, [
        { kind: 'all', range: this.#range(watcher.prefix, this.#revision) },
      ]);
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

function keyOf(change: Change): string | undefined {
  if (change.kind === 'all') return undefined;
  return change.kind === 'put' ? change.entry.key : change.key;
}
