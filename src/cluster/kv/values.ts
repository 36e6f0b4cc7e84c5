// Keys and values of applications over the cluster's store: guarded writes, leases. Every answer is the store's own, never a copy.
import { randomBytes } from 'node:crypto';
import { conflict, notFound } from '../../base/errors.ts';
import type { KeyValueEntry, KeyValueLease, KeyValueList } from '../../spec/berth/index.ts';
import { keys } from '../model/objects.ts';
import { type Entry, type Guard, type KeyValueStore, MAX_WRITES, type Write } from '../store/port.ts';
import { checkKey, checkLease, checkPrefix, checkSeconds, checkValue, checkWritable } from './key.ts';

interface Kept {
  readonly schema: 1;
  /** base64 */
  readonly value: string;
  readonly lease?: string;
  /** Of the attempt that wrote it: whoever does not know whether it was heard finds it again. */
  readonly attempt: string;
}

/** What of the store is needed. */
export type ValueStore = Pick<KeyValueStore, 'get' | 'list' | 'commit' | 'grant' | 'keepAlive' | 'revoke'>;

export interface PutOptions {
  /** base64 */
  readonly value: unknown;
  readonly lease?: string | undefined;
  /** The key's last change must be this one; 0: it must not be there. */
  readonly revision?: number | undefined;
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

  async list(prefix: string): Promise<KeyValueList> {
    const { revision, entries } = await this.#store.list(keys.value(checkPrefix(prefix)));
    return { Revision: revision, Entries: entries.map(shown) };
  }

  /** The revision of the change. Throws conflict where the key is another by now, notFound for a lease that has ended. */
  async put(key: string, { value, lease, revision }: PutOptions): Promise<number> {
    const name = keys.value(checkWritable(key));
    const kept: Kept = {
      schema: 1,
      value: checkValue(value),
      ...(lease === undefined ? {} : { lease: checkLease(lease) }),
      attempt: randomBytes(9).toString('base64'),
    };
    const write: Write = {
      put: name,
      value: JSON.stringify(kept),
      ...(lease === undefined ? {} : { lease: await this.#lease(lease) }),
    };
    const written =
      revision === undefined
        ? await this.#store.commit({ guards: [], writes: [write] })
        : await this.#compareAndSet(write, { key: name, revision }, kept.attempt);
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
    const name = keys.value(checkWritable(key));
    const entry = await this.#store.get(name);
    if (!entry) throw notFound(`key ${key} not found`);
    const expected = revision ?? entry.revision;
    const guards = revision === undefined ? [] : [{ key: name, revision: expected }];
    if ((await this.#store.commit({ guards, writes: [{ delete: name }] })) !== undefined) return;
    const now = await this.#store.get(name);
    if (now) throw conflict(`key ${key} is at revision ${now.revision}, not ${expected}`);
  }

  /** How many went; what is written meanwhile may stay. */
  async deleteAll(prefix: string): Promise<number> {
    checkWritable(prefix === '' ? 'all' : prefix.replace(/\/$/, '/all'));
    const { entries } = await this.#store.list(keys.value(checkPrefix(prefix)));
    for (let from = 0; from < entries.length; from += MAX_WRITES)
      await this.#store.commit({
        guards: [],
        writes: entries.slice(from, from + MAX_WRITES).map(({ key }) => ({ delete: key })),
      });
    return entries.length;
  }

  async grant(seconds: number | undefined): Promise<KeyValueLease> {
    const wanted = checkSeconds(seconds);
    const lease = await this.#store.grant(wanted);
    // leases of others, the managers' own above all, are none of an application's
    await this.#store.commit({ guards: [], writes: [{ put: keys.lease(lease), value: String(wanted), lease }] });
    return { ID: lease, Seconds: wanted };
  }

  /** Throws notFound for one that has ended. */
  async keepAlive(id: string): Promise<KeyValueLease> {
    const lease = await this.#lease(id);
    const entry = await this.#store.get(keys.lease(lease));
    if (!entry || !(await this.#store.keepAlive(lease))) throw notFound(`lease ${id} not found`);
    return { ID: lease, Seconds: Number(entry.value) };
  }

  /** All its keys go. */
  async revoke(id: string): Promise<void> {
    await this.#store.revoke(await this.#lease(id));
  }

  async #lease(id: string): Promise<string> {
    if (await this.#store.get(keys.lease(checkLease(id)))) return id;
    throw notFound(`lease ${id} not found`);
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
