// What a cluster asks of its memory: keys with revisions, guarded transactions, a watch, leases. etcd gives it; so does a map, for tests.

export interface Entry {
  readonly key: string;
  readonly value: string;
  /** Of the last change: what a guard names. */
  readonly revision: number;
}

export interface Range {
  /** The state of the whole store that the entries are of. */
  readonly revision: number;
  readonly entries: readonly Entry[];
}

/** The key's last change must be this one; 0: the key must not be there. */
export interface Guard {
  readonly key: string;
  readonly revision: number;
}

export type Write =
  | { readonly put: string; readonly value: string /** The key goes when the lease ends. */; readonly lease?: string }
  | { readonly delete: string };

export interface Transaction {
  readonly guards: readonly Guard[];
  readonly writes: readonly Write[];
  /** For who must know whether it was this very attempt that was written: one whose answer is lost is not made again. */
  readonly once?: boolean;
}

/** Operations of one transaction; etcd is told so. */
export const MAX_WRITES = 128;

export type Change =
  | { readonly kind: 'put'; readonly entry: Entry }
  | { readonly kind: 'delete'; readonly key: string; readonly revision: number }
  /** The watch lost its place; what is there now follows, and replaces all that was known. */
  | { readonly kind: 'all'; readonly range: Range };

export interface KeyValueStore {
  get(key: string): Promise<Entry | undefined>;
  /** Keys that begin with the prefix, in order. `at` names an older revision; a compacted one is refused. */
  list(prefix: string, at?: number): Promise<Range>;
  /** The new revision; undefined when a guard did not hold, and then nothing was written. */
  commit(transaction: Transaction): Promise<number | undefined>;
  /** First everything (`all`), then each change in order, batched by revision; ends with the signal only. It survives compaction and lost connections. */
  watch(prefix: string, signal: AbortSignal): AsyncIterable<readonly Change[]>;
  /** A lease that ends after so many seconds without `keepAlive`. */
  grant(seconds: number): Promise<string>;
  /** False when the lease has ended. */
  keepAlive(lease: string): Promise<boolean>;
  revoke(lease: string): Promise<void>;
  close(): void;
}
