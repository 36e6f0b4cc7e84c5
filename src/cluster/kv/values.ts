// Keys and values of applications over the cluster's store: guarded writes, leases. Every answer is the store's own, never a copy.
import { randomBytes } from 'node:crypto';
import { BerthError, conflict, notFound, unavailable } from '../../base/errors.ts';
import type { KeyValueEntry, KeyValueLease, KeyValueList } from '../../spec/berth/index.ts';
import { keys } from '../model/objects.ts';
import { parseJson } from '../../base/json.ts';
import { type Entry, type Guard, type KeyValueStore, MAX_WRITES, type Write } from '../store/port.ts';
import { checkKey, checkLease, checkPrefix, checkSeconds, checkValue, checkWritable } from './key.ts';

/** Of an answer that lists keys with their values, in bytes as they are kept. */
export const MAX_LISTED_BYTES = 8 * 1024 * 1024;
/** Of the store's quota: above it applications write nothing, so that the cluster still can. */
const SHARE = 0.5;

interface Kept {
  readonly schema: 1;
  /** base64 */
  readonly value: string;
  readonly lease?: string;
  /** Of the attempt that wrote it: whoever does not know whether it was heard finds it again. */
  readonly attempt: string;
}

/** A lease as it is kept beside the store's own. */
interface KeptLease {
  readonly seconds: number;
  /** The service that has it; empty for one that was asked for over the API. */
  readonly owner: string;
}

/** What of the store is needed. */
export type ValueStore = Pick<KeyValueStore, 'get' | 'list' | 'commit' | 'grant' | 'keepAlive' | 'revoke' | 'usage'>;

export interface PutOptions {
  /** base64 */
  readonly value: unknown;
  readonly lease?: string | undefined;
  /** The key's last change must be this one; 0: it must not be there. */
  readonly revision?: number | undefined;
  /** The service that asks, which has no leases but its own; absent for who may use all. */
  readonly by?: string;
}

export class KeyValues {
  readonly #store: ValueStore;

  constructor(store: ValueStore) {
    this.#store = store;
  }

  /** Throws notFound. */
  async get(key: string): Promise<KeyValueEntry> {
    const entry = await this.#store.get(keys.value(checkKey(key)));
    if (!entry) throw notFound(`key ${key} not found`);
    return shown(entry);
  }

  /** Throws tooLarge above MAX_LISTED_BYTES. */
  async list(prefix: string): Promise<KeyValueList> {
    const options = { most: MAX_LISTED_BYTES };
    const { revision, entries } = await this.#store.list(keys.value(checkPrefix(prefix)), options);
    return { Revision: revision, Entries: entries.map(shown) };
  }

  /** The revision of the change. Throws conflict where the key is another by now, notFound for a lease that has ended. */
  async put(key: string, { value, lease, revision, by }: PutOptions): Promise<number> {
    const name = keys.value(checkWritable(checkKey(key)));
    const kept: Kept = {
      schema: 1,
      value: checkValue(value),
      ...(lease === undefined ? {} : { lease: checkLease(lease) }),
      attempt: randomBytes(9).toString('base64'),
    };
    const write: Write = {
      put: name,
      value: JSON.stringify(kept),
      ...(lease === undefined ? {} : { lease }),
    };
    if (lease !== undefined) await this.#lease(lease, by);
    await this.#checkRoom();
    const written = await (revision === undefined
      ? this.#store.commit({ guards: [], writes: [write] })
      : this.#compareAndSet(write, { key: name, revision }, kept.attempt)
    ).catch((error: unknown) => {
      // the lease has ended since it was looked for
      throw lease !== undefined && isNotFound(error) ? noLease(lease) : error;
    });
    if (written !== undefined) return written;
    const now = await this.#store.get(name);
    throw conflict(
      now
        ? `key ${key} is at revision ${now.revision}, not ${revision}`
        : `key ${key} is not there, not at ${revision}`,
    );
  }

  /** Made again after a lost answer it might take the change of somebody who built on it for a refusal: whether it was heard is looked for instead. */
  async #compareAndSet(write: Write, guard: Guard, attempt: string): Promise<number | undefined> {
    try {
      return await this.#store.commit({ guards: [guard], writes: [write], once: true });
    } catch (error) {
      const now = await this.#store.get(guard.key).catch(() => undefined);
      if (now && keptOf(now).attempt === attempt) return now.revision;
      throw error;
    }
  }

  /** Throws notFound where there is none, conflict where it is another by now. */
  async delete(key: string, revision?: number): Promise<void> {
    const name = keys.value(checkWritable(checkKey(key)));
    if (!(await this.#store.get(name))) throw notFound(`key ${key} not found`);
    const guards = revision === undefined ? [] : [{ key: name, revision }];
    if ((await this.#store.commit({ guards, writes: [{ delete: name }] })) !== undefined) return;
    const now = await this.#store.get(name);
    if (now) throw conflict(`key ${key} is at revision ${now.revision}, not ${revision}`);
  }

  /** How many went; what is written meanwhile may stay. */
  async deleteAll(prefix: string): Promise<number> {
    const { entries } = await this.#store.list(keys.value(checkWritable(checkPrefix(prefix))), { keysOnly: true });
    for (let from = 0; from < entries.length; from += MAX_WRITES)
      await this.#store.commit({
        guards: [],
        writes: entries.slice(from, from + MAX_WRITES).map(({ key }) => ({ delete: key })),
      });
    return entries.length;
  }

  async grant(seconds: number | undefined, owner = ''): Promise<KeyValueLease> {
    const wanted = checkSeconds(seconds);
    await this.#checkRoom();
    const lease = await this.#store.grant(wanted);
    const kept: KeptLease = { seconds: wanted, owner };
    // leases of others, the managers' own above all, are none of an application's
    await this.#store.commit({ guards: [], writes: [{ put: keys.lease(lease), value: JSON.stringify(kept), lease }] });
    return { ID: lease, Seconds: wanted };
  }

  /** Throws notFound for one that has ended, or is another's than the service's that asks. */
  async keepAlive(id: string, by?: string): Promise<KeyValueLease> {
    const { seconds } = await this.#lease(id, by);
    if (!(await this.#store.keepAlive(id))) throw noLease(id);
    return { ID: id, Seconds: seconds };
  }

  /** All its keys go. Throws as keepAlive does. */
  async revoke(id: string, by?: string): Promise<void> {
    await this.#lease(id, by);
    await this.#store.revoke(id).catch((error: unknown) => {
      throw isNotFound(error) ? noLease(id) : error;
    });
  }

  async #lease(id: string, by: string | undefined): Promise<KeptLease> {
    const entry = await this.#store.get(keys.lease(checkLease(id)));
    const kept = entry && (parseJson(entry.value) as KeptLease);
    if (!kept || (by !== undefined && by !== kept.owner)) throw noLease(id);
    return kept;
  }

  /** Throws unavailable where applications have had their share. */
  async #checkRoom(): Promise<void> {
    const { bytes, quota } = await this.#store.usage();
    if (bytes <= quota * SHARE) return;
    throw unavailable(`the cluster keeps ${bytes} bytes, and up to ${quota * SHARE} applications may write`, {
      hint: 'Delete keys; what was there, and older values of those that are left, is gone within some minutes.',
    });
  }
}

function noLease(id: string): Error {
  return notFound(`lease ${id} not found`);
}

function isNotFound(error: unknown): boolean {
  return error instanceof BerthError && error.kind === 'notFound';
}

/** A value as this store keeps it. */
export function isReadable(text: string): boolean {
  try {
    const { value, lease } = parseJson(text) as Partial<Record<keyof Kept, unknown>>;
    return typeof value === 'string' && (lease === undefined || typeof lease === 'string');
  } catch {
    return false;
  }
}

function keptOf({ value }: Entry): Kept {
  return JSON.parse(value) as Kept;
}

export function shown(entry: Entry): KeyValueEntry {
  const { value, lease } = keptOf(entry);
  return {
    Key: entry.key.slice(keys.values.length),
    Value: value,
    Revision: entry.revision,
    ...(lease === undefined ? {} : { Lease: lease }),
  };
}
