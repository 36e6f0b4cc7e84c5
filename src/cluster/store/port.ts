// What a cluster asks of its memory: keys with revisions, guarded transactions, a watch, leases. etcd gives it; so does a map, for tests.

import { tooLarge } from '../../base/errors.ts';

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
/** Bytes that a store keeps; etcd is told so, and refuses every write above it. */
export const QUOTA_BYTES = 2 * 1024 * 1024 * 1024;

export function tooMuch(most: number): Error {
  return tooLarge(`there is more than ${most} bytes of it: name a longer prefix`);
}

export type Change =
  | { readonly kind: 'put'; readonly entry: Entry }
  | { readonly kind: 'delete'; readonly key: string; readonly revision: number }
  /** The watch lost its place; what is there now follows, and replaces all that was known. */
  | { readonly kind: 'all'; readonly range: Range };

export interface ListOptions {
  /** An older revision; a compacted one is refused. */
  readonly at?: number;
  /** Bytes of keys and values: where there are more, tooLarge is thrown before they are all here. */
  readonly most?: number;
  /** Values are left empty. */
  readonly keysOnly?: boolean;
}

/** Where a watch begins: with all that is there, or, with an `all` of no entries, at the store's revision of that moment. */
export type WatchFrom = 'all' | 'now';

export interface Usage {
  readonly bytes: number;
  /** Above it nothing is written any more, whoever asks. */
  readonly quota: number;
}

export interface KeyValueStore {
  get(key: string): Promise<Entry | undefined>;
  /** Keys that begin with the prefix, in order. */
  list(prefix: string, options?: ListOptions): Promise<Range>;
  /** The state of the whole store. */
  revision(): Promise<number>;
  /** The new revision; undefined when a guard did not hold, and then nothing was written. Throws notFound for a lease that has ended. */
  commit(transaction: Transaction): Promise<number | undefined>;
  /** First an `all`, then each change in order, batched by revision; ends with the signal only. It survives compaction and lost connections. */
  watch(prefix: string, signal: AbortSignal, from?: WatchFrom): AsyncIterable<readonly Change[]>;
  /** As it was a moment ago. */
  usage(): Promise<Usage>;
  /** A lease that ends after so many seconds without `keepAlive`. */
  grant(seconds: number): Promise<string>;
  /** False when the lease has ended. */
  keepAlive(lease: string): Promise<boolean>;
  revoke(lease: string): Promise<void>;
  close(): void;
}
