// What the handlers of the protocol work with, and the rights that they ask about.
import type { Exchange } from '../../http/index.ts';
import type { Log } from '../../base/log.ts';
import type { Catalog } from '../metadata/index.ts';
import type { BlobDigest, Reference } from '../model/index.ts';
import type { Storage } from '../storage/index.ts';
import type { ManifestCache } from './manifest-cache.ts';

export type Action = 'pull' | 'push' | 'delete';

/** Who asks, as far as the protocol wants to know. */
export interface Caller {
  /** For the records; '' for somebody unknown. */
  readonly name: string;
  /** From where it asks. */
  readonly address: string;
  may(repository: string, action: Action): boolean;
}

/** Says no by throwing: a tag that is not to be moved, a quota. */
export interface PushRules {
  checkTag(repository: string, tag: string, before: string | undefined, digest: string): void;
  checkSize(repository: string, bytes: number): void;
}

export interface RegistryLimits {
  readonly manifestBytes: number;
  readonly blobBytes: number;
}

export interface ActionRecord {
  readonly action: 'push' | 'pull' | 'delete' | 'mount';
  readonly repository: string;
  readonly what: string;
  /** Of the manifest that was pushed. */
  readonly digest?: string;
  readonly mediaType?: string;
  readonly size?: number;
}

/** Brings what is not here from where a name leads. */
export interface PullThrough {
  /** Answers why what is here may be old. */
  bringManifest(repository: string, reference: Reference): Promise<string | undefined>;
  bringBlob(repository: string, digest: BlobDigest): Promise<void>;
}

export interface Registry {
  readonly storage: Storage;
  readonly catalog: Catalog;
  /** Resolves when the catalog holds what the storage holds. */
  readonly indexed: Promise<void>;
  readonly manifests: ManifestCache;
  readonly mirror: PullThrough;
  readonly limits: RegistryLimits;
  readonly rules: PushRules;
  /** Deletion is allowed at all. */
  readonly deletes: boolean;
  readonly log: Log;
  record(caller: Caller, record: ActionRecord): void;
}

export interface Call {
  readonly registry: Registry;
  readonly exchange: Exchange;
  readonly caller: Caller;
}
